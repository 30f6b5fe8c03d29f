/** `vambrace security digest`: the review of a week or a month, from audits and ledger. @module */
import { plural } from "../core/plural.ts";
import { existsSync } from "node:fs";
import { readPast, readRuns } from "../app/audit/past.ts";
import { systemClock } from "../app/system.ts";
import { type Digest, digestJson, digestOf } from "../ops/audit/digest.ts";
import { eachEntry } from "../ledger/search.ts";
import { placeOf } from "./audit/run.ts";
import { type Command, flagOn, flagText, type Io } from "./command.ts";
import { oneLine, paint, table } from "./style.ts";
import { agoOrTime } from "./when.ts";

const SHOWN = 15;

export const securityDigest: Command = {
  name: "security digest",
  words: 0,
  summary: "the review of a week or a month: what is open, what came and went, what was done",
  usage: "vambrace security digest [--since 7d] [--json] [--home DIR]",
  example: "vambrace security digest --since 30d",
  options: { since: { type: "string" }, json: { type: "boolean", default: false }, home: { type: "string" } },
  help: {
    since: "an ISO 8601 time, or how long ago: `7d` (the default), `30d`",
    json: "print it as JSON",
    home: "the folder that contains `.vambrace`; your own unless said",
  },
  async run(_args, flags, io) {
    const { home } = placeOf(io, flagText(flags, "home"));
    const untilMs = systemClock.wallMs();
    const sinceMs = agoOrTime(flagText(flags, "since") ?? "7d", untilMs);
    const parts = {
      sinceMs,
      untilMs,
      runs: readRuns(home.root),
      open: readPast(home.root)?.findings ?? [],
    };
    const entries = existsSync(home.ledger) ? eachEntry(home.ledger, { since: new Date(sinceMs).toISOString() }) : [];
    const digest = await digestOf(parts, entries);
    if (flagOn(flags, "json")) io.out(JSON.stringify(digestJson(digest)));
    else draw(io, digest);
    return 0;
  },
};

function draw(io: Io, digest: Digest): void {
  const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  io.out(paint(io, "bold", `${day(digest.sinceMs)} to ${day(digest.untilMs)}`));
  io.out(`audits: ${digest.runs.count}${digest.runs.count === 0 ? "; run `vambrace security audit`" : ""}`);
  if (digest.runs.count > 1) io.out(`  then ${inWords(digest.runs.first)}; now ${inWords(digest.runs.last)}`);
  for (const id of digest.fresh) io.out(`  new   ${id}`);
  for (const id of digest.gone) io.out(`  gone  ${id}`);
  io.out(paint(io, "bold", `open: ${digest.open.length}`));
  for (const { id, severity, title, firstMs } of digest.open.slice(0, SHOWN))
    io.out(`  ${severity.padEnd(8)} ${title} (${id}), since ${day(firstMs)}`);
  if (digest.open.length > SHOWN) io.out(`  and ${digest.open.length - SHOWN} more: \`vambrace security audit\``);
  io.out(paint(io, "bold", `recorded: ${plural(digest.records, "entry", "entries")}`));
  if (digest.counts.size > 0) io.out(table([...digest.counts].map(([key, count]) => [`  ${key}`, String(count)])));
  if (digest.listed.length > 0) io.out(paint(io, "bold", "done by people and commands"));
  for (const line of digest.listed) io.out(`  ${oneLine(line, 160)}`);
}

function inWords(summary: Readonly<Record<string, number>> | null): string {
  const parts = Object.entries(summary ?? {}).filter(([, count]) => count > 0);
  return parts.length === 0 ? "nothing" : parts.map(([name, count]) => `${count} ${name}`).join(", ");
}
