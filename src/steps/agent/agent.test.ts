import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import type { ContextItem } from "../../core/item.ts";
import { CONFIDENTIALITY_LEVELS, joinAll, type Label, TRUST_LEVELS, trustRank } from "../../core/label.ts";
import type { Model } from "../../core/ports/model.ts";
import { calls, modelOf, person, random, says, textOf, trusted, turn, tool } from "./agent.fixtures.test.ts";
import { newId } from "../../core/ids.ts";

test("R-AGENT-1: a message is answered, streamed as it comes", async () => {
  const { outcome, events, saved } = await turn({
    model: modelOf([
      [
        { type: "text", delta: "Hello " },
        { type: "text", delta: "there" },
        { type: "finish", reason: "stop", usage: { inputTokens: 3, outputTokens: 2 } },
      ],
    ]),
  });
  assert.equal(outcome.stop, "done");
  assert.equal(outcome.text, "Hello there");
  assert.deepEqual(
    events.map((event) => event.type),
    ["text", "text"],
  );
  assert.deepEqual(outcome.usage, { inputTokens: 3, outputTokens: 2 });
  assert.deepEqual(
    saved.map((item) => [item.kind, item.text]),
    [["model", "Hello there"]],
  );
});

test("R-LOG-2: recorded before sent, saved before acted on, and one call after the other", async () => {
  const { log, outcome } = await turn({
    model: modelOf([calls(["a", { x: 1 }], ["b", { x: 2 }]), says("done")], async () => {}),
    act: async () => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      return {};
    },
  });
  assert.equal(outcome.stop, "done");
  assert.deepEqual(log, [
    "used begun",
    "used ended",
    "saved model",
    "act a",
    "acted a",
    "saved result",
    "act b",
    "acted b",
    "saved result",
    "used begun",
    "used ended",
    "saved model",
  ]);
});

test("R-LOG-2: a request that cannot be recorded is not sent", async () => {
  const model = modelOf([says("hi")]);
  const { outcome } = await turn({
    model,
    ports: { used: () => Promise.reject(new Fault("LEDGER_UNAVAILABLE", { message: "gone", hint: "restart" })) },
  });
  assert.equal(outcome.stop, "failed");
  assert.equal(outcome.fault?.code, "LEDGER_UNAVAILABLE");
  assert.equal(model.requests.length, 0);
});

test("R-LOG-2: calls are not acted on where they cannot be saved first", async () => {
  const { outcome, acted } = await turn({
    model: modelOf([calls(["a", { x: 1 }])]),
    ports: { save: () => Promise.reject(new Fault("LEDGER_UNAVAILABLE", { message: "full", hint: "free room" })) },
  });
  assert.equal(outcome.stop, "failed");
  assert.equal(acted.length, 0);
});

test("R-LOG-2: a fallback is recorded before the model goes on", async () => {
  let recorded = "";
  const model: Model = {
    identity: { provider: "p", model: "m", remote: false },
    async *stream() {
      yield { type: "sending", identity: { provider: "q", model: "n", remote: true } };
      assert.equal(recorded, "q");
      yield* says("hi");
    },
  };
  const { outcome } = await turn({
    model,
    ports: {
      used: async (use) => {
        await new Promise((resolve) => setTimeout(resolve, 2));
        recorded = use.identity.provider;
      },
    },
  });
  assert.equal(outcome.stop, "done");
});

test("R-TOOL-2: a tool that nobody declared goes to act, which denies it", async () => {
  const { acted, saved } = await turn({
    model: modelOf([calls(["format_disk", { all: true }]), says("I may not")]),
    act: () => ({ verdict: "deny", ok: false, text: "denied: unknown tool" }),
  });
  assert.deepEqual(
    acted.map(({ call }) => [call.tool, call.arguments]),
    [["format_disk", { all: true }]],
  );
  assert.deepEqual(
    saved.map((item) => item.kind),
    ["model", "result", "model"],
  );
});

