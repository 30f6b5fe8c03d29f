/**
 * `vambrace replay --since`: the decisions that stand in the ledger, made again
 * by the policies that are tried.
 *
 * Reads the ledger's folder and takes no lock, so a running gateway goes on. A
 * decision that is not recorded whole is counted and said, never guessed; and
 * each call is answered for itself: what a session would have done after
 * another answer is not known.
 *
 * @module
 */
import { stateFolder } from "../app/config/environment.ts";
import { toPosture } from "../app/config/posture.ts";
import { agentIds } from "../app/config/settings.ts";
import { homeAt } from "../app/home.ts";
import { systemClock } from "../app/system.ts";
import { isArray, type JsonValue } from "../core/json.ts";
import type { StoredEntry } from "../core/ports/ledger.ts";
import { eachEntry } from "../ledger/search.ts";
import { decideAsked, readAsked } from "../steps/judge/asked.ts";
import type { Engine } from "../steps/judge/policy/engine.ts";
import type { Io } from "./command.ts";
import { type Ground, judgeOn } from "./judging.ts";
import { agoOrTime } from "./when.ts";

type Options = Ground & { readonly since: string; readonly against: boolean; readonly json: boolean };

type Reasons = {
  readonly verdict: "allow" | "ask" | "deny";
  readonly because: readonly string[];
  readonly says: string;
};

type Counts = { calls: number; allow: number; ask: number; deny: number; other: number; askedThen: number };

/** @throws Fault COMMAND_USAGE, LEDGER_QUERY_MALFORMED, LEDGER_DAMAGED */
export async function replayLedger(io: Io, options: Options): Promise<number> {
  const since = sinceTime(options.since, systemClock.wallMs());
  const engineOf = await engines(options);
  const counts: Counts = { calls: 0, allow: 0, ask: 0, deny: 0, other: 0, askedThen: 0 };
  const left = new Map<string, number>();
  const folder = homeAt(stateFolder(io.env)).ledger;
  for await (const entry of eachEntry(folder, { kind: "call", since })) {
    if (entry.what !== "call.decided") continue;
    const { session, call: id, time, who, target: tool } = entry;
    const named = { session, id, tool, time, who };
    const again = decidedAgain(entry, engineOf);
    if (typeof again === "string") {
      left.set(again, (left.get(again) ?? 0) + 1);
      io.out(JSON.stringify({ ...named, notReplayed: again }));
      continue;
    }
    const { now, was } = again;
    const differs = count(counts, again);
    if (differs || !options.against) io.out(JSON.stringify({ ...named, ...now, was }));
  }
  if (!options.json) for (const line of summary(counts, left)) io.err(line);
  // Nothing seen says nothing of the policies.
  return counts.calls === 0 ? 1 : 0;
}

type Again = { readonly now: Reasons; readonly was: Reasons };

/** @returns whether the answer is another. */
function count(counts: Counts, { now, was }: Again): boolean {
  const differs = now.verdict !== was.verdict || now.because.join() !== was.because.join();
  counts.calls += 1;
  counts[now.verdict] += 1;
  counts.askedThen += was.verdict === "ask" ? 1 : 0;
  counts.other += differs ? 1 : 0;
  return differs;
}

/** The policies of each agent that is configured. */
async function engines({ loaded, policies }: Ground): Promise<(agent: string) => Engine | undefined> {
  const { config, places } = loaded;
  const made = new Map<string, Engine>();
  for (const agent of agentIds(config)) {
    made.set(agent, (await judgeOn({ posture: toPosture(config, places, agent), policies })).engine);
  }
  return (agent) => made.get(agent);
}

/** The decision made again beside what it was, or why it cannot be. */
function decidedAgain(entry: StoredEntry, engineOf: (agent: string) => Engine | undefined): Again | string {
  const was = decidedThen(entry);
  if (was === undefined) return "its record was too large and is cut";
  const { asked, agent } = entry.data ?? {};
  if (asked === undefined) {
    const hadNoFacts = was.because.some((id) => id.startsWith("judge."));
    return hadNoFacts ? "its facts could not be found out then" : "an older version did not record what was asked";
  }
  if (typeof asked === "string") return `what was asked is not kept: ${asked.slice(0, 60)}`;
  const engine = typeof agent === "string" ? engineOf(agent) : undefined;
  if (engine === undefined) return "its agent is not configured any more";
  const read = readAsked(asked);
  const decision = read === undefined ? undefined : decideAsked(engine, read);
  if (decision === undefined) return "these policies do not know the form in which it was asked";
  return { now: { verdict: decision.verdict, because: decision.because, says: decision.says }, was };
}

const VERDICTS: ReadonlyMap<string, Reasons["verdict"]> = new Map([
  ["ok", "allow"],
  ["asked", "ask"],
  ["denied", "deny"],
]);

function decidedThen({ result, data }: StoredEntry): Reasons | undefined {
  const verdict = VERDICTS.get(result);
  const says = data?.["says"];
  if (verdict === undefined || data?.["because"] === undefined) return undefined;
  return { verdict, because: texts(data["because"]), says: typeof says === "string" ? says : "" };
}

function texts(value: JsonValue | undefined): readonly string[] {
  return isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function summary(
  counts: Readonly<Record<"calls" | "allow" | "ask" | "deny" | "other" | "askedThen", number>>,
  left: ReadonlyMap<string, number>,
): readonly string[] {
  const { calls, allow, ask, deny, other, askedThen } = counts;
  const more = ask - askedThen;
  const questions = `${ask} questions instead of ${askedThen} (${more < 0 ? "" : "+"}${more})`;
  return [
    `${calls} calls: ${allow} allowed, ${ask} asked, ${deny} denied; ${other} answered otherwise than then; ${questions}`,
    ...[...left].map(([why, times]) => `${times} not replayed: ${why}`),
    ...(calls === 0 ? ["hint: the ledger has no decision since then that could be made again"] : []),
  ];
}

/** @throws Fault COMMAND_USAGE */
function sinceTime(text: string, nowMs: number): string {
  return new Date(agoOrTime(text, nowMs)).toISOString();
}
