/**
 * A whole gateway in this process, with models that play what a test wrote.
 *
 * @module
 */
import { WebSocket } from "ws";
import { environmentOf } from "../src/app/config/environment.ts";
import { MAIN_AGENT } from "../src/app/config/settings.ts";
import type { Served } from "../src/app/open.ts";
import { serve } from "../src/app/serve.ts";
import type { Question } from "../src/core/approval.ts";
import { type AgentId, newId, parsePersonId } from "../src/core/ids.ts";
import type { JsonObject } from "../src/core/json.ts";
import type { Trust } from "../src/core/label.ts";
import { PERMISSIONS, type Permission } from "../src/core/person.ts";
import type { Caller, ChatOutcome } from "../src/core/ports/gateway.ts";
import type { ModelRequest } from "../src/core/ports/model.ts";
import type { TurnEvent } from "../src/core/turn.ts";
import { systemRandom } from "../src/app/system.ts";
import { type ScriptStep, scriptedModel } from "../src/edges/models/scripted.ts";
import { call, makePlace, type Place, tokenOf } from "./campaign.ts";

/** What the model does when a message says `play NAME`. */
export type Plays = Map<string, readonly (ScriptStep | ((request: ModelRequest) => ScriptStep))[]>;

export type Kit = {
  readonly place: Place;
  readonly plays: Plays;
  /** What it answers where it is asked beside a conversation, without tools. */
  beside: (request: ModelRequest) => string;
  /** All that the model was ever shown. */
  readonly requests: readonly ModelRequest[];
  /** The newest start of it. */
  served(): Served;
  token(): string;
  /** Ends it and starts another on the same folders. */
  restart(meanwhile?: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
};

export async function startKit(
  config: (place: Place) => JsonObject = () => ({}),
  agents: readonly AgentId[] = [],
): Promise<Kit> {
  const place = makePlace(config);
  const plays: Plays = new Map();
  const requests: ModelRequest[] = [];
  const model = scriptedModel((request) => {
    requests.push(request);
    if (request.tools.length === 0 && request.messages[0]?.role === "system" && isBeside(request.messages[0].text))
      return { text: kit.beside(request) };
    const begun = request.messages.findLastIndex((message) => message.role === "user");
    const [, name = ""] = /\bplay ([\w-]+)/.exec(request.messages[begun]?.text ?? "") ?? [];
    const done = request.messages.slice(begun + 1).filter((message) => message.role === "assistant").length;
    const steps = plays.get(name) ?? [];
    const step = steps[done] ?? { text: `played ${name}` };
    return typeof step === "function" ? step(request) : step;
  });
  const chosen = { model, local: model, contextTokens: 100_000, why: "a scripted model" };
  const models = new Map([MAIN_AGENT, ...agents].map((agent) => [agent, chosen]));
  const start = (): Promise<Served> => serve({ env: environmentOf(place.env), port: 0, models });
  let served = await start();
  const kit: Kit = {
    place,
    plays,
    beside: () => "",
    requests,
    served: () => served,
    token: () => tokenOf(place),
    async restart(meanwhile) {
      await served.close();
      await meanwhile?.();
      served = await start();
    },
    async close() {
      await served.close();
      place.remove();
    },
  };
  return kit;
}

const isBeside = (system: string): boolean => system.includes("nothing else: {");

export function callerOf(change: Partial<Omit<Caller, "person">> & { readonly person?: string } = {}): Caller {
  const { person = "owner", ...rest } = change;
  return {
    token: newId("tok", systemRandom),
    person: parsePersonId(person),
    trust: "full",
    roles: ["admin"],
    permissions: new Set(PERMISSIONS),
    channel: "terminal",
    ...rest,
  };
}

export type Seen = {
  readonly outcome: ChatOutcome;
  readonly events: readonly TurnEvent[];
  readonly decided: readonly string[];
};

let messages = 0;

/** One message of this caller, to its end; `decided` is `tool: verdict` of each call. */
export async function say(kit: Kit, text: string, caller: Caller = callerOf(), more: JsonObject = {}): Promise<Seen> {
  const events: TurnEvent[] = [];
  const request = { messageId: `m${++messages}`, text, ...more };
  const outcome = await kit
    .served()
    .wired.gateway.chat(caller, request, (event) => events.push(event), new AbortController().signal);
  return { outcome, events, decided: decidedIn(events) };
}

export function decidedIn(events: readonly TurnEvent[]): readonly string[] {
  const tools = new Map<string, string>();
  return events.flatMap((event) => {
    if (event.type === "call.proposed") tools.set(event.call, event.tool);
    return event.type === "call.decided" ? [`${tools.get(event.call) ?? "?"}: ${event.verdict}`] : [];
  });
}

/** Somebody who answers every question in this way, until the signal ends it. */
export function answering(
  kit: Kit,
  answer: "yes" | "no",
  signal: AbortSignal,
  caller: Caller = callerOf(),
): Question[] {
  const asked: Question[] = [];
  const { gateway } = kit.served().wired;
  gateway.watch(
    caller,
    (event) => {
      if (event.type !== "opened") return;
      asked.push(event.question);
      void gateway.answer(caller, event.question.id, answer, "once");
    },
    signal,
  );
  return asked;
}

/** Makes a token through the door of an owner. */
export async function makeToken(
  kit: Kit,
  request: {
    readonly name: string;
    readonly person?: string;
    readonly trust?: Trust;
    readonly permissions: readonly Permission[];
  },
): Promise<string> {
  return (await kit.served().wired.gateway.tokens.create(callerOf(), request)).token;
}

export const post = (kit: Kit, path: string, body: JsonObject, token = kit.token()) =>
  call(kit.served().url, token, path, body);
export const get = (kit: Kit, path: string, token = kit.token()) => call(kit.served().url, token, path);

/** One chat over a WebSocket, to its outcome or fault. */
export async function overSocket(kit: Kit, text: string, token = kit.token()): Promise<JsonObject> {
  const socket = new WebSocket(`${kit.served().url.replace("http", "ws")}/ws`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const { promise, resolve, reject } = Promise.withResolvers<JsonObject>();
  socket.on("error", reject);
  socket.on("close", () => reject(new Error("closed without an answer")));
  socket.on("message", (data: Buffer) => {
    const message = JSON.parse(data.toString("utf8")) as JsonObject;
    if (message["type"] === "ready")
      socket.send(JSON.stringify({ v: 1, type: "chat", id: "c1", text, messageId: `w${++messages}` }));
    if (message["type"] === "outcome" || message["type"] === "fault") resolve(message);
  });
  try {
    return await promise;
  } finally {
    socket.removeAllListeners("close");
    socket.close();
  }
}
