/**
 * `vambrace replay`: a recorded session under the live judge, or under other
 * policies. No model is called and nothing is executed.
 *
 * @module
 */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { readPolicies } from "../app/policies.ts";
import { Fault } from "../core/fault.ts";
import type { Judge } from "../steps/judge/judge.ts";
import type { PolicyFile } from "../steps/judge/policy/vet.ts";
import { replaySession } from "../steps/judge/replay.ts";
import { parseReplaySession, type ReplayAnswer, type ReplaySession } from "../wire/replay.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { eachLine, type Lines } from "./json-lines.ts";
import { existing, type Ground, groundOf, judgeOn } from "./judging.ts";
import { replayLedger } from "./replay-ledger.ts";

/** A session is one line; what was read in it stands in it. */
const SESSION_BYTES = 64 * 1024 * 1024;

export const replayCommand: Command = {
  name: "replay",
  words: 1,
  summary: "judge recorded sessions again: explain them, or try another policy on them",
  usage: "vambrace replay FILE|-|--since TIME [--policy DIR] [--against] [--config FILE] [--json]",
  example: "vambrace replay sessions.jsonl --policy ./stricter --against",
  options: {
    since: { type: "string" },
    policy: { type: "string" },
    against: { type: "boolean", default: false },
    config: { type: "string" },
    json: { type: "boolean", default: false },
  },
  help: {
    since: "in place of a file: the ledger's own decisions, from this ISO 8601 time on or as long ago as `30d`, `12h`",
    policy: "Cedar files of this folder are added to the operator's; one of the same name takes its place",
    against:
      "show only the calls that would be answered otherwise than now (with --since: than then), with both answers",
    config: "judge by this configuration file instead",
    json: "only the answers, without a line for a person",
  },
  async run(args, flags, io) {
    const [name, ...more] = args;
    const since = flagText(flags, "since");
    if (since !== undefined) {
      if (name !== undefined) throw usage("give a file of sessions or --since, not both");
      return replayLedger(io, {
        ...triedOn(io, flags),
        since,
        against: flagOn(flags, "against"),
        json: flagOn(flags, "json"),
      });
    }
    if (name === undefined || more.length > 0) throw usage("name one file of sessions, or - for standard input");
    const { judge, now } = await judges(io, flags);
    const counts = { calls: 0, allow: 0, ask: 0, deny: 0, other: 0 };
    const status = await eachLine(io, sessionsIn(io, name), async (value) => {
      const session = parseReplaySession(value);
      const answers = await replaySession(session, judge);
      for (const { verdict } of answers) {
        counts.calls += 1;
        counts[verdict] += 1;
      }
      if (now === undefined) return answers;
      const differing = await differences(session, answers, now);
      counts.other += differing.length;
      return differing;
    });
    const { calls, allow, ask, deny, other } = counts;
    if (!flagOn(flags, "json")) {
      const differ = now === undefined ? "" : `; ${other} answered otherwise than now`;
      io.err(`${calls} calls: ${allow} allowed, ${ask} asked, ${deny} denied${differ}`);
    }
    return status;
  },
};

/** `now`: what is in force, to compare with; absent where nothing is compared. */
async function judges(io: Io, flags: Flags): Promise<{ readonly judge: Judge; readonly now?: Judge }> {
  const judge = await judgeOn(triedOn(io, flags));
  if (!flagOn(flags, "against")) return { judge };
  if (flagText(flags, "policy") === undefined && flagText(flags, "config") === undefined)
    throw usage("--against needs --policy or --config: what to try");
  return { judge, now: await judgeOn(groundOf(io, {})) };
}

/** The configuration and policies that are tried. */
function triedOn(io: Io, flags: Flags): Ground {
  const ground = groundOf(io, flags);
  const folder = flagText(flags, "policy");
  return folder === undefined ? ground : { ...ground, policies: merged(ground.policies, folder) };
}

/** @throws Fault COMMAND_USAGE where the folder has no policy: a simulation of nothing would look like one that changes nothing. */
function merged(own: readonly PolicyFile[], folder: string): readonly PolicyFile[] {
  const added = readPolicies(existing(folder, "folder"));
  if (added.length === 0) throw usage(`no \`*.cedar\` file is in \`${folder.slice(0, 200)}\``);
  const names = new Set(added.map((file) => file.name));
  return [...own.filter((file) => !names.has(file.name)), ...added];
}

function sessionsIn(io: Io, name: string): Lines {
  const input = name === "-" ? io.stdin : createReadStream(join(existing(name, "file")));
  return { input, limit: SESSION_BYTES, key: "session" };
}

type Difference = ReplayAnswer & { readonly now: Pick<ReplayAnswer, "verdict" | "because" | "says"> };

async function differences(
  session: ReplaySession,
  answers: readonly ReplayAnswer[],
  now: Judge,
): Promise<readonly Difference[]> {
  const before = await replaySession(session, now);
  return answers.flatMap((answer, i) => {
    const old = before[i];
    if (old === undefined || (old.verdict === answer.verdict && old.because.join() === answer.because.join()))
      return [];
    const { verdict, because, says } = old;
    return [{ ...answer, now: { verdict, because, says } }];
  });
}

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${replayCommand.usage}` });
}
