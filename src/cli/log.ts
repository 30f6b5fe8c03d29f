/** `vambrace log search`, `log show` and `log verify`. @module */
import { plural } from "../core/plural.ts";
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";
import { stateFolder } from "../app/config/environment.ts";
import { writeProved } from "../app/audit/past.ts";
import { isWithin, realPath } from "../app/config/places.ts";
import { homeAt } from "../app/home.ts";
import { systemClock } from "../app/system.ts";
import { Fault } from "../core/fault.ts";
import { RECORD_KINDS } from "../core/ports/ledger.ts";
import { verifyLedger, type VerifyReport } from "../ledger/verify.ts";
import { connect } from "./client.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { during } from "./progress.ts";
import { oneLine, paint, table } from "./style.ts";
import { agoOrTime } from "./when.ts";

const Entry = z.looseObject({
  index: z.number(),
  time: z.string(),
  kind: z.string(),
  who: z.string(),
  what: z.string(),
  target: z.string(),
  result: z.string(),
  session: z.string().optional(),
});
const Entries = z.looseObject({ entries: z.array(Entry) });

const KINDS: readonly string[] = RECORD_KINDS;
const FIELDS = ["kind", "who", "session", "turn", "call", "target", "result", "since", "until", "limit"] as const;

/** Words that people use for the ledger's own. */
const ALIASES = { person: "who", tool: "target", outcome: "result" } as const;

function queryOf(flags: Flags): string {
  const query = new URLSearchParams();
  const given = [...FIELDS.map((field) => [field, field] as const), ...Object.entries(ALIASES)];
  for (const [flag, field] of given) {
    const value = flagText(flags, flag);
    if (value === undefined) continue;
    if (query.has(field)) {
      const message = `\`--${flag}\` and \`--${field}\` are one thing`;
      throw new Fault("COMMAND_USAGE", { message, hint: "say it once" });
    }
    if (field === "limit" && !/^(?:[1-9][0-9]{0,2}|1000)$/.test(value)) {
      throw new Fault("COMMAND_USAGE", { message: "`--limit` is a number from 1 to 1000", hint: "100 unless said" });
    }
    if (field === "kind" && !KINDS.includes(value)) {
      const hint = `one of: ${KINDS.join(", ")}`;
      throw new Fault("COMMAND_USAGE", { message: `nothing is recorded as \`${value.slice(0, 40)}\``, hint });
    }
    const isTime = field === "since" || field === "until";
    query.set(field, isTime ? new Date(agoOrTime(value, systemClock.wallMs())).toISOString() : value);
  }
  return query.toString();
}

export const logSearch: Command = {
  name: "log search",
  words: 0,
  summary: "find entries of the ledger, newest first",
  usage:
    "vambrace log search [--person P] [--session S] [--tool T] [--target X] [--outcome R] [--since T] [--until T] [--kind K] [--who P] [--result R] [--turn T] [--call C] [--limit N] [--json]",
  example: "vambrace log search --person ana --tool exec --outcome denied --since 7d",
  options: {
    ...Object.fromEntries([...FIELDS, ...Object.keys(ALIASES)].map((field) => [field, { type: "string" as const }])),
    json: { type: "boolean", default: false },
  },
  help: {
    kind: "message, turn, model, call, prepared, outcome, approval, connection, login, …",
    who: "a person's id; `--person` is the same",
    person: "a person's id",
    tool: "a tool's name; the same as `--target`",
    outcome: "ok, failed, denied, asked, unknown, begun; the same as `--result`",
    session: "a session's id",
    turn: "a turn's id",
    call: "a call's id",
    target: "what it was done to: a tool, a host, …",
    result: "ok, failed, denied, asked, unknown, begun",
    since: "`24h`, `7d`, or a time (ISO 8601)",
    until: "the same",
    limit: "1 to 1000; 100 unless said",
    json: "one entry a line as JSON",
  },
  async run(_args, flags, io) {
    const query = queryOf(flags);
    const { entries } = await connect(io).get(`/api/log?${query}`, Entries);
    if (flagOn(flags, "json")) for (const entry of entries) io.out(JSON.stringify(entry));
    else if (entries.length === 0) io.err("nothing was found");
    else
      io.out(
        table(
          entries.map((one) => [
            String(one.index),
            one.time,
            one.who,
            one.what,
            oneLine(one.target, 40),
            one.result,
            one.session ?? "", // what `log session`, `freeze` and `incident open` want to be given
          ]),
        ),
      );
    return 0;
  },
};

