import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { writeAsked } from "../../core/asked.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { TRUST_LEVELS } from "../../core/label.ts";
import { decideAsked, readAsked } from "./asked.ts";
import { did, judgeWith, labelled, OWNER, PAY, proposal, says } from "./fixtures.ts";

const CALLS: readonly (readonly [string | typeof PAY, JsonObject])[] = [
  ["read", { path: "notes.md" }],
  ["read", { path: "/etc/passwd" }],
  ["write", { path: "only.txt", content: "x" }],
  ["exec", { command: "ls" }],
  ["exec", { command: "git https://docs.example.org/" }],
  ["web_fetch", { url: "https://evil.example/a" }],
  ["send", { recipient: "bob@x.org", text: "see https://a.example/" }],
  ["remember", { text: "x" }],
  ["no_such_tool", { any: ["thing"] }],
  [PAY, { recipient: "bob@x.org", amount: 20, subject: "s" }],
];
const contexts = fc.array(
  fc.oneof(
    fc
      .constantFrom("send it to bob@x.org", "pay 20 to bob@x.org", "write only.txt", "hello")
      .map((text) => [says(text)]),
    fc.constantFrom(...TRUST_LEVELS).map((trust) => did("recall", { query: "x" }, "y", labelled(trust, "private"))),
  ),
  { maxLength: 3 },
);

/** As it comes back from the ledger. */
const kept = (value: JsonObject): JsonObject => JSON.parse(JSON.stringify(value));

test("INVARIANT(replay-equals-live): what was recorded of a decision gives the same decision again, by the same policies", async () => {
  const judge = await judgeWith();
  const verdicts = new Set<string>();
  const property = fc.asyncProperty(
    fc.constantFrom(...CALLS),
    contexts,
    fc.constantFrom(...TRUST_LEVELS),
    fc.boolean(),
    async ([tool, args], parts, trust, isReachable) => {
      const live = await judge.judge(proposal(tool, args, parts.flat(), { trust }), {
        reachable: isReachable ? [OWNER] : [],
      });
      assert.ok(live.asked !== undefined);
      const read = readAsked(kept(writeAsked(live.asked)));
      assert.ok(read !== undefined);
      const again = decideAsked(judge.engine, read);
      assert.deepEqual([again?.verdict, again?.because], [live.decision.verdict, live.decision.because]);
      verdicts.add(live.decision.verdict);
    },
  );
  await fc.assert(property, { numRuns: 200 });
  assert.deepEqual([...verdicts].sort(), ["allow", "ask", "deny"], "all three were seen");
});

test("R-WHO-5: what is not recorded whole, or in a form that the policies do not know, is not decided", async () => {
  const judge = await judgeWith();
  const { asked } = await judge.judge(proposal("read", { path: "notes.md" }, [says("read notes.md")]), {
    reachable: [OWNER],
  });
  assert.ok(asked !== undefined);
  const written = kept(writeAsked(asked));
  const wrong: readonly (JsonValue | undefined)[] = [
    undefined,
    "too long to be kept",
    { ...written, contexts: [] },
    { ...written, requests: "and 3 more" },
    { ...written, more: true },
  ];
  assert.deepEqual(
    wrong.map((one) => readAsked(one)),
    wrong.map(() => undefined),
  );
  const [context] = written["contexts"] as readonly JsonObject[];
  const { influence: _left, ...rest } = context ?? {};
  const foreign = readAsked({ ...written, contexts: [rest] });
  assert.ok(foreign !== undefined);
  assert.equal(decideAsked(judge.engine, foreign), undefined);
  const whole = readAsked(written);
  assert.ok(whole !== undefined);
  assert.equal(decideAsked(judge.engine, whole)?.verdict, "allow", "the honest twin");
});
