/** What the tests of the doors stand on: a gateway that notes what it was asked, and people who may this or that. @module */
import { setTimeout as sleep } from "node:timers/promises";
import type { Question } from "../../core/approval.ts";
import { type CallId, newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import { sha256 } from "../../core/json.ts";
import { SYSTEM_LABEL } from "../../core/label.ts";
import { PERMISSIONS, type Permission } from "../../core/person.ts";
import type { Access, AccessVerdict } from "../../core/ports/access.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Caller, ChatOutcome, ChatRequest, Gateway, QuestionEvent, Said } from "../../core/ports/gateway.ts";
import { seededRandom } from "../../core/testing.ts";
import type { TurnEvent } from "../../core/turn.ts";
import type { HttpLogEntry } from "./errors.ts";
import type { HttpLimits } from "./limits.ts";
import { createHttp, type Http, type HttpOptions } from "./server.ts";

export const realClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => sleep(ms, undefined, { ...(signal && { signal }), ref: false }),
};

const random = seededRandom(7);
export const TURN = newId("trn", random);
export const SESSION = newId("ses", random);
export const APPROVAL = newId("apr", random);
export const TOKEN = newId("tok", random);
const CALL: CallId = newId("call", random);
const MODEL = { provider: "offline", model: "planner", remote: false };

export function callerWith(permissions: readonly Permission[]): Caller {
  return {
    token: TOKEN,
    person: parsePersonId("owner"),
    trust: "full",
    roles: ["admin"],
    permissions: new Set(permissions),
    channel: "api",
  };
}

export const QUESTION: Question = {
  id: APPROVAL,
  call: CALL,
  digest: sha256("call"),
  tool: "exec",
  effect: "exec",
  arguments: { command: "rm notes.md" },
  cwd: "/home/owner/vambrace",
  because: ["floor.delete"],
  says: "this deletes what has no copy",
  needs: "yes",
  origins: [],
  facts: {
    effect: "exec",
    influence: SYSTEM_LABEL,
    arguments: [],
    designated: false,
    paths: [],
    hosts: [],
    carries: [],
  },
  origin: { session: SESSION, turn: TURN, agent: parseAgentId("main"), channel: "webchat" },
  askedOf: [parsePersonId("owner")],
  quotes: [],
  leaving: { confidentiality: "public", carries: [], to: [] },
  found: {},
  sources: [],
  expiresMs: 4_000_000_000_000,
};

export const OUTCOME: ChatOutcome = {
  turn: TURN,
  session: SESSION,
  stop: "done",
  text: "hello there",
  usage: { inputTokens: 3, outputTokens: 2 },
};

export const EVENTS: readonly TurnEvent[] = [
  { type: "turn.started", turn: TURN, session: SESSION, model: MODEL },
  { type: "text", delta: "hello " },
  { type: "call.proposed", call: CALL, tool: "list", arguments: { path: "." } },
  { type: "call.decided", call: CALL, verdict: "allow", says: "named by the person", because: ["flow.designated"] },
  { type: "call.finished", call: CALL, ok: true, summary: "3 files", wallMs: 4 },
  { type: "text", delta: "there" },
  { type: "turn.finished", turn: TURN, stop: "done", text: "hello there", usage: OUTCOME.usage },
];

export const HISTORY: readonly Said[] = [
  { kind: "person", from: "owner", text: "what was it <b>again</b>" },
  { kind: "call", from: "list", text: 'list {"path":"."}' },
  { kind: "agent", from: "vambrace", text: "it was that" },
];

export type Chat = (
  request: ChatRequest,
  emit: (event: TurnEvent) => void,
  signal: AbortSignal,
) => Promise<ChatOutcome>;

export type FakeGateway = Gateway & {
  /** Names of what was asked, with its arguments. */
  readonly asked: [string, ...unknown[]][];
  chatWith(chat: Chat): void;
  /** Tells watchers that a question opened or closed. */
  tell(event: QuestionEvent): void;
  readonly ready: { control: string; ready: boolean; says: string }[];
};

const STATUS = {
  version: "0",
  halted: false,
  model: MODEL,
  sessions: 1,
  turnsRunning: 0,
  approvalsOpen: 0,
  ledger: { entries: 1, rootHex: "00" },
  downgrades: [],
  weakModels: [],
  reminders: [],
  watch: {
    alerts: { raised: 0, undelivered: 0, silent: [] },
    stopped: null,
    frozen: [],
    openIncidents: [],
    servicesOff: [],
    closeWatchUntilMs: null,
  },
};

type Note = <T>(name: string, answer: T, ...args: unknown[]) => T;

function endorsingOf(note: Note): Pick<Gateway, "endorse" | "endorsements" | "unendorse"> {
  return {
    endorse: async (caller, ...rest) => note("endorse", undefined, caller, ...rest),
    endorsements: async (caller) => note("endorsements", [], caller),
    unendorse: async (caller, of) => note("unendorse", undefined, caller, of),
  };
}

