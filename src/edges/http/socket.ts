/**
 * WebSockets: the same front and guard as every other request, then one
 * conversation each.
 *
 * A bearer token that is wrong is 401 before anything is upgraded. A browser
 * cannot send one, so its page comes with the cookie, from its own origin, and
 * says its proof first; others may say their token first. Whoever says nothing
 * is dropped.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { Fault } from "../../core/fault.ts";
import type { Access } from "../../core/ports/access.ts";
import { type Conversation, createConversation, GOING_AWAY, POLICY_VIOLATION, type Who } from "./conversation.ts";
import { errorAnswer, errorHeaders, rateLimited, statusOf } from "./errors.ts";
import type { Arrived, Front } from "./front.ts";
import { credentialOf, demand, known } from "./guard.ts";
import { headOfIncoming, type Head } from "./head.ts";
import type { RouteParts } from "./routes/parts.ts";
import { callerRoute, type Route } from "./route.ts";
import { rawAnswer } from "./raw.ts";

export const SOCKET_PATH = "/ws";

/** Stands in the table so that the permission is said there too; an upgrade never gets here. */
export const socketRoute: Route = callerRoute({
  method: "GET",
  path: SOCKET_PATH,
  says: "WebSocket: chat, events, questions and answers",
  needs: "chat",
  run: async () => {
    throw new Fault("REQUEST_MALFORMED", { message: "this is a WebSocket", hint: "connect to it with ws://" });
  },
});

export type SocketParts = Omit<RouteParts, "tell"> & {
  readonly front: Front;
  readonly tell: (thrown: unknown, head: Head, from: string) => { readonly fault: Fault; readonly request: string };
};

export type Sockets = {
  upgrade(incoming: IncomingMessage, socket: Duplex, rest: Buffer): Promise<void>;
  close(): void;
  terminate(): void;
};

export function createSockets(parts: SocketParts): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: parts.limits.frameBytes,
    perMessageDeflate: false,
    // There is one language here; agreeing to any other that a client names would be a promise.
    handleProtocols: () => false,
    clientTracking: true,
  });
  const strangers = new Set<WebSocket>();
  return {
    async upgrade(incoming, socket, rest) {
      const head = headOfIncoming(incoming);
      socket.on("error", () => socket.destroy());
      try {
        const arrived = await parts.front(head);
        const bearer = await admitUpgrade(parts.access, head, arrived);
        if (bearer === undefined && strangers.size >= parts.limits.strangers) {
          throw rateLimited("too many connections that have not logged in", 5);
        }
        if (socket.destroyed) return;
        server.handleUpgrade(incoming, socket, rest, (line) =>
          serve(parts, { line, head, arrived, bearer, strangers }),
        );
      } catch (thrown) {
        const { fault, request } = parts.tell(thrown, head, head.peer ?? "unknown");
        socket.end(rawAnswer(statusOf(fault), errorAnswer(fault, request), errorHeaders(fault)));
      }
    },
    close: () => server.clients.forEach((line) => line.close(GOING_AWAY, "closing")),
    terminate: () => server.clients.forEach((line) => line.terminate()),
  };
}

/** Who it is where a bearer token says so; undefined where the first message has to. */
async function admitUpgrade(access: Access, head: Head, arrived: Arrived): Promise<Who | undefined> {
  const credential = credentialOf(head, arrived);
  if (credential.kind === "bearer") {
    demand(known(await access.bearer(credential.token, arrived.from)), "chat");
    return async () => known(await access.again(credential.token));
  }
  if (credential.kind === "none" || head.header("origin") !== undefined) return undefined;
  throw new Fault("ORIGIN_REFUSED", {
    message: "a WebSocket with a cookie has to come from the gateway's own page",
    hint: "programs send `Authorization: Bearer`",
  });
}

type Served = {
  readonly line: WebSocket;
  readonly head: Head;
  readonly arrived: Arrived;
  readonly bearer: Who | undefined;
  readonly strangers: Set<WebSocket>;
};

function serve(parts: SocketParts, served: Served): void {
  const { line, head, arrived, bearer, strangers } = served;
  const { access } = parts;
  if (bearer === undefined) strangers.add(line);
  const conversation = createConversation({
    ...parts,
    line: {
      send: (text) => line.send(text),
      unread: () => line.bufferedAmount,
      close: (code, reason) => line.close(code, reason),
    },
    ...(bearer && { who: bearer }),
    introduce: (message) => {
      if ("token" in message) return firstThenAgain(access, message.token, arrived);
      const credential = credentialOf(head, arrived);
      const secret = credential.kind === "cookie" ? credential.secret : "";
      return async () => known(await access.session(secret, message.proof));
    },
    onKnown: () => strangers.delete(line),
    tell: (thrown) => void parts.tell(thrown, head, arrived.from.address),
  });
  const gone = new AbortController();
  line.on("message", (data, isBinary) => conversation.receive(bytesOf(data), isBinary));
  line.on("error", (thrown) => parts.tell(broken(thrown), head, arrived.from.address));
  line.on("close", () => {
    strangers.delete(line);
    gone.abort();
    conversation.ended();
  });
  if (bearer === undefined) dropStranger(parts, served, gone.signal);
  keepAlive(parts, line, conversation, gone.signal);
}

function firstThenAgain(access: Access, token: string, arrived: Arrived): Who {
  let isProved = false;
  return async () => {
    const caller = known(await (isProved ? access.again(token) : access.bearer(token, arrived.from)));
    isProved = true;
    return caller;
  };
}

/** What a peer does to the form of frames is its fault, not ours. */
function broken(cause: Error): Fault {
  return new Fault("BODY_MALFORMED", { message: "a frame breaks the form", hint: "speak RFC 6455", cause });
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}

function dropStranger(parts: SocketParts, { line, strangers }: Served, gone: AbortSignal): void {
  const wait = async (): Promise<void> => {
    await parts.clock.sleep(parts.limits.strangerMs, gone);
    if (strangers.has(line)) line.close(POLICY_VIOLATION, "AUTH_REQUIRED");
  };
  wait().catch(() => strangers.delete(line));
}

/** A peer that is gone without a word is noticed, and one whose token was revoked is put out. */
function keepAlive(parts: SocketParts, line: WebSocket, conversation: Conversation, gone: AbortSignal): void {
  let isAlive = true;
  line.on("pong", () => {
    isAlive = true;
  });
  const beat = async (): Promise<void> => {
    for (;;) {
      await parts.clock.sleep(parts.limits.heartbeatMs, gone);
      if (!isAlive) return line.terminate();
      isAlive = false;
      line.ping();
      await conversation.recheck();
    }
  };
  beat().catch(() => line.terminate());
}