test("R-TOOL-2: arguments that cannot be read are said back to the model and never run", async () => {
  const model = modelOf([
    calls(["a", { x: "one" }]),
    calls(["a", { x: 1, y: 2 }]),
    [
      { type: "bad-call", id: "p", tool: "a", problem: "not JSON" },
      { type: "finish", reason: "calls", usage: { inputTokens: 1, outputTokens: 1 } },
    ],
    calls(["a", { x: "\ud800" }]),
    calls(["a", { x: 5 }]),
    says("done"),
  ]);
  const { acted, saved, outcome } = await turn({ model });
  assert.equal(outcome.stop, "done");
  assert.deepEqual(
    acted.map(({ call }) => call.arguments),
    [{ x: 5 }],
  );
  const told = saved.flatMap((item) => (item.kind === "result" ? [[item.ok, item.text]] : []));
  assert.deepEqual(
    told.map(([ok]) => ok),
    [false, false, false, false, true],
  );
  assert.match(String(told[0]?.[1]), /not run: `x` is not a number; give x as a number/);
  assert.equal(model.requests[1]?.messages.at(-1)?.role, "tool");
});

test("R-FLOW-1: act is given exactly the items of the request that produced the call", async () => {
  const memory: ContextItem = {
    kind: "system",
    id: newId("itm", random),
    text: "memory: likes tea",
    label: trusted("standard"),
  };
  const model = modelOf([calls(["a", { x: 1 }]), calls(["b", { x: 2 }]), says("done")]);
  const { acted } = await turn({ model, memory: [memory], act: () => ({ text: "strange", label: trusted("none") }) });
  for (const [at, { context }] of acted.entries()) {
    const sent = model.requests[at]?.messages ?? [];
    assert.deepEqual(context.map((item) => item.text).toSorted(), sent.map((message) => message.text).toSorted());
  }
  assert.deepEqual(
    acted[1]?.context.map((item) => item.kind),
    ["system", "system", "person", "model", "result"],
  );
});

const label: fc.Arbitrary<Label> = fc.record({
  trust: fc.constantFrom(...TRUST_LEVELS),
  confidentiality: fc.constantFrom(...CONFIDENTIALITY_LEVELS),
  audience: fc.oneof(
    fc.constant({ kind: "anyone" as const }),
    fc.record({ kind: fc.constant("persons" as const), persons: fc.subarray(["ana", "bob", "owner"]) }),
  ),
  sources: fc.constant([]),
});

test("R-FLOW-1: INVARIANT(weakest-influence): text and calls carry the join of the items really sent", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ label, long: fc.boolean() }), { maxLength: 8 }),
      label,
      fc.array(label, { maxLength: 4 }),
      async (history, own, results) => {
        const items = [
          ...history.map((entry) => person(entry.long ? "x".repeat(6000) : "hi", entry.label)),
          person("go", own),
        ];
        const model = modelOf([...results.map((_, at) => calls(["a", { x: at }])), says("end")]);
        const labels = new Map<string, Label>();
        const { outcome, acted, saved, used } = await turn({
          model,
          items,
          budget: { maxContextTokens: 6000 },
          act: (call, world) => {
            const mine = results[world.acted.length - 1] ?? own;
            labels.set(call.id, mine);
            return { label: mine, text: `result ${world.acted.length}` };
          },
        });
        assert.equal(outcome.stop, "done");
        const sentLast = used.at(-1)?.label;
        assert.deepEqual(outcome.label, sentLast);
        for (const { context } of acted) {
          const joined = joinAll(context.map((item) => item.label));
          assert.ok(context.every((item) => trustRank(joined.trust) <= trustRank(item.label.trust)));
        }
        // Whatever was read on the way has weighed down what was written afterwards.
        const least = Math.min(trustRank(own.trust), ...results.map((mine) => trustRank(mine.trust)));
        assert.ok(trustRank(outcome.label.trust) <= least);
        // As it was made, whatever counts as more now: an endorsement is laid over it, and can be taken back.
        for (const [at, item] of saved.filter((one) => one.kind === "result").entries()) {
          const led = acted[at]?.context ?? [];
          assert.ok(led.every((one) => trustRank(item.label.trust) <= trustRank(one.label.trust)));
        }
        const written = saved.filter((item) => item.kind === "model");
        assert.deepEqual(
          written.map((item) => item.label),
          used.filter((use) => use.phase === "ended").map((use) => use.label),
        );
      },
    ),
    { numRuns: 60 },
  );
});

