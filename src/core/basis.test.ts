import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { basisOf, counted, type Endorsed, type EndorsedOf, ownOf, RESTS_KEPT, textDigest, withOwn } from "./basis.ts";
import { newId } from "./ids.ts";
import type { ContextItem } from "./item.ts";
import {
  CONFIDENTIALITY_LEVELS,
  confidentialityRank,
  join,
  joinAll,
  type Label,
  NEUTRAL_LABEL,
  TRUST_LEVELS,
  type Trust,
  trustRank,
} from "./label.ts";
import { seededRandom } from "./testing.ts";

const random = seededRandom(3);

const someLabel = fc.record({
  trust: fc.constantFrom(...TRUST_LEVELS),
  confidentiality: fc.constantFrom(...CONFIDENTIALITY_LEVELS),
  audience: fc.oneof(
    fc.constant({ kind: "anyone" } as const),
    fc.subarray(["owner", "ben", "cleo"]).map((persons) => ({ kind: "persons", persons }) as const),
  ),
  sources: fc.constant([]),
});

/** One step of a conversation: a person's word, or something that was made from some of what stands before it. */
type Step = { readonly own: Label; readonly made: boolean; readonly from: readonly number[] };

const someStep: fc.Arbitrary<Step> = fc.record({
  own: someLabel,
  made: fc.boolean(),
  from: fc.array(fc.nat(40), { maxLength: 6 }),
});

type Made = { readonly item: ContextItem; readonly own: Label; readonly from: readonly number[] };

/** As the agent keeps items: each with the join of what it was made from and of its own label. */
function conversation(steps: readonly Step[]): readonly Made[] {
  const made: Made[] = [];
  for (const [i, { own, made: isMade, from }] of steps.entries()) {
    const id = newId("itm", random);
    const text = `text ${i}`;
    if (!isMade || i === 0) {
      made.push({ item: { kind: "person", id, person: "owner", text, label: own }, own, from: [] });
      continue;
    }
    const parents = [...new Set(from.map((one) => one % i))];
    const items = parents.flatMap((at) => made[at]?.item ?? []);
    const label = join(joinAll(items.map((item) => item.label)), own);
    const call = newId("call", random);
    const basis = withOwn(basisOf(items), { id, text }, own);
    made.push({ item: { kind: "result", id, call, tool: "t", ok: true, text, label, ...basis }, own, from: parents });
  }
  return made;
}

/** What the label would have been, had the endorsed texts come in as they are endorsed. */
function recomputed(made: readonly Made[], endorsed: ReadonlyMap<string, Endorsed>): readonly Label[] {
  const labels: Label[] = [];
  for (const { item, own, from } of made) {
    const by = item.kind === "result" ? endorsed.get(item.id) : undefined;
    const trust = by?.trust !== undefined && trustRank(by.trust) > trustRank(own.trust) ? by.trust : own.trust;
    labels.push(joinAll([{ ...own, trust }, ...from.flatMap((at) => labels[at] ?? [])]));
  }
  return labels;
}

const plain = ({ trust, confidentiality, audience }: Label) => ({
  trust,
  confidentiality,
  audience: audience.kind === "anyone" ? "anyone" : [...audience.persons].sort(),
});

const noBetter = (a: Label, b: Label): boolean =>
  trustRank(a.trust) <= trustRank(b.trust) &&
  confidentialityRank(a.confidentiality) >= confidentialityRank(b.confidentiality);

const NOBODY: EndorsedOf = () => undefined;

test("R-FLOW-4: INVARIANT(labels-fall): what nobody endorsed counts as it was made, and never as more", () => {
  fc.assert(
    fc.property(fc.array(someStep, { minLength: 1, maxLength: 30 }), (steps) => {
      for (const { item } of conversation(steps)) assert.deepEqual(counted(item, NOBODY), item);
    }),
  );
});

test("R-FLOW-4: INVARIANT(labels-fall): an endorsement lifts what was made from that text, exactly as far, and nothing else", () => {
  const someTrust = fc.constantFrom(...TRUST_LEVELS);
  const cases = fc.tuple(
    fc.array(someStep, { minLength: 1, maxLength: 30 }),
    fc.array(fc.tuple(fc.nat(29), someTrust)),
  );
  fc.assert(
    fc.property(cases, ([steps, said]) => {
      const made = conversation(steps);
      const endorsed = new Map<string, { readonly trust: Trust }>();
      for (const [at, trust] of said) {
        const item = made[at]?.item;
        if (item !== undefined) endorsed.set(item.id, { trust });
      }
      const of: EndorsedOf = (item) => endorsed.get(item);
      const expected = recomputed(made, endorsed);
      for (const [i, { item }] of made.entries()) {
        const { label } = counted(item, of);
        const exact = expected[i] ?? assert.fail();
        assert.ok(noBetter(label, exact), "never better than if it had come in so");
        assert.ok(noBetter(item.label, label), "and never worse than it was");
        const rests = item.basis?.rests.length ?? 0;
        if (rests < RESTS_KEPT) assert.deepEqual(plain(label), plain(exact), "exactly that, where nothing was folded");
        assert.deepEqual(counted(counted(item, of), NOBODY), counted(item, of), "it is laid over, not kept");
        assert.deepEqual(counted(item, NOBODY), item, "and taken back without a trace");
      }
    }),
  );
});

test("R-FLOW-4: an endorsement of another text under the same id counts for nothing", () => {
  const own = { trust: "none", confidentiality: "private", audience: { kind: "anyone" }, sources: [] } as const;
  const id = newId("itm", random);
  const text = "what was read";
  const note: ContextItem = {
    kind: "note",
    id,
    from: "x",
    text,
    label: own,
    ...withOwn(basisOf([]), { id, text }, own),
  };
  const of =
    (digest: string): EndorsedOf =>
    (_item, its) =>
      its === digest ? { trust: "full" } : undefined;
  assert.equal(counted(note, of(textDigest({ text: "something else" }))).label.trust, "none");
  assert.equal(counted(note, of(textDigest({ text }))).label.trust, "full", "the honest twin");
  assert.equal(ownOf(note)?.trust, "none", "the text itself is kept as it came");
});

test("R-FLOW-4: of more than can be kept apart, what is left over never rises", () => {
  const own = { trust: "none", confidentiality: "private", audience: { kind: "anyone" }, sources: [] } as const;
  const many = conversation(
    Array.from({ length: RESTS_KEPT + 3 }, (_, i) => ({ own: i === 0 ? NEUTRAL_LABEL : own, made: i > 0, from: [0] })),
  ).map(({ item }) => item);
  const all = basisOf(many.slice(1));
  assert.equal(all.rests.length, RESTS_KEPT);
  const id = newId("itm", random);
  const made: ContextItem = {
    kind: "model",
    id,
    text: "",
    calls: [],
    label: joinAll(many.map(({ label }) => label)),
    basis: all,
  };
  assert.equal(counted(made, () => ({ trust: "full" })).label.trust, "none");
});
