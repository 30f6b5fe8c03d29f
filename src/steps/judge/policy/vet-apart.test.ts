import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../core/fault.ts";
import { postureWith } from "../fixtures.ts";
import { loadPolicies } from "./load.ts";
import { openVetter } from "./vet-apart.ts";
import { vetHere } from "./vet.ts";

const posture = postureWith();
const bad = [{ name: "mine.cedar", text: "permit (" }];
const refusal = (code: string, words: RegExp) => (error: unknown) =>
  error instanceof Fault && error.code === code && words.test(error.message);

test("R-WHO-4: a set that a thread of its own vetted is the set that is vetted here", async () => {
  const vetter = openVetter();
  try {
    const apart = await loadPolicies({ posture, operator: [], vet: vetter.vet });
    const here = await loadPolicies({ posture, operator: [], vet: vetHere });
    assert.equal(apart.digest, here.digest);
    assert.deepEqual([...apart.policies.keys()], [...here.policies.keys()]);
    assert.deepEqual(apart.schemaJson, here.schemaJson);
  } finally {
    await vetter.close();
  }
});

test("R-WHO-6: what the thread refuses is refused by name, and the next set is vetted all the same", async () => {
  const vetter = openVetter();
  try {
    const [refused, fine] = await Promise.allSettled([
      loadPolicies({ posture, operator: bad, vet: vetter.vet }),
      loadPolicies({ posture, operator: [], vet: vetter.vet }),
    ]);
    assert.ok(refused.status === "rejected" && refusal("POLICY_INVALID", /mine\.cedar/)(refused.reason));
    assert.equal(fine.status, "fulfilled");
  } finally {
    await vetter.close();
  }
});

test("R-WHO-6: a thread that has ended vets nothing, before or after it was asked", async () => {
  const vetter = openVetter();
  const waiting = loadPolicies({ posture, operator: [], vet: vetter.vet });
  const closing = vetter.close();
  await assert.rejects(waiting, refusal("POLICY_INVALID", /could not be checked/));
  await closing;
  const other = postureWith({ egress: [], effects: new Map([["send", "full"]]) });
  await assert.rejects(
    loadPolicies({ posture: other, operator: [], vet: vetter.vet }),
    refusal("POLICY_INVALID", /could not be checked/),
  );
});
