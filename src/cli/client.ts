/**
 * The command line's way to a running gateway: HTTP on loopback with the token
 * that the gateway left in the state folder for the owner's own terminal.
 *
 * @module
 */
import type { z } from "zod";
import { stateFolder } from "../app/config/environment.ts";
import { type Home, homeAt } from "../app/home.ts";
import { isGateway, isHeld, readRunning, type Running } from "../app/running.ts";
import { Fault } from "../core/fault.ts";
import { FAULTS, type FaultCode } from "../core/fault-codes.ts";
import { createNet } from "../edges/net/net.ts";
import { errorAnswer } from "../wire/answers.ts";
import { serverMessage, type ServerMessage } from "../wire/socket.ts";
import type { Io } from "./command.ts";
import { readPlainText } from "../app/plain-file.ts";

export type GatewayClient = {
  readonly url: string;
  /** Of the gateway, so that whoever has to can end it. */
  readonly pid: number;
  get<T>(path: string, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>, signal?: AbortSignal): Promise<T>;
  delete(path: string): Promise<void>;
  /** What comes by itself, until the gateway ends the stream: then watch again. */
  watch(signal: AbortSignal): AsyncGenerator<ServerMessage>;
  /** What `POST /api/chat` streams. */
  chat(body: unknown, signal: AbortSignal): AsyncGenerator<ServerMessage>;
};

/** @throws Fault GATEWAY_UNREACHABLE where none is running, or this person may not read its token. */
export function connect(io: Io): GatewayClient {
  const home = homeAt(stateFolder(io.env));
  const { url, pid } = runningOf(home);
  const token = readText(home.cliToken);
  const net = createNet();
  const fetcher = net.fetchFor({ kind: "origin", origin: new URL(url).origin });

  async function send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    };
    const answer = await fetcher(new URL(path, url), init).catch((cause: unknown) => {
      if (signal?.aborted === true) throw cause;
      throw unreachable(`the gateway does not answer on ${url}`, cause);
    });
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }

  return {
    url,
    pid,
    get: async (path, schema, signal) => schema.parse(await (await send("GET", path, undefined, signal)).json()),
    post: async (path, body, schema, signal) => schema.parse(await (await send("POST", path, body, signal)).json()),
    async delete(path) {
      await (await send("DELETE", path)).body?.cancel();
    },
    async *watch(signal) {
      const answer = await send("GET", "/api/events", undefined, signal);
      for await (const data of eventData(answer)) yield serverMessage.parse(JSON.parse(data));
    },
    async *chat(body, signal) {
      const answer = await send("POST", "/api/chat", body, signal);
      for await (const data of eventData(answer)) yield serverMessage.parse(JSON.parse(data));
    },
  };
}

/** @throws Fault GATEWAY_UNREACHABLE where none runs, or one crashed and left only its mark. */
export function runningOf(home: Home): Running {
  const running = readRunning(home);
  if (running === undefined) throw isHeld(home) ? lost() : unreachable("no gateway is running");
  if (!isThere(running)) throw unreachable("no gateway is running: the last one did not end in order");
  return running;
}

/** One in a test, or of another user, does not look like ours and may run all the same. */
function isThere(running: Running): boolean {
  if (isGateway(running)) return true;
  try {
    return process.kill(running.pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

/** The data of server-sent events, each as one string. */
async function* eventData(answer: Response): AsyncGenerator<string> {
  if (answer.body === null) return;
  let held = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    held += piece;
    for (let end = held.indexOf("\n\n"); end >= 0; end = held.indexOf("\n\n")) {
      const lines = held.slice(0, end).split("\n");
      held = held.slice(end + 2);
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      if (data.length > 0) yield data.join("\n");
    }
  }
}

async function refusal(answer: Response): Promise<Fault> {
  const parsed = errorAnswer.safeParse(await answer.json().catch(() => null));
  const { message, hint } = parsed.success
    ? parsed.data.error
    : { message: `the gateway answered ${answer.status}`, hint: "look in its log" };
  const code = parsed.success ? parsed.data.error.code : "";
  return new Fault(isFaultCode(code) ? code : "GATEWAY_REFUSED", { message, hint });
}

/** So that the exit status is the same, whether a command found it out itself or the gateway did. */
function isFaultCode(code: string): code is FaultCode {
  return Object.hasOwn(FAULTS, code) && code !== "INTERNAL";
}

function lost(): Fault {
  return new Fault("GATEWAY_UNREACHABLE", {
    message: "a gateway runs, and `running.json` in the state folder, which says where, is gone or spoiled",
    hint: "`vambrace stop` reaches it all the same; then end it (`pgrep -af 'main.[jt]s start'` shows its process) and start it again",
  });
}

function readText(path: string): string {
  try {
    return readPlainText(path).trim();
  } catch (cause) {
    throw unreachable("the token of this terminal cannot be read", cause);
  }
}

function unreachable(message: string, cause?: unknown): Fault {
  return new Fault("GATEWAY_UNREACHABLE", {
    message,
    hint: "start one with `vambrace start` (in a checkout: `npm start`), in another terminal or with --detach",
    cause,
  });
}