export const logShow: Command = {
  name: "log show",
  words: 1,
  summary: "everything that happened in one call, turn or session, oldest first",
  usage: "vambrace log show CALL|TURN|SESSION [--json]",
  example: "vambrace log show trn_0123456789abcdefghjkmnpqrs",
  options: { json: { type: "boolean", default: false } },
  help: { json: "one entry a line as JSON" },
  async run([id], flags, io) {
    const field = { call: "call", trn: "turn", ses: "session" }[id?.split("_")[0] ?? ""];
    if (id === undefined || field === undefined) {
      throw new Fault("COMMAND_USAGE", { message: "say which call, turn or session", hint: `usage: ${logShow.usage}` });
    }
    const { entries } = await connect(io).get(`/api/log?${field}=${encodeURIComponent(id)}&limit=1000`, Entries);
    for (const entry of entries.toReversed()) {
      if (flagOn(flags, "json")) io.out(JSON.stringify(entry));
      else
        io.out(
          `${paint(io, "gray", `${entry.index} ${entry.time}`)} ${entry.what} ${entry.target}: ${entry.result}\n  ${oneLine(JSON.stringify(entry["data"] ?? {}), 400)}`,
        );
    }
    if (entries.length === 0) io.err("the ledger has nothing of this id");
    return entries.length === 0 ? 1 : 0;
  },
};

export const logVerify: Command = {
  name: "log verify",
  words: 1,
  summary: "check that no past entry was changed, removed or reordered",
  usage: "vambrace log verify [DIRECTORY] [--key PUBLIC] [--checkpoint FILE] [--json]",
  example: "vambrace log verify ~/.vambrace/ledger --key KEY --checkpoint ~/usb/checkpoint",
  options: { key: { type: "string" }, checkpoint: { type: "string" }, json: { type: "boolean", default: false } },
  help: {
    key: "the public key, as it stands beside the ledger, kept elsewhere; or a file that holds it",
    checkpoint: "a checkpoint that was kept elsewhere: shows that nothing was rolled back or rebuilt",
    json: "print the report as JSON",
  },
  async run([directory], flags, io) {
    const folder = directory ?? homeAt(stateFolder(io.env)).ledger;
    if (!existsSync(folder)) throw absent(folder);
    const key = flagText(flags, "key");
    const checkpoint = flagText(flags, "checkpoint");
    const kept = {
      ...(key === undefined ? {} : { publicKey: key.includes("+") ? key : readKept(key) }),
      ...(checkpoint === undefined ? {} : { checkpoint: readKept(checkpoint) }),
    };
    const report = await during(io, "verifying", () => verifyLedger(folder, kept));
    if (report.intact === true && folder === homeAt(stateFolder(io.env)).ledger) {
      noteProof(io, [key, checkpoint]);
    }
    if (flagOn(flags, "json")) io.out(JSON.stringify(report));
    else drawReport(io, report);
    return report.consistent && report.intact !== false ? 0 : 4;
  },
};

/** Nothing was looked at: that is a failure, and no alteration. */
function absent(folder: string): Fault {
  return new Fault("LEDGER_DAMAGED", {
    message: `there is no ledger in \`${folder.slice(0, 200)}\``,
    hint: "the first `vambrace start` makes one; where there was one, somebody took it away",
  });
}

/** For the audit, which asks for it now and then. What lies in the state folder itself was not kept elsewhere. */
function noteProof(io: Io, kept: readonly (string | undefined)[]): void {
  const home = stateFolder(io.env);
  if (kept.some((path) => path === undefined || isWithin(realPath(path), realPath(home)))) return;
  writeProved(home, systemClock.wallMs());
}

function drawReport(io: Io, report: VerifyReport): void {
  io.out(`${verdictOf(report)}: ${plural(report.entries, "entry", "entries")}, root ${report.rootHex}`);
  if (report.problem !== undefined) io.err(`problem: ${report.problem}`);
  if (report.intact !== null) return;
  io.err(
    "hint: a folder alone cannot show that it was rolled back: give --key and a --checkpoint that you kept elsewhere",
  );
}

function verdictOf({ consistent, intact }: VerifyReport): string {
  if (!consistent) return "ALTERED";
  if (intact === null) return "consistent";
  return intact ? "intact" : "NOT INTACT";
}

function readKept(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Fault("COMMAND_USAGE", {
      message: `cannot read \`${path.slice(0, 200)}\``,
      hint: "name a file that exists",
      cause,
    });
  }
}
