import assert from "node:assert/strict";
import { test } from "node:test";
import type { Model, ModelEvent } from "../../core/ports/model.ts";
import { BUDGET, calls, modelOf, says, turn } from "./agent.fixtures.test.ts";
import type { Answer } from "./agent.fixtures.test.ts";
import type { Budget } from "./budget.ts";

const LIMITLESS = BUDGET.person;

/** Calls with arguments that never repeat, so that no loop is found. */
function restless(): Model {
  let x = 0;
  return {
    ...modelOf([]),
    stream: async function* () {
      yield* calls(["a", { x: x++ }]);
    },
  };
}

const SPENT: readonly (readonly [string, Partial<Budget>, RegExp])[] = [
  ["model requests", { maxModelRequests: 4 }, /model-request budget is used up \(4 for one turn\)/],
  ["tool calls", { maxToolCalls: 3 }, /tool-call budget is used up \(3 for one turn\)/],
  ["a person's tool calls", { person: { ...LIMITLESS, toolCalls: 2 } }, /tool-call budget .*2 were left for you today/],
  ["everybody's tool calls", { day: { ...LIMITLESS, toolCalls: 2 } }, /tool-call budget .*2 were left for everybody/],
  ["tokens of a turn", { maxTokensPerTurn: 60 }, /token budget is used up \(60 for one turn/],
  ["a person's tokens", { person: { ...LIMITLESS, tokens: 100 } }, /token budget .*100 were left for you today/],
  ["no tokens at all", { maxTokensPerTurn: 0 }, /token budget/],
  ["a limit that is no number", { maxToolCalls: Number.NaN }, /tool-call budget/],
  ["a limit on requests that is no number", { maxModelRequests: Number.NaN }, /model-request budget/],
  ["a window too small for the message", { maxContextTokens: 20 }, /context budget/],
];

for (const [what, budget, sentence] of SPENT) {
  test(`R-AGENT-9: the turn stops with a clear word: ${what}`, async () => {
    const { outcome } = await turn({ model: restless(), budget });
    assert.equal(outcome.stop, "budget");
    assert.match(outcome.text, sentence);
  });
}

test("R-AGENT-9: within its budgets a turn is finished", async () => {
  const model = modelOf([calls(["a", { x: 1 }]), calls(["a", { x: 2 }]), says("done")]);
  const { outcome } = await turn({ model, budget: { maxModelRequests: 3, maxToolCalls: 2, maxTokensPerTurn: 1000 } });
  assert.equal(outcome.stop, "done");
});

test("R-AGENT-9: calls beyond the budget are not run, and each has a result that says so", async () => {
  const model = modelOf([calls(["a", { x: 1 }], ["a", { x: 2 }], ["b", { x: 3 }])]);
  const { outcome, acted, saved } = await turn({ model, budget: { maxToolCalls: 1 } });
  assert.equal(outcome.stop, "budget");
  assert.equal(acted.length, 1);
  assert.deepEqual(
    saved.flatMap((item) => (item.kind === "result" ? [item.ok] : [])),
    [true, false, false],
  );
});

test("R-AGENT-9: a model that hangs is ended by the time budget, and the wall clock does not matter", async () => {
  const deaf: Model = {
    identity: { provider: "p", model: "m", remote: false },
    async *stream(): AsyncGenerator<ModelEvent> {
      await new Promise(() => {});
      yield* says("never");
    },
  };
  const running = turn({
    model: deaf,
    budget: { maxWallMs: 5000 },
    ports: {
      clock: {
        wallMs: () => 0,
        monotonicMs: () => 0,
        sleep: (ms) => (ms === 5000 ? Promise.resolve() : Promise.reject(new Error(`slept ${ms}`))),
      },
    },
  });
  const { outcome } = await running;
  assert.equal(outcome.stop, "budget");
  assert.match(outcome.text, /time budget is used up \(in seconds: 5 for one turn\)/);
});

test("R-AGENT-9: time spent in calls counts; time spent waiting for a person does not", async () => {
  const answers: readonly Answer[] = [calls(["a", { x: 1 }]), says("done")];
  const act: Parameters<typeof turn>[0]["act"] = (_call, world) => {
    world.clock.advance(10_000);
    return {};
  };
  const slow = await turn({ model: modelOf(answers), budget: { maxWallMs: 9000 }, act });
  assert.equal(slow.outcome.stop, "budget");
  const waited = await turn({
    model: modelOf(answers),
    budget: { maxWallMs: 9000 },
    act,
    ports: { waitedMs: () => 8000 },
  });
  assert.equal(waited.outcome.stop, "done");
});

test("R-AGENT-9: a flood beyond the limit of an answer is cut, and said so", async () => {
  const flood: Model = {
    identity: { provider: "p", model: "m", remote: false },
    async *stream(): AsyncGenerator<ModelEvent> {
      for (;;) yield { type: "text", delta: "word ".repeat(100) };
    },
  };
  const { outcome } = await turn({ model: flood, budget: { maxOutputTokens: 100 } });
  assert.equal(outcome.stop, "budget");
  assert.match(outcome.text, /output-token budget \(100 for one answer\)/);
  assert.ok(outcome.text.length < 6000);
  const silent: Model = {
    ...flood,
    async *stream() {
      for (;;) yield { type: "text", delta: "" };
    },
  };
  assert.equal((await turn({ model: silent })).outcome.stop, "budget");
});

test("R-AGENT-9: tokens that a provider does not report are estimated, not free", async () => {
  const free: Answer = [
    { type: "text", delta: "x".repeat(400) },
    { type: "finish", reason: "stop", usage: { inputTokens: 0, outputTokens: Number.NaN } },
  ];
  const { outcome } = await turn({ model: modelOf([free]) });
  assert.ok(outcome.usage.outputTokens >= 100);
  assert.ok(outcome.usage.inputTokens > 0);
});

const REMOTE = { provider: "p", model: "m", remote: true };
const PRICES = new Map([["p/m", { input: 1_000_000, output: 0 }]]);

test("R-AGENT-9: money is counted by the price table, per turn, person and day", async () => {
  const remote = (): Model => ({ ...restless(), identity: REMOTE });
  const spent = await turn({ model: remote(), budget: { maxMoneyPerTurn: 25, prices: PRICES } });
  assert.match(spent.outcome.text, /money budget is used up \(25 for one turn\)/);
  assert.equal(spent.acted.length, 3, "ten tokens a request, one unit of money each");
  const day = await turn({ model: remote(), budget: { day: { ...LIMITLESS, money: 5 }, prices: PRICES } });
  assert.match(day.outcome.text, /money budget .*5 were left for everybody/);
});

test("R-AGENT-9: where money is limited, a remote model without a price is not asked; a local one is free", async () => {
  const unpriced = modelOf([says("hi")]);
  const { outcome } = await turn({ model: { ...unpriced, identity: REMOTE }, budget: { maxMoneyPerTurn: 25 } });
  assert.match(outcome.text, /price of `p\/m` is not configured/);
  assert.equal(unpriced.requests.length, 0);
  const local = await turn({ model: modelOf([says("hi")]), budget: { maxMoneyPerTurn: 25 } });
  assert.equal(local.outcome.stop, "done");
});
