import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../../core/ids.ts";
import { type Label, SYSTEM_LABEL } from "../../core/label.ts";
import { seededRandom } from "../../core/testing.ts";
import { createScratch } from "./scratch.ts";

const secret: Label = { ...SYSTEM_LABEL, trust: "none", confidentiality: "secret" };

test("R-FLOW-1: sessions in which nothing ran for long are forgotten, one in which something runs or just ran is not", () => {
  const random = seededRandom(3);
  const scratch = createScratch({ idleMs: 1 });
  const [long, recent, old] = [newId("ses", random), newId("ses", random), newId("ses", random)];
  const over = scratch.of(long).note(secret);
  scratch.of(old).note(secret)();
  for (let i = 0; i < 3_000; i++) {
    scratch.of(newId("ses", random)).note(SYSTEM_LABEL)();
    if (i % 100 === 0) scratch.of(recent).note(secret)();
  }
  assert.ok(scratch.size <= 1_000, `${scratch.size} are kept`);
  assert.deepEqual(
    [long, recent].map((session) => scratch.of(session).held.map(({ confidentiality }) => confidentiality)),
    [["secret"], ["secret"]],
  );
  assert.deepEqual(scratch.of(old).held, []);
  over();
  for (let i = 0; i < 1_000; i++) scratch.of(newId("ses", random)).note(SYSTEM_LABEL)();
  assert.deepEqual(scratch.of(long).held, []);
});