test("R-FLOW-1: what is left out of the window no longer weighs on the label", async () => {
  const old = person("y".repeat(40_000), trusted("none", "stranger"));
  const { outcome, acted } = await turn({
    model: modelOf([calls(["a", { x: 1 }]), says("done")]),
    items: [old, person("go")],
    budget: { maxContextTokens: 4000 },
  });
  assert.equal(outcome.label.trust, "full");
  assert.ok(acted[0]?.context.some((item) => item.kind === "system" && /1 earlier messages/.test(item.text)));
  assert.ok(!acted[0]?.context.includes(old));
});

test("R-AGENT-9: the same call with the same result three times is a loop", async () => {
  const { outcome, acted } = await turn({ model: modelOf([calls(["a", { x: 1 }])]), act: () => ({ text: "same" }) });
  assert.equal(outcome.stop, "loop");
  assert.equal(acted.length, 3);
  assert.match(outcome.text, /called `a` three times with the same arguments and the same result/);
});

test("R-AGENT-9: going back and forth between two calls is a loop; other results or arguments are none", async () => {
  const back = [calls(["a", { x: 1 }]), calls(["b", { x: 1 }])];
  const cycle = await turn({ model: modelOf([...back, ...back]), act: () => ({ text: "same" }) });
  assert.equal(cycle.outcome.stop, "loop");
  assert.equal(cycle.acted.length, 4);
  const changing = await turn({ model: modelOf([...back, ...back, ...back, says("done")]) });
  assert.equal(changing.outcome.stop, "done");
});

test("R-AGENT-9: a model that only makes unreadable calls is stopped", async () => {
  const { outcome, acted } = await turn({ model: modelOf([calls(["a", { x: "no" }])]) });
  assert.equal(outcome.stop, "loop");
  assert.equal(acted.length, 0);
});

test("R-IR-1: a stop before, during the answer, and during a call ends the turn as stopped", async () => {
  const before = new AbortController();
  before.abort();
  const model = modelOf([says("hi")]);
  const early = await turn({ model, ports: { signal: before.signal } });
  assert.equal(early.outcome.stop, "stopped");
  assert.equal(model.requests.length, 0);

  const during = new AbortController();
  const deaf: Model = {
    identity: { provider: "p", model: "m", remote: false },
    async *stream() {
      yield { type: "text", delta: "begun" };
      await new Promise(() => {});
    },
  };
  const running = turn({ model: deaf, ports: { signal: during.signal } });
  setTimeout(() => during.abort(), 5);
  const cut = await running;
  assert.equal(cut.outcome.stop, "stopped");
  assert.equal(cut.outcome.text, "begun");
  assert.deepEqual(
    cut.saved.map((item) => item.text),
    ["begun"],
  );

  const acting = await turn({
    model: modelOf([calls(["a", { x: 1 }], ["b", { x: 2 }])]),
    act: (_call, world) => {
      world.stop.abort();
      return {};
    },
  });
  assert.equal(acting.outcome.stop, "stopped");
  assert.deepEqual(
    acting.acted.map(({ call }) => call.tool),
    ["a"],
    "the second call is not begun",
  );
  assert.deepEqual(
    acting.saved.map((item) => item.kind),
    ["model", "result", "result"],
    "and has a result that says so",
  );
});

test("R-IR-1: a stop between two words leaves no failure that nobody hears of, which would end the process", async () => {
  const unheard: unknown[] = [];
  const hear = (reason: unknown): void => void unheard.push(reason);
  process.on("unhandledRejection", hear);
  const stop = new AbortController();
  const attentive: Model = {
    identity: { provider: "p", model: "m", remote: false },
    async *stream(_request, signal) {
      yield { type: "text", delta: "one" };
      signal.throwIfAborted();
      yield { type: "text", delta: "two" };
    },
  };
  const emit = (): void => stop.abort(new Error("stopped"));
  const { outcome } = await turn({ model: attentive, ports: { signal: stop.signal, emit } });
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.off("unhandledRejection", hear);
  assert.equal(outcome.stop, "stopped");
  assert.deepEqual(unheard, []);
});

