/**
 * Questions to the gate: what it would say to a call, without a call.
 *
 * Every verdict is the live judge's over the live facts. Nobody's words stand
 * behind a question, so nothing in it is designated; the person's own trust is
 * all the influence there is. The owner counts as reachable, the door is the
 * terminal.
 *
 * @module
 */
import { resolve } from "node:path/posix";
import { glanceFor } from "../app/gateway/kits.ts";
import { MAIN_AGENT } from "../app/config/settings.ts";
import type { HostFact, Proposal } from "../core/call.ts";
import { classifyAddress } from "../core/destination.ts";
import type { Verdict } from "../core/decision.ts";
import { Fault } from "../core/fault.ts";
import { parseId, parsePersonId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { Posture } from "../core/posture.ts";
import type { Judged } from "../core/run.ts";
import type { Reachable } from "../steps/judge/decide.ts";
import { FinderFault, type Finders, type FinderSource, gather, type WorldFacts } from "../steps/judge/gather.ts";
import type { Judge } from "../steps/judge/judge.ts";
import { checkCall } from "../steps/judge/replay.ts";
import { CATALOGUE } from "../tools/catalogue.ts";
import { parseCheckCall, type ReplayAnswer } from "../wire/replay.ts";
import { type Ground, judgeOn } from "./judging.ts";

export type Said = {
  readonly verdict: Verdict;
  readonly because: readonly string[];
  readonly says: string;
  readonly hint?: string;
};

export type CommandAnswer = Said & {
  readonly facts: {
    readonly programs: readonly { readonly name: string; readonly path: string | null }[];
    readonly reads: readonly string[];
    /** What it removes too. */
    readonly writes: readonly string[];
    readonly hosts: readonly string[];
    readonly wrappers: readonly string[];
    readonly opaque: readonly string[];
    readonly destructive: boolean;
  };
};
export type PathAnswer = Said & { readonly resolved: string | null };
export type UrlAnswer = Said & {
  readonly host: string | null;
  readonly port: number | null;
  readonly addresses: readonly string[];
};

type Who = { readonly person?: string | undefined; readonly cwd?: string | undefined };

export type Questions = {
  command(
    ask: Who & { readonly command: string; readonly allow?: readonly string[] | undefined },
  ): Promise<CommandAnswer>;
  path(ask: Who & { readonly path: string; readonly access: "read" | "write" }): Promise<PathAnswer>;
  url(ask: Who & { readonly url: string; readonly method?: string | undefined }): Promise<UrlAnswer>;
  call(request: unknown): Promise<ReplayAnswer & { readonly call: string }>;
  /** What is asked from here on is answered from a new look at the files. */
  readonly lookAgain: () => void;
};

/** Addresses of names, for questions about URLs: nothing is resolved here. */
export type Names = ReadonlyMap<string, readonly string[]>;

const CHANNEL = "terminal";
const ZEROES = "0".repeat(26);

/** One judge, and one more where a request brings an allowlist; no request starts anything up. */
export async function openQuestions(ground: Ground, names: Names = new Map()): Promise<Questions> {
  const { posture } = ground;
  const { finders, again } = glanceFor(posture);
  const judge = await judgeOn(ground, finders);
  const withNames = (): Finders => {
    const plain = finders();
    return { ...plain, host: (...asked) => resolved(plain.host(...asked), names) };
  };
  let listing: Promise<Judge> | undefined;
  const bench: Bench = {
    posture,
    judge,
    // Where an allowlist counts already, and a miss is asked, the policies are the same ones.
    listing: () =>
      (listing ??= hasAllowlist(posture)
        ? Promise.resolve(judge)
        : judgeOn({ ...ground, posture: withAllow(posture, []) }, finders)),
  };
  return {
    lookAgain: again,
    command: (ask) => askCommand(bench, finders, ask),
    path: (ask) => askPath(bench, ask),
    url: (ask) => askUrl(bench, withNames, ask),
    async call(request) {
      const { id, session } = parseCheckCall(request);
      const answer = await checkCall(session, judge);
      return { ...answer, id: id ?? answer.id, call: answer.id };
    },
  };
}

type Bench = { readonly posture: Posture; readonly judge: Judge; readonly listing: () => Promise<Judge> };

function hasAllowlist(posture: Posture): boolean {
  const { security, ask } = (posture.channels.get(CHANNEL) ?? posture.channels.get("default"))?.exec ?? {};
  return posture.channels.has(CHANNEL) && security === "allowlist" && ask === "on-miss";
}

/** As if these stood in `tools.exec.allow`, with `security: allowlist` and `ask: on-miss`. */
function withAllow(posture: Posture, allow: readonly string[]): Posture {
  const rules = posture.channels.get(CHANNEL) ?? posture.channels.get("default");
  if (rules === undefined) return posture;
  const exec = { ...rules.exec, security: "allowlist", ask: "on-miss", allow } as const;
  return { ...posture, channels: new Map([...posture.channels, [CHANNEL, { ...rules, exec }]]) };
}

async function askCommand(
  bench: Bench,
  finders: FinderSource,
  ask: Parameters<Questions["command"]>[0],
): Promise<CommandAnswer> {
  const { command, cwd, allow } = ask;
  const call = proposed("exec", { command, ...(cwd === undefined ? {} : { cwd }) }, { ...ask, cwd: undefined }, bench);
  if (call instanceof Fault) return { ...refused(call), facts: { ...NOTHING, opaque: [call.message] } };
  const judged =
    allow === undefined ? await judgeIt(bench.judge, call) : await judgeListed(bench, finders, { call, allow });
  const facts = judged.facts.command;
  if (facts === undefined) return { ...said(judged), facts: { ...NOTHING, opaque: [judged.decision.says] } };
  const { reads, writes, deletes, hosts, wrappers, opaque, destructive } = facts;
  const programs = facts.programs.map(({ name, path }) => ({ name, path }));
  const changed = [...new Set([...writes, ...deletes])];
  return { ...said(judged), facts: { programs, reads, writes: changed, hosts, wrappers, opaque, destructive } };
}

const NOTHING = {
  programs: [],
  reads: [],
  writes: [],
  hosts: [],
  wrappers: [],
  opaque: [],
  destructive: false,
} as const;

/**
 * The policies do not name the programs of an allowlist, only whether a command is on it: so one judge serves every
 * list, and the facts are gathered with this one.
 */
async function judgeListed(
  bench: Bench,
  finders: FinderSource,
  { call, allow }: { readonly call: Proposal; readonly allow: readonly string[] },
): Promise<Judged> {
  const judge = await bench.listing();
  return judgeWith(judge, call, { finders, posture: withAllow(bench.posture, allow) });
}

/** Gathers as the judge does, with these finders. What cannot be gathered is left to the judge, which denies it. */
async function judgeWith(
  judge: Judge,
  call: Proposal,
  { finders, posture }: { readonly finders: FinderSource; readonly posture: Posture },
): Promise<Judged> {
  const reachable = [ownerOf(posture)];
  const recorded = await gathered(call, finders, posture);
  return judge.judge(call, { reachable, ...(recorded === undefined ? {} : { recorded }) });
}

async function gathered(call: Proposal, finders: FinderSource, posture: Posture): Promise<WorldFacts | undefined> {
  try {
    return await gather(call, call.declaration?.effect ?? "unknown", { posture, finders, filesByDefault: false });
  } catch (thrown) {
    if (thrown instanceof FinderFault) return undefined;
    throw thrown;
  }
}

async function askPath(bench: Bench, ask: Parameters<Questions["path"]>[0]): Promise<PathAnswer> {
  const { path, access } = ask;
  const call = proposed(access, access === "read" ? { path } : { path, content: "" }, ask, bench);
  if (call instanceof Fault) return { ...refused(call), resolved: null };
  const judged = await judgeIt(bench.judge, call);
  return { ...said(judged), resolved: judged.facts.paths[0]?.resolved ?? null };
}

async function askUrl(bench: Bench, finders: FinderSource, ask: Parameters<Questions["url"]>[0]): Promise<UrlAnswer> {
  const call = proposed("web_fetch", { url: ask.url }, ask, bench);
  if (call instanceof Fault) return { ...refused(call), host: null, port: null, addresses: [] };
  const withMethod = { ...call, arguments: { ...call.arguments, method: ask.method ?? "GET" } };
  const judged = await judgeWith(bench.judge, withMethod, { finders, posture: bench.posture });
  const fact = judged.facts.hosts[0];
  if (fact === undefined) return { ...said(judged), host: null, port: null, addresses: [] };
  const host = fact.host.replaceAll(/^\[|\]$/g, "");
  return { ...said(judged), host: host === "" ? null : host, port: portOf(fact), addresses: fact.addresses };
}

const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

function portOf({ port, scheme }: HostFact): number | null {
  return port === 0 ? (PORTS[scheme] ?? null) : port;
}

/** As the way out does it: one special address among them is enough. */
function resolved(fact: HostFact, names: Names): HostFact {
  const addresses = fact.reach === "unresolved" ? names.get(fact.host) : undefined;
  if (addresses === undefined || addresses.length === 0) return fact;
  const isPublic = addresses.every((address) => classifyAddress(address).reach === "public");
  return { ...fact, addresses, reach: isPublic ? "public" : "special" };
}

/** The call as the tool's own schema makes it; a Fault where that refuses it, as it would live. */
function proposed(
  name: string,
  args: JsonObject,
  { person = "owner", cwd }: Who,
  { posture }: Bench,
): Proposal | Fault {
  const tool = CATALOGUE.get(name);
  if (tool === undefined) throw new Error(`no tool ${name} ships`);
  const parsed = parsedBy(tool, args);
  if (parsed instanceof Fault) return parsed;
  const known = posture.persons.get(person);
  const { workspace } = posture.fs;
  return {
    id: parseId("call", `call_${ZEROES}`),
    tool: name,
    arguments: parsed,
    declaration: tool.declaration,
    // Somebody unknown gets no turn at all: no trust says the same.
    principal: { person: parsePersonId(person), trust: known?.trust ?? "none", roles: known?.roles ?? [] },
    origin: {
      session: parseId("ses", `ses_${ZEROES}`),
      turn: parseId("trn", `trn_${ZEROES}`),
      agent: MAIN_AGENT,
      channel: CHANNEL,
    },
    context: [],
    cwd: cwd === undefined ? workspace : resolve(workspace, cwd),
  };
}

function parsedBy(tool: { parse(args: unknown): JsonObject }, args: JsonObject): JsonObject | Fault {
  try {
    return tool.parse(args);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "TOOL_ARGUMENTS_MALFORMED") return thrown;
    throw thrown;
  }
}

function judgeIt(judge: Judge, call: Proposal): Promise<Judged> {
  return judge.judge(call, { reachable: [ownerOf(judge.posture)] });
}

function ownerOf({ persons }: Posture): Reachable {
  const found = [...persons].find(([, { trust }]) => trust === "full");
  return { person: found?.[0] ?? "owner", trust: "full", roles: found?.[1].roles ?? [] };
}

function said({ decision }: Judged): Said {
  const { verdict, because, says } = decision;
  return { verdict, because, says, ...(decision.verdict === "deny" ? { hint: decision.hint } : {}) };
}

function refused({ message, hint }: Fault): Said {
  return { verdict: "deny", because: ["tool.arguments"], says: message, hint };
}
