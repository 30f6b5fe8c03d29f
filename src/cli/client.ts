/**
 * The command line's way to a running gateway: HTTP on loopback with the token
 * that the gateway left in the state folder for the owner's own terminal.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import { stateFolder } from "../app/config/environment.ts";
import { homeAt } from "../app/home.ts";
import { Fault } from "../core/fault.ts";
import { createNet } from "../edges/net/net.ts";
import { errorAnswer } from "../wire/answers.ts";
import { serverMessage, type ServerMessage } from "../wire/socket.ts";
import type { Io } from "./command.ts";

const Running = z.looseObject({ url: z.string(), pid: z.number() });

export type GatewayClient = {
  readonly url: string;
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T>;
  delete(path: string): Promise<void>;
  /** What `POST /api/chat` streams. */
  chat(body: unknown, signal: AbortSignal): AsyncGenerator<ServerMessage>;
};

/** @throws Fault GATEWAY_UNREACHABLE where none is running, or this person may not read its token. */
export function connect(io: Io): GatewayClient {
  const home = homeAt(stateFolder(io.env));
  const running = Running.safeParse(readJson(home.running));
  if (!running.success) throw unreachable("no gateway is running");
  const { url } = running.data;
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
      throw unreachable("the gateway does not answer", cause);
    });
    if (!answer.ok) throw await refusal(answer);
    return answer;
  }

  return {
    url,
    get: async (path, schema) => schema.parse(await (await send("GET", path)).json()),
    post: async (path, body, schema) => schema.parse(await (await send("POST", path, body)).json()),
    async delete(path) {
      await (await send("DELETE", path)).body?.cancel();
    },
    async *chat(body, signal) {
      const answer = await send("POST", "/api/chat", body, signal);
      for await (const data of eventData(answer)) yield serverMessage.parse(JSON.parse(data));
    },
  };
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
  const code = answer.status === 403 || answer.status === 401 ? "DENIED" : "GATEWAY_REFUSED";
  return new Fault(code, { message, hint });
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    if (cause instanceof Error) return undefined;
    throw cause;
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch (cause) {
    throw unreachable("the token of this terminal cannot be read", cause);
  }
}

function unreachable(message: string, cause?: unknown): Fault {
  return new Fault("GATEWAY_UNREACHABLE", {
    message,
    hint: "start one with `vambrace start`, in another terminal or with --detach",
    cause,
  });
}
