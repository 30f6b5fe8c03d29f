import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../src/core/fault.ts";
import type { Model, ModelEvent, ModelRequest } from "../src/core/ports/model.ts";
import type { NetScope } from "../src/core/ports/net.ts";
import type { ModelRef } from "../src/edges/models/config.ts";
import { createModel } from "../src/edges/models/model.ts";
import {
  breakOff,
  fakeProvider,
  fastClock,
  hang,
  KEY,
  refOf,
  scopedFetch,
  sse,
  status,
  type Reply,
  type Wire,
  WIRES,
} from "./models-server.ts";

const REQUEST: ModelRequest = {
  messages: [
    { role: "system", text: "You are Vambrace." },
    { role: "user", text: "what is in notes.md" },
    { role: "assistant", text: "", calls: [{ id: "call_a", tool: "list", arguments: { path: "." } }] },
    { role: "tool", callId: "call_a", tool: "list", text: "notes.md", ok: true },
    { role: "system", text: "Remember the rules." },
    { role: "assistant", text: "I see it.", calls: [{ id: "call_b", tool: "read", arguments: { path: "x" } }] },
    { role: "tool", callId: "call_b", tool: "read", text: "denied", ok: false },
    { role: "user", text: "go on" },
  ],
  tools: [
    {
      name: "read",
      description: "Read a file",
      parameters: { type: "object", properties: { path: { type: "string" } } },
    },
  ],
  maxOutputTokens: 321,
};
const TIMEOUTS = { firstEventMs: 3000, firstLocalEventMs: 3000, idleMs: 3000 };

type Setup = {
  readonly patient?: boolean;
  readonly clock?: ReturnType<typeof fastClock>;
  readonly scopes?: NetScope[];
};

function modelOf(refs: readonly [ModelRef, ...ModelRef[]], setup: Setup = {}): Model {
  const [primary, ...fallbacks] = refs;
  return createModel(
    { primary, fallbacks },
    {
      fetchFor: scopedFetch(setup.scopes),
      clock: setup.clock ?? fastClock(),
      random: { uniform: () => 0, bytes: (count) => new Uint8Array(count) },
      timeouts:
        setup.patient === true ? { firstEventMs: 600_000, firstLocalEventMs: 600_000, idleMs: 600_000 } : TIMEOUTS,
    },
  );
}

async function take(model: Model, signal = new AbortController().signal): Promise<ModelEvent[]> {
  const events: ModelEvent[] = [];
  for await (const event of model.stream(REQUEST, signal)) events.push(event);
  return events;
}

async function faultOf(model: Model, seen: ModelEvent[] = []): Promise<Fault> {
  try {
    for await (const event of model.stream(REQUEST, new AbortController().signal)) seen.push(event);
  } catch (thrown) {
    assert.ok(thrown instanceof Fault, String(thrown));
    assert.ok(!everythingIn(thrown).includes(KEY), "the key is in the fault");
    assert.ok(!everythingIn(thrown).includes(KEY.slice(-10)), "a piece of the key is in the fault");
    return thrown;
  }
  throw new Error("no fault was thrown");
}

/** All that a careless logger could print of an error. */
function everythingIn(error: Error): string {
  const parts = [
    error.message,
    error.stack,
    JSON.stringify(error),
    String(Object.values(error).map((value) => JSON.stringify(value))),
  ];
  return parts.join("\n") + (error.cause instanceof Error ? everythingIn(error.cause) : "");
}

function textIn(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === "text" ? event.delta : "")).join("");
}

