/**
 * What is said to the browser and heard from it: the DevTools protocol over
 * its pipe, JSON messages that a zero ends each.
 *
 * The browser may have been taken over by a page, so nothing of its shape is
 * taken on trust. A message that is none, or is too long, ends the line: after
 * that nothing on it has a meaning.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

/** `session`: of the tab that it is about; absent: about the browser. */
export type CdpEvent = { readonly method: string; readonly params: JsonObject; readonly session?: string };

export type Cdp = {
  /** @throws Fault BROWSER_FAILED where the browser refuses it, or is gone. */
  send(method: string, params?: JsonObject, session?: string): Promise<JsonObject>;
  /** Bytes that came from the browser. */
  take(bytes: Uint8Array): void;
  /** Nothing more will come; everything that waits is told why. */
  lose(fault: Fault): void;
};

/** Bytes; a full screenshot has a few million. */
const MOST_MESSAGE = 24 * 1024 * 1024;

type Waiting = Map<number, PromiseWithResolvers<JsonObject> & { readonly method: string }>;

export function openCdp(deps: {
  readonly write: (bytes: Uint8Array) => void;
  readonly onEvent: (event: CdpEvent) => void;
  /** Called once, when the browser broke the form of what is said. */
  readonly onBroken: () => void;
}): Cdp {
  const waiting: Waiting = new Map();
  let lost: Fault | null = null;
  let last = 0;
  const lose = (fault: Fault): void => {
    lost ??= fault;
    for (const one of waiting.values()) one.reject(lost);
    waiting.clear();
  };
  const cut = cutter((message) => hear(message, waiting, deps.onEvent));
  return {
    lose,
    async send(method, params = {}, session) {
      if (lost !== null) throw lost;
      const id = ++last;
      const answer = Promise.withResolvers<JsonObject>();
      waiting.set(id, { ...answer, method });
      const message = { id, method, params, ...(session === undefined ? {} : { sessionId: session }) };
      deps.write(Buffer.from(`${JSON.stringify(message)}\0`, "utf8"));
      return answer.promise;
    },
    take(bytes) {
      if (lost !== null) return;
      try {
        cut(bytes);
      } catch {
        lose(failed("it said something that is no message"));
        deps.onBroken();
      }
    },
  };
}

export function failed(why: string, hint = "open the page again with `browser_open`"): Fault {
  return new Fault("BROWSER_FAILED", { message: `the browser failed: ${why}`, hint });
}

/** @throws Error for a message that is too long, or whatever `tell` throws. */
function cutter(tell: (message: string) => void): (bytes: Uint8Array) => void {
  let held: Uint8Array[] = [];
  let length = 0;
  const hold = (piece: Uint8Array): void => {
    held.push(piece);
    length += piece.length;
    if (length > MOST_MESSAGE) throw new Error("too long");
  };
  return (bytes) => {
    let rest = bytes;
    for (let at = rest.indexOf(0); at >= 0; at = rest.indexOf(0)) {
      hold(rest.subarray(0, at));
      const message = Buffer.concat(held).toString("utf8");
      held = [];
      length = 0;
      rest = rest.subarray(at + 1);
      tell(message);
    }
    hold(rest);
  };
}

function hear(text: string, waiting: Waiting, onEvent: (event: CdpEvent) => void): void {
  const message: JsonValue = JSON.parse(text);
  if (!isObject(message)) throw new Error("no object");
  const { id, method, params, sessionId, result, error } = message;
  if (typeof method === "string" && isObject(params))
    return onEvent({ method, params, ...(typeof sessionId === "string" ? { session: sessionId } : {}) });
  if (typeof id !== "number") throw new Error("neither answer nor event");
  if (!isObject(result) && !isObject(error)) throw new Error("neither result nor error");
  const one = waiting.get(id);
  waiting.delete(id);
  if (isObject(result)) one?.resolve(result);
  // Its own words may be a page's, and a fault carries no label of a page.
  else one?.reject(failed(`it refused \`${one.method}\``));
}
