/** `vambrace alerts list`, `silence`, `unsilence`, `test`, `rules check`; `freeze` and `thaw`. @module */
import { plural } from "../core/plural.ts";
import { alertRules } from "../app/config/alerts.ts";
import { stateFolder } from "../app/config/environment.ts";
import { loadConfig } from "../app/config/load.ts";
import { homeAt } from "../app/home.ts";
import { Fault } from "../core/fault.ts";
import { parseId } from "../core/ids.ts";
import { writeAction } from "../ops/alerts/actions.ts";
import { parseCondition, parseSpan, writeCondition } from "../ops/alerts/condition.ts";
import { alertsAnswer, frozenAnswer, toldAnswer, wasAnswer } from "../wire/watching.ts";
import { z } from "zod";
import { connect } from "./client.ts";
import { type Command, flagOn, flagText } from "./command.ts";
import { oneLine, paint, table } from "./style.ts";
import { utc } from "./when.ts";

const Done = z.looseObject({});

export const alertsList: Command = {
  name: "alerts list",
  words: 0,
  summary: "what was raised since the start, the rules, and what nobody took",
  usage: "vambrace alerts list [--rules] [--json]",
  example: "vambrace alerts list",
  options: { rules: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
  help: { rules: "the rules with their conditions, actions and meanings", json: "print everything as JSON" },
  async run(_args, flags, io) {
    const answer = await connect(io).get("/api/alerts", alertsAnswer);
    if (flagOn(flags, "json")) {
      io.out(JSON.stringify(answer));
      return 0;
    }
    if (flagOn(flags, "rules")) {
      for (const { name, severity, condition, actions, explains, silentUntilMs } of answer.rules) {
        const silent = silentUntilMs === null ? "" : paint(io, "yellow", ` (silent until ${utc(silentUntilMs)})`);
        io.out(
          `${paint(io, "bold", oneLine(name, 80))} [${severity}]${silent}\n  ${oneLine(condition, 200)} → ${oneLine(actions.join(", "), 200)}\n  ${oneLine(explains, 400)}`,
        );
      }
      return 0;
    }
    if (answer.recent.length === 0) io.err("nothing was raised since the gateway was started");
    else
      io.out(
        table(
          answer.recent.map((one) => [
            utc(one.atMs),
            one.severity,
            oneLine(one.rule, 40),
            oneLine(one.group ?? one.session ?? "-", 40),
            oneLine(one.detail ?? `counted ${one.count}`, 80),
            one.isTold ? "" : "(not told)",
          ]),
        ),
      );
    if (answer.swallowed > 0)
      io.err(`${plural(answer.swallowed, "alert")} more came in a storm; the first of them are above`);
    for (const dead of answer.undelivered)
      io.err(`not delivered to ${oneLine(dead.to, 80)} at ${utc(dead.atMs)}: ${oneLine(dead.why, 120)}`);
    return 0;
  },
};

export const alertsSilence: Command = {
  name: "alerts silence",
  words: 1,
  summary: "a rule tells nobody for a while; what it does (freeze, stop) is still done",
  usage: "vambrace alerts silence RULE --for TIME [--why TEXT]",
  example: 'vambrace alerts silence bulk-file-access --for 2h --why "I am sorting the photographs"',
  options: { for: { type: "string" }, why: { type: "string" } },
  help: { for: "30m, 2h, 7d; at most 30d", why: "for whoever reads the ledger" },
  async run([rule], flags, io) {
    const span = flagText(flags, "for");
    if (rule === undefined || span === undefined) throw usage("say which rule, and for how long", alertsSilence);
    const untilMs = Date.now() + longSpan(span);
    await connect(io).post("/api/alerts/silence", { rule, untilMs, why: flagText(flags, "why") ?? "" }, Done);
    io.err(`${rule} tells nobody until ${utc(untilMs)}`);
    return 0;
  },
};

/** Up to thirty days, where a rule's window has seven. */
function longSpan(text: string): number {
  const days = /^(\d{1,2})d$/.exec(text)?.[1];
  return days === undefined ? parseSpan(text) : Number(days) * 86_400_000;
}

export const alertsUnsilence: Command = {
  name: "alerts unsilence",
  words: 1,
  summary: "a rule tells again",
  usage: "vambrace alerts unsilence RULE",
  example: "vambrace alerts unsilence bulk-file-access",
  options: {},
  help: {},
  async run([rule], _flags, io) {
    if (rule === undefined) throw usage("say which rule", alertsUnsilence);
    const { was } = await connect(io).post("/api/alerts/unsilence", { rule }, wasAnswer);
    io.err(was ? `${rule} tells again` : `${rule} was not silent`);
    return 0;
  },
};

export const alertsTest: Command = {
  name: "alerts test",
  words: 1,
  summary: "send a test to everybody whom a rule tells; nothing is frozen or stopped",
  usage: "vambrace alerts test RULE [--json]",
  example: "vambrace alerts test failed-logins",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print what came of it as JSON" },
  async run([rule], flags, io) {
    if (rule === undefined) throw usage("say which rule", alertsTest);
    const { told } = await connect(io).post("/api/alerts/test", { rule }, toldAnswer);
    if (flagOn(flags, "json")) io.out(JSON.stringify(told));
    else
      io.out(
        table(
          told.map(({ to, ok, says }) => [
            oneLine(to, 80),
            paint(io, ok ? "green" : "red", ok ? "ok" : "FAILED"),
            oneLine(says, 160),
          ]),
        ),
      );
    return told.every((one) => one.ok) ? 0 : 1;
  },
};

export const alertsRulesCheck: Command = {
  name: "alerts rules check",
  words: Number.POSITIVE_INFINITY,
  summary: "read a condition, or all rules of the configuration, without a gateway",
  usage: "vambrace alerts rules check [CONDITION]",
  example: 'vambrace alerts rules check "failed_auth > 5 in 5m by address"',
  options: {},
  help: {},
  async run(words, _flags, io) {
    if (words.length > 0) {
      io.out(writeCondition(parseCondition(words.join(" "))));
      return 0;
    }
    const { config } = loadConfig({ home: homeAt(stateFolder(io.env)).root, env: io.env });
    const rules = alertRules(config);
    io.out(
      table(
        rules.map((rule) => [
          rule.name,
          rule.severity,
          writeCondition(rule.condition),
          rule.actions.map(writeAction).join(", "),
        ]),
      ),
    );
    io.err(`${plural(rules.length, "rule")}, all of them can be read`);
    return 0;
  },
};

export const freezeCommand: Command = {
  name: "freeze",
  words: Number.POSITIVE_INFINITY,
  summary: "end what runs in one session and those that it spawned, and take nothing more in it",
  usage: "vambrace freeze SESSION [REASON]",
  example: 'vambrace freeze ses_0123456789abcdefghjkmnpqrs "it reads what it should not"',
  options: {},
  help: {},
  async run([session, ...why], _flags, io) {
    if (session === undefined) throw usage("say which session", freezeCommand);
    const { frozen } = await connect(io).post(
      "/api/freeze",
      { session: parseId("ses", session), why: why.join(" ") || "said in a terminal" },
      frozenAnswer,
    );
    io.err(frozen.length === 0 ? "it was frozen already" : `frozen: ${frozen.join(", ")}`);
    return 0;
  },
};

export const thawCommand: Command = {
  name: "thaw",
  words: 1,
  summary: "let a frozen session go on",
  usage: "vambrace thaw SESSION",
  example: "vambrace thaw ses_0123456789abcdefghjkmnpqrs",
  options: {},
  help: {},
  async run([session], _flags, io) {
    if (session === undefined) throw usage("say which session", thawCommand);
    const { was } = await connect(io).post("/api/thaw", { session: parseId("ses", session) }, wasAnswer);
    io.err(was ? "it may go on" : "it was not frozen");
    return 0;
  },
};

function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
