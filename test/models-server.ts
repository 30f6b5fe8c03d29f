/** A fake model provider on loopback, in each of the four wire formats. @module */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "../src/core/ports/clock.ts";
import type { NetScope } from "../src/core/ports/net.ts";
import type { ModelRef, Provider } from "../src/edges/models/config.ts";

export const KEY = "sk-test-4f9a1c77e0b2d6a8";

export type Seen = { readonly url: string; readonly headers: IncomingMessage["headers"]; readonly body: string };
export type Reply = (response: ServerResponse, seen: Seen) => void;

export type FakeProvider = AsyncDisposable & { readonly origin: string; readonly seen: Seen[] };

/** Answers the first request by the first reply, and so on; the last one repeats. */
export async function fakeProvider(...replies: readonly Reply[]): Promise<FakeProvider> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const entry = { url: request.url ?? "", headers: request.headers, body: Buffer.concat(chunks).toString("utf8") };
      seen.push(entry);
      replies[Math.min(seen.length, replies.length) - 1]?.(response, entry);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sse(...events: readonly unknown[]): Reply {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) response.write(frameOf(event));
    response.end();
  };
}

function frameOf(event: unknown): string {
  if (typeof event === "string") return `data: ${event}\n\n`;
  const { type } = event as { type?: string };
  return `${type === undefined ? "" : `event: ${type}\n`}data: ${JSON.stringify(event)}\n\n`;
}

export function status(code: number, body: unknown = {}, headers: Record<string, string> = {}): Reply {
  return (response) => {
    response.writeHead(code, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(body));
  };
}

/** Writes these events, then nothing more. */
export function hang(...events: readonly unknown[]): Reply {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.flushHeaders();
    for (const event of events) response.write(frameOf(event));
  };
}

export function breakOff(...events: readonly unknown[]): Reply {
  return (response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of events) response.write(frameOf(event));
    setTimeout(() => response.destroy(), 30);
  };
}

export type Wire = {
  readonly provider: Provider;
  readonly path: string;
  readonly keyHeader: (headers: IncomingMessage["headers"]) => unknown;
  readonly keyName: string;
  /** "Hello there", then `read {"path":"notes.md"}`. */
  readonly answer: readonly unknown[];
  /** The first words only. */
  readonly opening: readonly unknown[];
  readonly badCall: readonly unknown[];
};

const bearer = (headers: IncomingMessage["headers"]): unknown => headers.authorization?.replace("Bearer ", "");

function anthropicEvents(input: string): readonly unknown[] {
  return [
    {
      type: "message_start",
      message: {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "m",
        content: [],
        stop_reason: null,
        stop_sequence: null,
        usage: { input_tokens: 12, output_tokens: 1 },
      },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hello " } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "there" } },
    { type: "content_block_stop", index: 0 },
    {
      type: "content_block_start",
      index: 1,
      content_block: { type: "tool_use", id: "toolu_1", name: "read", input: {} },
    },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: input.slice(0, 6) } },
    { type: "content_block_delta", index: 1, delta: { type: "input_json_delta", partial_json: input.slice(6) } },
    { type: "content_block_stop", index: 1 },
    { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage: { output_tokens: 9 } },
    { type: "message_stop" },
  ];
}

function chatEvents(input: string): readonly unknown[] {
  const chunk = (delta: unknown, finish: string | null = null): unknown => ({
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  return [
    chunk({ role: "assistant", content: "Hello " }),
    chunk({ content: "there" }),
    chunk({
      tool_calls: [
        { index: 0, id: "call_1", type: "function", function: { name: "read", arguments: input.slice(0, 6) } },
      ],
    }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: input.slice(6) } }] }),
    chunk({}, "tool_calls"),
    {
      id: "c1",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [],
      usage: { prompt_tokens: 12, completion_tokens: 9, total_tokens: 21 },
    },
    "[DONE]",
  ];
}

