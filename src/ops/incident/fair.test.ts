import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fair, someOf } from "./fair.ts";

type Thing = { readonly share: string; readonly kin: string; readonly n: number };

const PARTS = { grave: 3, light: 1 };
const ROOM = 40;

/** Newest first, as they come. */
function chosen(things: readonly Omit<Thing, "n">[], weight = 1): { readonly kept: readonly Thing[]; lost: Thing[] } {
  const lost: Thing[] = [];
  const fair = new Fair<Thing>(ROOM, PARTS, (one) => lost.push(one));
  for (const [n, one] of things.entries()) fair.add({ ...one, n }, { ...one, weight });
  return { kept: fair.kept(), lost };
}

const thing = (share: string, kins: number): fc.Arbitrary<Omit<Thing, "n">> =>
  fc.record({ share: fc.constant(share), kin: fc.nat({ max: kins }).map((kin) => `${kin}`) });
const flood = fc.array(fc.oneof(thing("light", 1_000), thing("light", 2)), { maxLength: 400 });
const things = fc.array(fc.oneof(thing("light", 5), thing("grave", 5)), { maxLength: 300 });

test("R-IR-2: what fits is kept, all of it; what does not is bounded, and each thing is kept or counted", () => {
  fc.assert(
    fc.property(things, fc.integer({ min: 1, max: 5 }), (all, weight) => {
      const { kept, lost } = chosen(all, weight);
      assert.ok(kept.length * weight <= ROOM);
      assert.deepEqual(
        [...kept, ...lost].map(({ n }) => n).sort((a, b) => a - b),
        [...all.keys()],
      );
      if (all.length * weight <= ROOM) assert.deepEqual(lost, []);
    }),
  );
});

test("R-IR-2: INVARIANT(share-is-safe): whatever is made much of, and of what kin, a share within its part loses nothing", () => {
  const few = fc.array(thing("grave", 5), { maxLength: (ROOM * 3) / 4 });
  fc.assert(
    fc.property(few, flood, fc.nat(), (deeds, much, at) => {
      const all = [...much];
      for (const [i, deed] of deeds.entries()) all.splice((at * (i + 7)) % (all.length + 1), 0, deed);
      assert.equal(chosen(all).kept.filter(({ share }) => share === "grave").length, deeds.length);
    }),
  );
});

test("R-IR-2: two floods at once divide the room as their shares do", () => {
  const all = Array.from({ length: 1_000 }, (_, i) => ({ share: i % 2 === 0 ? "grave" : "light", kin: "many" }));
  const graves = chosen(all).kept.filter(({ share }) => share === "grave").length;
  assert.equal(graves, (ROOM * PARTS.grave) / (PARTS.grave + PARTS.light));
});

test("R-IR-2: INVARIANT(rare-stays): in a share the newest, the oldest and what is rare stay, whatever kin is many", () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 500 }), fc.nat(), fc.nat({ max: 4 }), (many, at, kins) => {
      const all = Array.from({ length: many }, (_, i) => ({ share: "light", kin: `many ${i % (kins + 1)}` }));
      const place = at % many;
      all.splice(place, 0, { share: "light", kin: "rare" });
      const { kept } = chosen(all);
      assert.ok(kept.some(({ kin }) => kin === "rare"));
      assert.ok(kept.some(({ n }) => n === 0) && kept.some(({ n }) => n === many));
      assert.equal(kept.length, ROOM, "the twin: the room is used");
    }),
  );
});

test("R-IR-2: where every thing is of a kin of its own, the newest and the oldest stay", () => {
  const { kept } = chosen(Array.from({ length: 1_000 }, (_, i) => ({ share: "light", kin: `${i}` })));
  const ns = kept.map(({ n }) => n);
  assert.deepEqual(ns.slice(0, ROOM / 4), [...Array(ROOM / 4).keys()]);
  assert.deepEqual(
    ns.slice(ROOM / 4),
    Array.from({ length: (ROOM * 3) / 4 }, (_, i) => 1_000 - (ROOM * 3) / 4 + i),
  );
});

test("R-IR-2: a part of a list is chosen in the same way, and a list that fits is itself", () => {
  const list = [...Array.from({ length: 50 }, () => "a"), "b", ...Array.from({ length: 50 }, () => "a")];
  const some = someOf(list, 10, (one) => one);
  assert.deepEqual([some.length, some.includes("b")], [10, true]);
  assert.equal(
    someOf(list, 101, (one) => one),
    list,
  );
});

test("R-IR-2: a share that nobody knows is refused", () => {
  const fair = new Fair<number>(1, PARTS, () => undefined);
  assert.throws(() => fair.add(1, { share: "other", kin: "" }), RangeError);
});