for (const wire of WIRES) {
  const name = wire.provider;

  test(`R-AGENT-3: ${name} streams text and a call through our fetch, within its origin`, async () => {
    await using provider = await fakeProvider(sse(...wire.answer));
    const scopes: NetScope[] = [];
    const events = await take(modelOf([refOf(wire, provider)], { scopes, patient: true }));
    assert.equal(textIn(events), "Hello there");
    const calls = events.flatMap((event) => (event.type === "call" ? [event.call] : []));
    assert.deepEqual(
      calls.map((call) => [call.tool, call.arguments]),
      [["read", { path: "notes.md" }]],
    );
    assert.deepEqual(events.at(-1), { type: "finish", reason: "calls", usage: { inputTokens: 12, outputTokens: 9 } });
    assert.deepEqual(scopes, [{ kind: "origin", origin: provider.origin }]);
    const [seen] = provider.seen;
    assert.equal(seen?.url, wire.path);
    assert.equal(wire.keyHeader(seen.headers), KEY);
    assert.match(seen.body, /321/);
    assert.match(seen.body, /You are Vambrace[\s\S]*Remember the rules/);
    assert.ok(!seen.body.includes(KEY));
  });

  test(`R-AGENT-3: ${name}: arguments that are not JSON are a bad call, not a call`, async () => {
    await using provider = await fakeProvider(sse(...wire.badCall));
    const events: ModelEvent[] = [];
    const outcome = await faultOf(modelOf([refOf(wire, provider)]), events).catch(() => undefined);
    assert.ok(events.every((event) => event.type !== "call"));
    assert.ok(
      outcome?.code === "MODEL_MALFORMED" || events.some((event) => event.type === "bad-call"),
      JSON.stringify(events),
    );
  });

  test(`R-AGENT-3: ${name}: garbage is MODEL_MALFORMED`, async () => {
    const page: Reply = (response) => response.end("\u0000garbage");
    for (const garbage of [sse("{not json"), sse({ surprise: [1, 2] }), sse("<html>"), sse(), page]) {
      await using provider = await fakeProvider(garbage);
      assert.equal((await faultOf(modelOf([refOf(wire, provider)]))).code, "MODEL_MALFORMED");
    }
  });

  test(`R-AGENT-3: ${name}: one that hangs, before its answer or within it, is MODEL_TIMEOUT`, async () => {
    await using never = await fakeProvider(() => undefined);
    assert.equal((await faultOf(modelOf([refOf(wire, never)]))).code, "MODEL_TIMEOUT");
    await using silent = await fakeProvider(hang());
    assert.equal((await faultOf(modelOf([refOf(wire, silent)]))).code, "MODEL_TIMEOUT");
    await using midway = await fakeProvider(hang(...wire.opening));
    const events: ModelEvent[] = [];
    assert.equal((await faultOf(modelOf([refOf(wire, midway)]), events)).code, "MODEL_TIMEOUT");
    assert.equal(textIn(events), "Hello there");
  });

  test(`R-KEY-1: ${name}: a refused key names the variable to set, and nothing repeats the key`, async () => {
    for (const code of [401, 403]) {
      await using provider = await fakeProvider(
        status(code, {
          error: { message: `Incorrect API key: ${KEY.slice(0, 6)}***${KEY.slice(-10)}`, type: "authentication_error" },
        }),
      );
      const fault = await faultOf(modelOf([refOf(wire, provider)]));
      assert.equal(fault.code, "MODEL_REFUSED");
      assert.match(fault.hint, new RegExp(wire.keyName));
      assert.equal(fault.facts["detail"], "", "what a provider says of a key is not kept");
      assert.equal(provider.seen.length, 1, "a refused key is not tried again");
    }
  });

  test(`R-DLP-2: ${name}: a provider that echoes the key in an error does not get it into the fault`, async () => {
    await using provider = await fakeProvider(
      status(400, {
        error: { message: `bad request with ${KEY} and …${KEY.slice(-12)}`, type: "invalid_request_error" },
      }),
    );
    assert.equal((await faultOf(modelOf([refOf(wire, provider)]))).code, "MODEL_REFUSED");
    await using midway = await fakeProvider(
      sse(...wire.opening, { type: "error", error: { type: "x", message: KEY } }),
    );
    await faultOf(modelOf([refOf(wire, midway)]));
  });

  test(`R-AGENT-3: ${name}: after 429 and 500 it is asked again, as late as it said`, async () => {
    await using provider = await fakeProvider(
      status(429, {}, { "retry-after": "2" }),
      status(500),
      sse(...wire.answer),
    );
    const clock = fastClock();
    assert.equal(textIn(await take(modelOf([refOf(wire, provider)], { clock }))), "Hello there");
    assert.equal(provider.seen.length, 3);
    assert.ok(clock.slept.includes(2000), "retry-after");
    assert.ok(clock.slept.includes(500), "the second wait, with no jitter");
  });
}

const CHAT = WIRES.find((wire) => wire.provider === "openai-compatible") as Wire;
const CLAUDE = WIRES.find((wire) => wire.provider === "anthropic") as Wire;