test("R-LOG-2: a call whose outcome is unknown is said so, and not run again", async () => {
  const id = newId("call", random);
  const cut: ContextItem = {
    kind: "model",
    id: newId("itm", random),
    text: "",
    calls: [{ id, tool: "a", arguments: { x: 1 } }],
    label: trusted("full"),
  };
  const model = modelOf([says("it was interrupted")]);
  const { outcome, acted } = await turn({ model, items: [person("go"), cut] });
  assert.equal(outcome.stop, "done");
  assert.equal(acted.length, 0);
  const told = model.requests[0]?.messages.at(-1);
  assert.ok(told?.role === "tool" && told.callId === id && told.ok === false);
  assert.match(told.text, /unknown/);
});

test("R-AGENT-1: act that throws ends the turn as failed, with the fault", async () => {
  const { outcome, events } = await turn({
    model: modelOf([calls(["a", { x: 1 }], ["b", { x: 2 }])]),
    act: () =>
      Promise.reject(new Fault("BROKER_UNAVAILABLE", { message: "gone", hint: "restart", facts: { secret: "s" } })),
  });
  assert.equal(outcome.stop, "failed");
  assert.deepEqual(events.at(-1), { type: "fault", code: "BROKER_UNAVAILABLE", message: "gone", hint: "restart" });
});

test("R-TOOL-2: an answer of act for another call is refused", async () => {
  const { outcome } = await turn({
    model: modelOf([calls(["a", { x: 1 }])]),
    act: () => ({ call: newId("call", random) }),
  });
  assert.equal(outcome.stop, "failed");
  assert.equal(outcome.fault?.code, "INTERNAL");
});

test("R-AGENT-1: a model that says nothing is asked once more, then it is a fault", async () => {
  const nothing = modelOf([says("")]);
  const { outcome } = await turn({ model: nothing });
  assert.equal(outcome.stop, "failed");
  assert.equal(outcome.fault?.code, "MODEL_MALFORMED");
  assert.equal(nothing.requests.length, 2);
  const second = await turn({ model: modelOf([says(""), says("hello")]) });
  assert.equal(second.outcome.stop, "done");
});

test("R-AGENT-1: a stream without an end is a fault; what was said stays said", async () => {
  const { outcome, saved } = await turn({
    model: modelOf([
      [
        { type: "text", delta: "half" },
        { type: "call", call: { id: "p", tool: "a", arguments: { x: 1 } } },
      ],
    ]),
  });
  assert.equal(outcome.stop, "failed");
  assert.equal(outcome.fault?.code, "MODEL_MALFORMED");
  assert.deepEqual(
    saved.map((item) => [item.text, item.kind === "model" ? item.calls.length : 0]),
    [["half", 0]],
  );
});

test("R-AGENT-1: the text of the outcome is what was streamed, also over several answers", async () => {
  const { outcome, events } = await turn({
    model: modelOf([[{ type: "text", delta: "Looking." }, ...calls(["a", { x: 1 }])], says("Found it.")]),
  });
  assert.equal(outcome.text, "Looking.\n\nFound it.");
  assert.equal(textOf(events), outcome.text);
});

test("R-AGENT-1: a withheld answer is refused, not done", async () => {
  const { outcome } = await turn({
    model: modelOf([[{ type: "finish", reason: "filtered", usage: { inputTokens: 1, outputTokens: 0 } }]]),
  });
  assert.equal(outcome.stop, "refused");
  assert.match(outcome.text, /withheld/);
});

test("R-AGENT-1: several people in one conversation are told apart", async () => {
  const model = modelOf([says("ok")]);
  await turn({ model, tools: [tool("a")], items: [{ ...person("hi"), kind: "person", person: "ana" }, person("go")] });
  assert.deepEqual(
    model.requests[0]?.messages.slice(1).map((message) => message.text),
    ["ana: hi", "owner: go"],
  );
});
