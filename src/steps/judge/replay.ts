/**
 * Replay: the live judge over a recorded session. No model is called, nothing
 * is executed, and where facts were recorded the world is not looked at.
 *
 * @module
 */
import type { ArgumentFact, HostFact, PathFact, Proposal } from "../../core/call.ts";
import { Fault } from "../../core/fault.ts";
import { parseAgentId, parseId, parsePersonId } from "../../core/ids.ts";
import { parseDigest } from "../../core/json.ts";
import { trustRank } from "../../core/label.ts";
import type { Posture } from "../../core/posture.ts";
import type { Judged } from "../../core/run.ts";
import type { ToolDeclaration } from "../../core/tool.ts";
import type { ReplayAnswer, ReplayDeclaration, ReplayEvent, ReplaySession } from "../../wire/replay.ts";
import type { Reachable } from "./decide.ts";
import type { WorldFacts } from "./gather.ts";
import type { Judge, JudgeOptions } from "./judge.ts";
import { Recorded } from "./recorded.ts";

export type Replayed = { readonly answer: ReplayAnswer; readonly judged: Judged };

type CallEvent = Extract<ReplayEvent, { type: "call" }>;

/**
 * One answer for each call, in order.
 *
 * @throws Fault REPLAY_MALFORMED where the events do not fit together.
 */
export async function replaySession(session: ReplaySession, judge: Judge): Promise<readonly ReplayAnswer[]> {
  return (await replayJudged(session, judge)).map((one) => one.answer);
}

/** As `replaySession`, with all that the judge found: for `explain`. */
export async function replayJudged(session: ReplaySession, judge: Judge): Promise<readonly Replayed[]> {
  const declarations = new Map(session.tools.map((tool) => [tool.name, declarationOf(tool)]));
  const state = new Recorded(session, declarations, judge.posture);
  const reachable = [ownerOf(judge.posture)];
  const answers: Replayed[] = [];
  for (const [index, event] of session.events.entries()) {
    if (event.type !== "call") {
      state.take(event, index);
      continue;
    }
    const options = { reachable, declarations, ...recordedFacts(event), ...state.plan() };
    const judged = await judge.judge(proposalOf(session, event, index, state), options);
    state.judged(event, index, judged);
    answers.push({ judged, answer: answerOf(session, event, judged, state) });
  }
  return answers;
}

/** The answer for the last call of a session. @throws Fault REPLAY_MALFORMED where it has none. */
export async function checkCall(session: ReplaySession, judge: Judge): Promise<ReplayAnswer> {
  const last = (await replaySession(session, judge)).at(-1);
  if (last !== undefined) return last;
  throw new Fault("REPLAY_MALFORMED", {
    message: "the session has no call to check",
    hint: "end `events` with the call, or give it as `call` beside `session`",
  });
}

export function declarationOf(tool: ReplayDeclaration): ToolDeclaration {
  const roles = Object.entries(tool.arguments ?? {}).map(([name, { role }]) => [name, role ?? "target"] as const);
  return {
    name: tool.name,
    effect: tool.effect ?? "unknown",
    roles: new Map(roles),
    returns: {
      trust: tool.returns?.trust ?? "none",
      confidentiality: tool.returns?.confidentiality ?? "private",
    },
    directory: tool.directory ?? false,
  };
}

/** In a replay the owner is taken to be reachable. */
function ownerOf(posture: Posture): Reachable {
  const [first] = [...posture.persons].filter(([, { trust }]) => trust === "full");
  return { person: first?.[0] ?? "owner", trust: "full", roles: first?.[1].roles ?? [] };
}

function proposalOf(session: ReplaySession, event: CallEvent, index: number, state: Recorded): Proposal {
  const { id, trust, roles } = state.principal;
  const declaration = state.declarations.get(event.tool);
  return {
    id: state.callId(index),
    tool: event.tool,
    arguments: event.arguments,
    ...(declaration === undefined ? {} : { declaration }),
    principal: { person: parsePersonId(id), trust, roles },
    origin: {
      session: parseId("ses", `ses_${"0".repeat(26)}`),
      turn: parseId("trn", `trn_${"0".repeat(26)}`),
      agent: parseAgentId("main"),
      channel: session.channel ?? "webchat",
      ...(session.room === undefined ? {} : { room: session.room }),
    },
    context: state.contextOf(event),
    cwd: state.cwd,
  };
}

function recordedFacts({ facts }: CallEvent): Pick<JudgeOptions, "recorded"> {
  if (facts === undefined) return {};
  const recorded: WorldFacts = {
    paths: facts.paths.map(
      ({ digest, keeps, ...path }): PathFact => ({
        ...path,
        ...(keeps === undefined ? {} : { keeps }),
        ...digestIn(digest),
      }),
    ),
    hosts: facts.hosts.map((host): HostFact => host),
    ...(facts.carries === undefined ? {} : { carries: facts.carries }),
    ...(facts.command === undefined
      ? {}
      : {
          command: {
            ...facts.command,
            programs: facts.command.programs.map(({ digest, ...program }) => ({ ...program, ...digestIn(digest) })),
          },
        }),
  };
  return { recorded };
}

const digestIn = (digest: string | undefined): { digest?: ReturnType<typeof parseDigest> } =>
  digest === undefined ? {} : { digest: parseDigest(digest) };

function answerOf(session: ReplaySession, event: CallEvent, judged: Judged, state: Recorded): ReplayAnswer {
  const { decision, facts } = judged;
  const byName = new Map<string, ArgumentFact[]>(Object.keys(event.arguments).map((name) => [name, []]));
  for (const fact of facts.arguments) byName.get(fact.argument)?.push(fact);
  return {
    session: session.session,
    id: event.id,
    tool: event.tool,
    verdict: decision.verdict,
    because: decision.because,
    says: decision.says,
    label: { trust: facts.influence.trust, confidentiality: facts.influence.confidentiality },
    arguments: Object.fromEntries([...byName].map(([name, its]) => [name, argumentOf(its, state)])),
  };
}

function argumentOf(facts: readonly ArgumentFact[], state: Recorded): ReplayAnswer["arguments"][string] {
  const sources = new Map<number, { event: number; trust: ReturnType<typeof sourceTrust> }>();
  for (const source of facts.flatMap((fact) => fact.sources)) {
    const event = source.item === undefined ? undefined : state.eventOf(source.item);
    if (event !== undefined) sources.set(event, { event, trust: sourceTrust(source) });
  }
  return {
    designated: facts.every((fact) => fact.designated),
    sources: [...sources.values()].sort((a, b) => trustRank(b.trust) - trustRank(a.trust) || a.event - b.event),
  };
}

const sourceTrust = (source: ArgumentFact["sources"][number]): typeof source.trust => source.trust;
