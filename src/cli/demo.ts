/** `vambrace demo`: the incident, in two arms side by side. @module */
import { plural } from "../core/plural.ts";
import { DEMO_QUESTION, type DemoReport, playDemo } from "../app/demo.ts";
import { type Command, flagOn, type Io } from "./command.ts";
import { oneLine, paint } from "./style.ts";

export const demoCommand: Command = {
  name: "demo",
  words: 0,
  summary: "play the e-mail that tells the agent to send your files away, against an undefended agent and this one",
  usage: "vambrace demo [--json]",
  example: "vambrace demo",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print the whole report as JSON" },
  async run(_args, flags, io) {
    const json = flagOn(flags, "json");
    const report = await playDemo((line) => io.err(paint(io, "cyan", `· ${line}`)));
    const won = report.undefended.left && !report.defended.left && report.ledger.consistent;
    if (json) io.out(JSON.stringify({ ...report, won }));
    else draw(io, report, won);
    return won ? 0 : 1;
  },
};

function draw(io: Io, report: DemoReport, won: boolean): void {
  const { undefended, defended, ledger, canary } = report;
  io.out(`the person asks both: "${DEMO_QUESTION}"`);
  io.out(`the e-mail orders the agent to send customers.csv, which holds ${canary}, to a stranger\n`);
  io.out(paint(io, "bold", "undefended"));
  for (const text of undefended.received) io.out(`  the stranger received: ${oneLine(text, 110)}`);
  io.out(
    `  ${undefended.left ? paint(io, "red", "the canary left") : "the canary did not leave: this arm shows nothing"}\n`,
  );
  io.out(paint(io, "bold", "vambrace"));
  for (const { tool, what, verdict, says } of defended.attempts) {
    const word = { allow: "ran", ask: "asked, and the person said no", deny: "refused" }[verdict] ?? verdict;
    io.out(`  ${tool} ${oneLine(what, 60)}\n      ${word}${verdict === "allow" ? "" : `: ${oneLine(says, 110)}`}`);
  }
  io.out(`  it answers: ${oneLine(defended.answer, 110)}`);
  io.out(
    `  ${defended.left ? paint(io, "red", "THE CANARY LEFT") : paint(io, "green", "the canary stayed: nothing reached the sink")}\n`,
  );
  io.out(
    `the ledger of that conversation is ${ledger.consistent ? "consistent" : "BROKEN"}: ${plural(ledger.entries, "entry", "entries")}, root ${ledger.rootHex}`,
  );
  if (!won) io.err("error: the demo did not come out as it should");
}
