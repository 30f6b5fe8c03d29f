import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { PathFact } from "./call.ts";
import { newId, parseAgentId, parsePersonId } from "./ids.ts";
import { sha256 } from "./json.ts";
import { TRUST_LEVELS, trustRank } from "./label.ts";
import { createMadeFiles, type Maker, withOwn } from "./made.ts";
import { seededRandom } from "./testing.ts";

const random = seededRandom(7);
const by = (person = "owner", session = newId("ses", random)): Maker => ({
  principal: { person: parsePersonId(person), trust: "full", roles: [] },
  origin: { session, turn: newId("trn", random), agent: parseAgentId("main"), channel: "terminal" },
});
const fact = (change: Partial<PathFact> = {}): PathFact => ({
  pointer: "/path",
  written: "a",
  resolved: "/w/a",
  access: "write",
  zone: "workspace",
  kind: "file",
  hasCopy: false,
  digest: sha256("mine"),
  ...change,
});
const NEW = fact({ kind: "absent" });
const mine = { digest: sha256("mine"), trust: "standard" } as const;
const isOwn = (paths: readonly PathFact[]): boolean => paths.every(({ own }) => own === true);

test("R-TOOL-1: a file is a session's own only for that session and that person", () => {
  const files = createMadeFiles();
  const maker = by();
  files.wrote(maker, NEW, mine);
  assert.deepEqual(files.of(maker)("/w/a"), mine);
  assert.deepEqual(files.of(by("owner", maker.origin.session))("/w/a"), mine, "in a later turn too");
  for (const other of [by(), by("bob", maker.origin.session)]) assert.equal(files.of(other)("/w/a"), undefined);
  assert.equal(files.of(maker)("/w/b"), undefined);
});

test("R-TOOL-1: a file that was there before is nobody's own, also after it was written; one's own stays one's own", () => {
  const files = createMadeFiles();
  const maker = by();
  files.wrote(maker, NEW, mine);
  files.wrote(maker, fact({ own: true }), { ...mine, trust: "full" });
  assert.equal(files.of(maker)("/w/a")?.trust, "full");
  files.wrote(maker, fact(), mine);
  assert.equal(files.of(maker)("/w/a"), undefined);
});

test("R-TOOL-1: beyond its bound the oldest is forgotten", () => {
  const files = createMadeFiles(2);
  const maker = by();
  for (const name of ["/w/1", "/w/2", "/w/3"]) files.wrote(maker, { ...NEW, resolved: name }, mine);
  assert.deepEqual(
    ["/w/1", "/w/2", "/w/3"].map((name) => files.of(maker)(name) !== undefined),
    [false, true, true],
  );
});

test("R-TOOL-1: INVARIANT(own-work): other bytes, another kind or place, no digest, a removal, or less trust is not one's own", () => {
  const made = (): typeof mine => mine;
  assert.ok(isOwn(withOwn([fact()], made, "standard")));
  for (const change of [
    { digest: sha256("somebody changed it") },
    { kind: "other" },
    { zone: "protected" },
    { access: "delete" },
    { access: "read" },
  ] as const) {
    assert.ok(!isOwn(withOwn([fact(change)], made, "full")), JSON.stringify(change));
  }
  const { digest: _, ...unread } = fact();
  assert.ok(!isOwn(withOwn([unread], made, "full")));
  assert.ok(!isOwn(withOwn([fact()], undefined, "full")), "where nobody can tell, nothing is");
  const trust = fc.constantFrom(...TRUST_LEVELS);
  fc.assert(
    fc.property(trust, trust, (was, is) => {
      const found = isOwn(withOwn([fact()], () => ({ ...mine, trust: was }), is));
      assert.equal(found, trustRank(is) >= trustRank(was));
    }),
  );
});
