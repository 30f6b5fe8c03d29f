import assert from "node:assert/strict";
import { test } from "node:test";
import { basisOf, textDigest, withOwn } from "../../core/basis.ts";
import type { Endorsement } from "../../core/endorsement.ts";
import { newId, parsePersonId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import type { JsonObject } from "../../core/json.ts";
import type { StateStore } from "../../core/ports/store.ts";
import { seededRandom } from "../../core/testing.ts";
import { openEndorsements } from "./endorsements.ts";

const random = seededRandom(11);
const session = newId("ses", random);
const own = { trust: "none", confidentiality: "private", audience: { kind: "anyone" }, sources: [] } as const;

function noteOf(text: string): ContextItem {
  const id = newId("itm", random);
  return { kind: "note", id, from: "x", text, label: own, ...withOwn(basisOf([]), { id, text }, own) };
}

function endorsementOf({ id: item, text }: ContextItem, change: Partial<Endorsement> = {}): Endorsement {
  const digest = textDigest({ text });
  return { session, item, digest, from: "a note", by: parsePersonId("owner"), atMs: 1, trust: "full", ...change };
}

function memory(): StateStore & { readonly rows: Map<string, JsonObject> } {
  const rows = new Map<string, JsonObject>();
  return { rows, get: async (key) => rows.get(key), set: async (key, value) => void rows.set(key, value) };
}

test("R-FLOW-4: INVARIANT(labels-fall): an endorsement is of one text in one session", async () => {
  const note = noteOf("the text");
  const trustIn = async (change: Partial<Endorsement>, where = session): Promise<string | undefined> => {
    const endorsements = await openEndorsements(memory());
    await endorsements.add(endorsementOf(note, change));
    return endorsements.counted(where, [note])[0]?.label.trust;
  };
  assert.equal(await trustIn({}), "full", "the honest twin");
  assert.equal(await trustIn({ digest: textDigest({ text: "another text" }) }), "none");
  assert.equal(await trustIn({ item: newId("itm", random) }), "none");
  assert.equal(await trustIn({}, newId("ses", random)), "none");
  assert.equal(await trustIn({ trust: "limited" }), "limited");
});

test("R-FLOW-4: it is there after a restart until it is taken back; what cannot be read back raises nothing", async () => {
  const state = memory();
  const note = noteOf("the text");
  await (await openEndorsements(state)).add(endorsementOf(note));
  const again = await openEndorsements(state);
  assert.equal(again.counted(session, [note])[0]?.label.trust, "full");
  const [key = "", row = {}] = [...state.rows][0] ?? [];
  const [one = {}] = row["all"] as readonly JsonObject[];
  for (const broken of [
    { ...one, trust: "fullest" },
    { ...one, digest: "?" },
    { ...one, by: 7 },
    { ...one, item: "x" },
    7,
  ]) {
    state.rows.set(key, { all: [broken] });
    const read = await openEndorsements(state);
    assert.equal(read.counted(session, [note])[0]?.label.trust, "none", JSON.stringify(broken));
  }
  assert.equal(await again.remove(session, note.id), true);
  assert.equal(await again.remove(session, note.id), false);
  assert.equal(again.counted(session, [note])[0]?.label.trust, "none");
  assert.deepEqual((await openEndorsements(state)).list(), []);
});

test("R-FLOW-4: one that could not be kept is told of, and the next one is kept", async () => {
  const state = memory();
  let isFull = true;
  const endorsements = await openEndorsements({
    ...state,
    set: async (key, value) => (isFull ? Promise.reject(new Error("full")) : state.set(key, value)),
  });
  const one = noteOf("one");
  await assert.rejects(endorsements.add(endorsementOf(one)), /full/);
  assert.equal(endorsements.counted(session, [one])[0]?.label.trust, "none", "what was not kept raises nothing");
  isFull = false;
  const two = noteOf("two");
  await Promise.all([endorsements.add(endorsementOf(two)), endorsements.add(endorsementOf(noteOf("three")))]);
  assert.equal(endorsements.counted(session, [two])[0]?.label.trust, "full");
  assert.equal((await openEndorsements(state)).list().length, 2);
  await endorsements.clear();
  assert.deepEqual((await openEndorsements(state)).list(), []);
});

test("R-IR-1: what is being endorsed while everything is stopped does not outlive the stop", async () => {
  const state = memory();
  const endorsements = await openEndorsements(state);
  const note = noteOf("the text");
  await Promise.all([endorsements.add(endorsementOf(note)), endorsements.clear()]);
  assert.equal(endorsements.counted(session, [note])[0]?.label.trust, "none");
  assert.deepEqual((await openEndorsements(state)).list(), []);
});