export function fakeGateway(): FakeGateway {
  const asked: [string, ...unknown[]][] = [];
  const watchers = new Set<(event: QuestionEvent) => void>();
  const note: Note = (name, answer, ...args) => {
    asked.push([name, ...args]);
    return answer;
  };
  let chat: Chat = async (_request, emit) => {
    for (const event of EVENTS) emit(event);
    return OUTCOME;
  };
  const ready = [{ control: "sandbox", ready: true, says: "held" }];
  const executed = { call: CALL, verdict: "allow", ok: true, text: "done", says: "named", because: ["x"] } as const;
  return {
    asked,
    ready,
    chatWith: (other) => void (chat = other),
    tell: (event) => watchers.forEach((watcher) => watcher(event)),
    chat: async (caller, request, emit, signal) => note("chat", chat(request, emit, signal), caller, request),
    execute: async (caller, request) => {
      note("execute", undefined, caller, request);
      return request.tool === "forbidden" ? { ...executed, verdict: "deny", ok: false, says: "no" } : executed;
    },
    questions: (caller) => note("questions", [QUESTION], caller),
    answer: async (caller, ...rest) => note("answer", undefined, caller, ...rest),
    ...endorsingOf(note),
    watch: (caller, listener, signal) => {
      note("watch", undefined, caller);
      watchers.add(listener);
      signal.addEventListener("abort", () => watchers.delete(listener));
    },
    sessions: async (caller) => note("sessions", [], caller),
    history: async (caller) => note("history", HISTORY, caller),
    searchLog: async (caller, query) => note("searchLog", [], caller, query),
    status: async () => note("status", { ...STATUS, readiness: ready }),
    readiness: async () => note("readiness", ready),
    metrics: async () => note("metrics", "vambrace_up 1\n"),
    stop: async (caller, reason) => note("stop", undefined, caller, reason),
    resume: async (caller) => note("resume", undefined, caller),
    reloadSecrets: async (caller) => note("reloadSecrets", { changed: [], failed: [] }, caller),
    watching: fakeWatching(note),
    tokens: {
      list: async (caller) => note("tokens.list", [], caller),
      create: async (caller, request) => note("tokens.create", { id: TOKEN, token: "vmb_x" }, caller, request),
      revoke: async (caller, id) => note("tokens.revoke", id === TOKEN, caller, id),
    },
  };
}

function fakeWatching(note: Note): Gateway["watching"] {
  return {
    alerts: (caller) => note("alerts", { rules: [], recent: [], undelivered: [], delivered: 0, swallowed: 0 }, caller),
    silence: async (caller, request) => note("silence", undefined, caller, request),
    unsilence: async (caller, rule) => note("unsilence", true, caller, rule),
    test: async (caller, rule) => note("test", [], caller, rule),
    freeze: async (caller, session, why) => note("freeze", [session], caller, session, why),
    thaw: async (caller, session) => note("thaw", true, caller, session),
    endAccess: async (caller, why) => note("endAccess", [], caller, why),
    seal: async (caller, digest) => note("seal", "a note", caller, digest),
  };
}

export const ALL = "all-0123456789";
export const COOKIE = "c".repeat(52);
export const PROOF = "p".repeat(52);

/** Token `all-…` may everything, `only-PERMISSION` that one thing, `none` nothing. */
export function fakeAccess(): Access & { revoked: boolean; readonly tried: string[] } {
  const tried: string[] = [];
  const bearer = (token: string): AccessVerdict => {
    if (fake.revoked) return { verdict: "refused", why: "revoked" };
    if (token === ALL) return { verdict: "known", caller: callerWith(PERMISSIONS) };
    if (token === "none") return { verdict: "known", caller: callerWith([]) };
    if (token === "locked") return { verdict: "refused", why: "locked", retryAfterMs: 61_000 };
    const only = PERMISSIONS.filter((permission) => token === `only-${permission}`);
    return only.length > 0 ? { verdict: "known", caller: callerWith(only) } : { verdict: "refused", why: "unknown" };
  };
  const fake = {
    revoked: false,
    tried,
    bearer: async (token: string) => {
      tried.push(token);
      return bearer(token);
    },
    again: async (token: string) => bearer(token),
    invite: async () => ({ code: "good", lastsMs: 1000 }),
    session: async (secret: string, proof: string): Promise<AccessVerdict> =>
      secret === COOKIE && proof === PROOF && !fake.revoked
        ? { verdict: "known", caller: { ...callerWith(PERMISSIONS), channel: "webchat" } }
        : { verdict: "refused", why: "unknown" },
    login: async (code: string) =>
      code === "good"
        ? ({ verdict: "known", caller: callerWith(PERMISSIONS), secret: COOKIE, proof: PROOF, maxAgeMs: 1000 } as const)
        : ({ verdict: "refused", why: "unknown" } as const),
    logout: async (secret: string) => void tried.push(`logout ${secret}`),
  };
  return fake;
}

export type Bench = {
  readonly gateway: FakeGateway;
  readonly access: ReturnType<typeof fakeAccess>;
  readonly log: HttpLogEntry[];
  readonly http: Http;
  /** A request without a socket, as `ALL` unless said otherwise. */
  ask(path: string, init?: RequestInit & { token?: string | null }): Promise<Response>;
};

export function bench(options: Partial<HttpOptions> & { limits?: Partial<HttpLimits> } = {}): Bench {
  const gateway = fakeGateway();
  const access = fakeAccess();
  const log: HttpLogEntry[] = [];
  const http = createHttp({
    gateway,
    access,
    listen: { host: "127.0.0.1", port: 0 },
    allowedHosts: ["127.0.0.1", "localhost"],
    trustedProxies: [],
    page: new Map([["/", { body: new TextEncoder().encode("<!doctype html>"), type: "text/html; charset=utf-8" }]]),
    version: "0.0.0",
    clock: realClock,
    random,
    log: (entry) => log.push(entry),
    ...options,
  });
  return {
    gateway,
    access,
    log,
    http,
    async ask(path, init = {}) {
      const { token = ALL, ...rest } = init;
      const headers = new Headers(rest.headers);
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
      if (rest.body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json");
      return http.app.request(path, { ...rest, headers });
    },
  };
}

/** The one reading of a body that the tests agree on. */
// oxlint-disable-next-line typescript/no-explicit-any -- a test reads what it expects, and fails where that is not there
export async function json(response: Response): Promise<any> {
  return response.json();
}

export async function errorCode(response: Response): Promise<string> {
  return String((await json(response)).error.code);
}
