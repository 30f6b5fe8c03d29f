import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  CONFIDENTIALITY_LEVELS,
  confidentialityRank,
  join,
  joinAll,
  type Label,
  mayKnow,
  SOURCES_KEPT,
  TRUST_LEVELS,
  trustRank,
} from "./label.ts";

const people = ["ana", "ben", "cara"];

export const labels: fc.Arbitrary<Label> = fc.record({
  trust: fc.constantFrom(...TRUST_LEVELS),
  confidentiality: fc.constantFrom(...CONFIDENTIALITY_LEVELS),
  audience: fc.oneof(
    fc.constant({ kind: "anyone" } as const),
    fc.record({ kind: fc.constant("persons" as const), persons: fc.subarray(people) }),
  ),
  sources: fc.array(
    fc.record({
      kind: fc.constantFrom("person" as const, "web" as const),
      id: fc.string({ maxLength: 3 }),
      trust: fc.constantFrom(...TRUST_LEVELS),
    }),
    { maxLength: 40 },
  ),
});

test("R-FLOW-1: INVARIANT(weakest-influence): a join is never more trusted, less confidential or wider known", () => {
  fc.assert(
    fc.property(labels, labels, (a, b) => {
      const both = join(a, b);
      for (const one of [a, b]) {
        assert.ok(trustRank(both.trust) <= trustRank(one.trust));
        assert.ok(confidentialityRank(both.confidentiality) >= confidentialityRank(one.confidentiality));
        for (const person of people) if (mayKnow(both.audience, person)) assert.ok(mayKnow(one.audience, person));
      }
      assert.ok(both.sources.length <= SOURCES_KEPT);
    }),
  );
});

test("R-FLOW-1: the order in which labels are joined changes neither trust, confidentiality nor audience", () => {
  fc.assert(
    fc.property(labels, labels, labels, (a, b, c) => {
      const key = (label: Label) => [
        label.trust,
        label.confidentiality,
        people.filter((person) => mayKnow(label.audience, person)),
        mayKnow(label.audience, "somebody else"),
      ];
      assert.deepEqual(key(join(join(a, b), c)), key(join(a, join(c, b))));
      assert.deepEqual(key(joinAll([a])), key(a));
    }),
  );
});

test("R-FLOW-1: where sources are too many, the least trusted are kept", () => {
  const many = Array.from({ length: 60 }, (_, i) => ({
    kind: "web" as const,
    id: String(i),
    trust: i === 59 ? ("none" as const) : ("full" as const),
  }));
  const label: Label = { trust: "full", confidentiality: "public", audience: { kind: "anyone" }, sources: many };
  assert.ok(join(label, label).sources.some((source) => source.id === "59"));
});
