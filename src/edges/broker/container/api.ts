/**
 * A small client of the container engine's API over its unix socket: the
 * calls that the broker needs, and nothing of npm.
 *
 * The socket is as good as root on this machine. Only the broker opens it, and
 * no sandbox ever sees it.
 *
 * @see https://docs.docker.com/reference/api/engine/
 * @module
 */
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import type { Duplex } from "node:stream";
import { isObject, type JsonValue } from "../../../core/json.ts";
import { Refused } from "../refusal.ts";

export type Api = {
  /** @throws Refused SANDBOX_MISSING where nobody answers. */
  call(method: "GET" | "POST" | "DELETE", path: string, body?: JsonValue): Promise<Answer>;
  /** The container's three streams as one connection. @throws Refused */
  attach(id: string): Promise<Duplex>;
};

export type Answer = { readonly status: number; readonly body: JsonValue };

/** Making a container takes a fifth of a second; a busy machine or a cold disk may take many times that. */
const PATIENCE_MS = 60_000;
const MOST_ANSWER = 8 * 1024 * 1024;

/** @param version `/v1.41`, or nothing before it is known. */
export function openApi(socketPath: string, version: string): Api {
  const ask = (method: string, path: string, headers: Record<string, string>): ClientRequest =>
    request({ socketPath, method, path: `${version}${path}`, headers, agent: false, timeout: PATIENCE_MS });
  return {
    call(method, path, body) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const text = body === undefined ? "" : JSON.stringify(body);
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const sent = ask(method, path, { ...headers, "content-length": String(Buffer.byteLength(text)) });
      failWith(sent, reject, socketPath);
      sent.on("response", (message) => void readAnswer(message).then(resolve, reject));
      sent.end(text);
      return promise;
    },
    attach(id) {
      const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
      const sent = ask("POST", `/containers/${id}/attach?stream=1&stdin=1&stdout=1&stderr=1`, {
        connection: "Upgrade",
        upgrade: "tcp",
      });
      failWith(sent, reject, socketPath);
      sent.on("upgrade", (_message, socket, head) => {
        socket.setTimeout(0);
        if (head.length > 0) socket.unshift(head);
        resolve(socket);
      });
      const refused = (answer: Answer): void => reject(engineSaid("attach to a container", answer));
      sent.on("response", (message) => void readAnswer(message).then(refused, reject));
      sent.end();
      return promise;
    },
  };
}

function failWith(sent: ClientRequest, reject: (why: Refused) => void, socketPath: string): void {
  sent.on("timeout", () => sent.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)));
  sent.on("error", (error) => reject(unreachable(socketPath, error.message)));
}

function unreachable(socketPath: string, why: string): Refused {
  return new Refused(
    "SANDBOX_MISSING",
    `the container engine does not answer at \`${socketPath}\`: ${why}`,
    "start it (`systemctl start podman.socket` or `docker`), and let this user open the socket, or write `backend: bubblewrap`",
  );
}

async function readAnswer(message: IncomingMessage): Promise<Answer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of message) {
    if (!Buffer.isBuffer(part)) continue;
    size += part.length;
    if (size > MOST_ANSWER) throw new Error("the container engine's answer has no end");
    parts.push(part);
  }
  return { status: message.statusCode ?? 0, body: parse(Buffer.concat(parts).toString("utf8")) };
}

function parse(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    return text; // an empty answer, or an error in words
  }
}

/** What the engine said no to, in its own words. */
export function engineSaid(what: string, { status, body }: Answer): Refused {
  const words = isObject(body) && typeof body["message"] === "string" ? body["message"] : JSON.stringify(body);
  return new Refused(
    "SANDBOX_BROKEN",
    `the container engine did not ${what} (status ${status}): ${words.slice(0, 400)}`,
    "look at what it says; `vambrace doctor` tries the sandbox again",
  );
}