function responsesEvents(input: string): readonly unknown[] {
  const response = { id: "resp_1", object: "response", created_at: 1, model: "m", status: "in_progress", output: [] };
  const call = { type: "function_call", id: "fc_1", call_id: "call_1", name: "read", status: "completed" };
  return [
    { type: "response.created", response },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { type: "message", id: "m_1", role: "assistant", status: "in_progress", content: [] },
    },
    { type: "response.output_text.delta", item_id: "m_1", output_index: 0, content_index: 0, delta: "Hello " },
    { type: "response.output_text.delta", item_id: "m_1", output_index: 0, content_index: 0, delta: "there" },
    {
      type: "response.output_item.done",
      output_index: 0,
      item: {
        type: "message",
        id: "m_1",
        role: "assistant",
        status: "completed",
        content: [{ type: "output_text", text: "Hello there", annotations: [] }],
      },
    },
    { type: "response.output_item.added", output_index: 1, item: { ...call, status: "in_progress", arguments: "" } },
    { type: "response.function_call_arguments.delta", item_id: "fc_1", output_index: 1, delta: input },
    { type: "response.function_call_arguments.done", item_id: "fc_1", output_index: 1, arguments: input },
    { type: "response.output_item.done", output_index: 1, item: { ...call, arguments: input } },
    {
      type: "response.completed",
      response: {
        ...response,
        status: "completed",
        incomplete_details: null,
        usage: {
          input_tokens: 12,
          input_tokens_details: { cached_tokens: 0 },
          output_tokens: 9,
          output_tokens_details: { reasoning_tokens: 0 },
        },
      },
    },
  ];
}

function googleEvents(part: unknown): readonly unknown[] {
  const chunk = (parts: readonly unknown[], more: object = {}): unknown => ({
    candidates: [{ index: 0, content: { role: "model", parts }, ...more }],
  });
  return [
    chunk([{ text: "Hello " }]),
    chunk([{ text: "there" }]),
    {
      ...(chunk([part], { finishReason: "STOP" }) as object),
      usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 9, totalTokenCount: 21 },
    },
  ];
}

const GOOD = JSON.stringify({ path: "notes.md" });
const BAD = '{"path": "notes.m';

export const WIRES: readonly Wire[] = [
  {
    provider: "anthropic",
    path: "/v1/messages",
    keyName: "ANTHROPIC_API_KEY",
    keyHeader: (headers) => headers["x-api-key"],
    answer: anthropicEvents(GOOD),
    opening: anthropicEvents(GOOD).slice(0, 4),
    badCall: anthropicEvents(BAD),
  },
  {
    provider: "openai",
    path: "/v1/responses",
    keyName: "OPENAI_API_KEY",
    keyHeader: bearer,
    answer: responsesEvents(GOOD),
    opening: responsesEvents(GOOD).slice(0, 4),
    badCall: responsesEvents(BAD),
  },
  {
    provider: "google",
    path: "/v1/models/m:streamGenerateContent?alt=sse",
    keyName: "GOOGLE_API_KEY",
    keyHeader: (headers) => headers["x-goog-api-key"],
    answer: googleEvents({ functionCall: { name: "read", args: { path: "notes.md" } } }),
    opening: googleEvents({}).slice(0, 2),
    badCall: googleEvents({ functionCall: { name: "read", args: "notes" } }),
  },
  ...(["deepseek", "openai-compatible", "ollama"] as const).map(
    (provider): Wire => ({
      provider,
      path: "/v1/chat/completions",
      keyName: provider === "deepseek" ? "DEEPSEEK_API_KEY" : "LLM_API_KEY",
      keyHeader: bearer,
      answer: chatEvents(GOOD),
      opening: chatEvents(GOOD).slice(0, 2),
      badCall: chatEvents(BAD),
    }),
  ),
];

export function refOf(wire: Wire, provider: FakeProvider): ModelRef {
  return { provider: wire.provider, model: "m", baseURL: `${provider.origin}/v1`, apiKey: KEY };
}

/** Runs ten times as fast as real time, and notes how long it was asked to sleep. */
export function fastClock(): Clock & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    wallMs: () => Date.UTC(2026, 0, 1),
    monotonicMs: () => performance.now() * 10,
    sleep(ms, signal) {
      slept.push(ms);
      return new Promise((resolve, reject) => {
        const timer = setTimeout(resolve, ms / 10);
        signal?.addEventListener(
          "abort",
          () => {
            clearTimeout(timer);
            reject(new Error("aborted"));
          },
          { once: true },
        );
      });
    },
  };
}

/** The global `fetch`, held to the scope that it was asked for. */
export function scopedFetch(scopes: NetScope[] = []): (scope: NetScope) => typeof globalThis.fetch {
  return (scope) => async (input, init) => {
    scopes.push(scope);
    const url = new URL(input instanceof Request ? input.url : input);
    if (scope.kind !== "origin" || url.origin !== scope.origin) throw new Error(`out of scope: ${url.origin}`);
    return await fetch(input, { ...init, redirect: "manual" });
  };
}
