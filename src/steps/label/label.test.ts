import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Facts, Proposal } from "../../core/call.ts";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import {
  CONFIDENTIALITY_LEVELS,
  confidentialityRank,
  type Label,
  mayKnow,
  NEUTRAL_LABEL,
  TRUST_LEVELS,
  trustRank,
} from "../../core/label.ts";
import { seededRandom } from "../../core/testing.ts";
import { labelRefusal, labelResult } from "./label.ts";

const random = seededRandom(5);
const PERSONS = ["owner", "ben", "cleo"];

const someLabel: fc.Arbitrary<Label> = fc.record({
  trust: fc.constantFrom(...TRUST_LEVELS),
  confidentiality: fc.constantFrom(...CONFIDENTIALITY_LEVELS),
  audience: fc.oneof(
    fc.constant({ kind: "anyone" } as const),
    fc.subarray(PERSONS).map((persons) => ({ kind: "persons", persons }) as const),
  ),
  sources: fc.constant([]),
});

const proposal: Proposal = {
  id: newId("call", random),
  tool: "read",
  arguments: {},
  principal: { person: parsePersonId("owner"), trust: "full", roles: [] },
  origin: {
    session: newId("ses", random),
    turn: newId("trn", random),
    agent: parseAgentId("main"),
    channel: "terminal",
  },
  context: [],
  cwd: "/w",
};

const factsOf = (influence: Label): Facts => ({
  effect: "read",
  influence,
  arguments: [],
  designated: false,
  paths: [],
  hosts: [],
  carries: [],
});

function noBetter(a: Label, b: Label): void {
  assert.ok(trustRank(a.trust) <= trustRank(b.trust));
  assert.ok(confidentialityRank(a.confidentiality) >= confidentialityRank(b.confidentiality));
  for (const person of PERSONS) assert.ok(!mayKnow(a.audience, person) || mayKnow(b.audience, person));
}

test("R-FLOW-1: INVARIANT(weakest-influence): a result is never better than what led to it, nor than what was recorded of it", () => {
  fc.assert(
    fc.property(someLabel, someLabel, (influence, recorded) => {
      const { label, own } = labelResult(proposal, factsOf(influence), { label: recorded }, "owner");
      noBetter(label, influence);
      noBetter(label, recorded);
      assert.deepEqual(own, recorded, "what is its own is told apart");
    }),
  );
});

test("R-FLOW-1: a result of which nothing is declared or recorded is anybody's word; a refusal is as good as its call", () => {
  fc.assert(
    fc.property(someLabel, (influence) => {
      assert.equal(labelResult(proposal, factsOf(influence), {}, "owner").label.trust, "none");
      noBetter(labelRefusal(factsOf(influence)).label, influence);
    }),
  );
  assert.equal(labelResult(proposal, factsOf(NEUTRAL_LABEL), { label: NEUTRAL_LABEL }, "owner").label.trust, "full");
});