test("R-AGENT-3: fallbacks are asked in their order, each announced before anything is sent to it", async () => {
  await using first = await fakeProvider(status(500));
  await using second = await fakeProvider(status(429, {}, { "retry-after": "3600" }));
  await using third = await fakeProvider(sse(...CLAUDE.answer));
  const model = modelOf([refOf(CHAT, first), refOf(CHAT, second), refOf(CLAUDE, third)]);
  const announced: string[] = [];
  const sentBefore: number[] = [];
  for await (const event of model.stream(REQUEST, new AbortController().signal)) {
    if (event.type !== "sending") continue;
    announced.push(event.identity.provider);
    sentBefore.push(announced.length === 1 ? second.seen.length : third.seen.length);
  }
  assert.deepEqual(announced, ["openai-compatible", "anthropic"]);
  assert.deepEqual(sentBefore, [0, 0]);
  assert.deepEqual([first.seen.length, second.seen.length, third.seen.length], [3, 1, 1]);
});

test("R-AGENT-3: where none answers, the fault names each and why", async () => {
  await using first = await fakeProvider(status(503));
  await using second = await fakeProvider(() => undefined);
  const fault = await faultOf(modelOf([refOf(CHAT, first), refOf(CLAUDE, second)]));
  assert.equal(fault.code, "MODEL_UNAVAILABLE");
  assert.match(fault.message, /openai-compatible\/m \(status 503\), anthropic\/m \(no answer in time\)/);
});

test("R-AGENT-3: a connection that is refused is tried again, then the fallback answers", async () => {
  const gone = await fakeProvider(status(500));
  await gone[Symbol.asyncDispose]();
  await using second = await fakeProvider(sse(...CHAT.answer));
  assert.equal(textIn(await take(modelOf([refOf(CLAUDE, gone), refOf(CHAT, second)]))), "Hello there");
});

test("R-AGENT-3: once words went out nothing is tried again, so nothing is said twice", async () => {
  for (const wire of WIRES) {
    for (const end of [breakOff, hang]) {
      await using first = await fakeProvider(end(...wire.opening));
      await using second = await fakeProvider(sse(...CHAT.answer));
      const events: ModelEvent[] = [];
      await faultOf(modelOf([refOf(wire, first), refOf(CHAT, second)]), events);
      assert.equal(textIn(events), "Hello there", wire.provider);
      assert.equal(first.seen.length, 1);
      assert.equal(second.seen.length, 0, "the fallback was asked after words went out");
    }
  }
});

test("R-AGENT-3: a refused key does not fall over to another provider in silence", async () => {
  await using first = await fakeProvider(status(401));
  await using second = await fakeProvider(sse(...CHAT.answer));
  assert.equal((await faultOf(modelOf([refOf(CLAUDE, first), refOf(CHAT, second)]))).code, "MODEL_REFUSED");
  assert.equal(second.seen.length, 0);
});

test("R-AGENT-3: a stop ends the request with the signal's own reason, and the provider's connection", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using provider = await fakeProvider((response) => {
    response.on("close", resolve);
    hang(...CHAT.opening)(response, { url: "", headers: {}, body: "" });
  });
  const stop = new AbortController();
  const reason = new Error("halted");
  const model = modelOf([refOf(CHAT, provider)]);
  await assert.rejects(async () => {
    for await (const event of model.stream(REQUEST, stop.signal)) if (event.type === "text") stop.abort(reason);
  }, reason);
  await closed;
});

test("R-AGENT-3: a reader who goes away ends the provider's connection", async () => {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  await using provider = await fakeProvider((response) => {
    response.on("close", resolve);
    hang(...CHAT.opening)(response, { url: "", headers: {}, body: "" });
  });
  for await (const event of modelOf([refOf(CHAT, provider)]).stream(REQUEST, new AbortController().signal)) {
    if (event.type === "text") break;
  }
  await closed;
});

test("R-AGENT-3: an answer without end is cut off, not held in memory", async () => {
  await using provider = await fakeProvider((response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write("data: ");
    const piece = "x".repeat(1024 * 1024);
    const more = (): void => {
      if (!response.destroyed) response.write(piece, more);
    };
    more();
  });
  assert.equal((await faultOf(modelOf([refOf(CHAT, provider)], { patient: true }))).code, "MODEL_MALFORMED");
});

test("R-AGENT-3: a redirect is not followed", async () => {
  await using elsewhere = await fakeProvider(sse(...CHAT.answer));
  await using provider = await fakeProvider(status(307, {}, { location: `${elsewhere.origin}/v1/chat/completions` }));
  assert.equal((await faultOf(modelOf([refOf(CHAT, provider)]))).code, "MODEL_REFUSED");
  assert.equal(elsewhere.seen.length, 0);
});
