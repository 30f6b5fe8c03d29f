import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Decision } from "./decision.ts";
import { Fault } from "./fault.ts";
import { newId, parsePersonId } from "./ids.ts";
import { sha256 } from "./json.ts";
import { type Grant, openPermitOffice, PERMIT_LIFE_MS } from "./permit.ts";
import type { Receipt } from "./ports/ledger.ts";
import { fakeClock, seededRandom } from "./testing.ts";

const random = seededRandom(7);
const digest = sha256("the call");
const allow: Decision = {
  verdict: "allow",
  because: ["p"],
  says: "",
  policies: sha256("set"),
  limits: { wallMs: 1, outputBytes: 1, memoryBytes: 1, processes: 1, fileBytes: 1, hosts: [], mounts: [] },
};
const ask: Decision = { ...allow, verdict: "ask", needs: "yes", askOf: ["owner"] };
const deny: Decision = { verdict: "deny", because: ["p"], says: "", policies: sha256("set"), hint: "" };

function office() {
  const clock = fakeClock();
  const call = newId("call", random);
  const prepared: Receipt = {
    index: 1,
    leaf: sha256("leaf"),
    entry: { kind: "prepared", who: "owner", what: "call.prepared", target: "exec", result: "begun", call },
  };
  const permits = openPermitOffice({
    clock,
    random,
    signer: { sign: (permit, job) => ({ permit, job, notAfterMs: 1, signature: "s" }) },
    confirms: (receipt, forCall, forDigest) => receipt === prepared && forCall === call && forDigest === digest,
  });
  const grant: Grant = { call, digest, decision: allow, prepared };
  const approval = {
    id: newId("apr", random),
    call,
    digest,
    answer: "yes",
    scope: "once",
    by: parsePersonId("owner"),
    kind: "yes",
    atMs: 0,
  } as const;
  return { clock, permits, grant, approval };
}

const isRefused = (error: unknown): boolean => error instanceof Fault && error.code === "PERMIT_REFUSED";

test("R-TOOL-2: a permit runs the call that it was minted for, once", () => {
  const { permits, grant } = office();
  const permit = permits.issue(grant);
  assert.equal(permits.spend(permit, digest).permit, permit.id);
  assert.throws(() => permits.spend(permit, digest), isRefused);
});

test("R-TOOL-2: a permit minted for one call does not run another, and is gone after the try", () => {
  const { permits, grant } = office();
  const permit = permits.issue(grant);
  assert.throws(() => permits.spend(permit, sha256("another call")), isRefused);
  assert.throws(() => permits.spend(permit, digest), isRefused);
});

test("R-TOOL-2: a copy of a permit, or one from another office, is nothing", () => {
  const { permits, grant } = office();
  const permit = permits.issue(grant);
  assert.throws(() => permits.spend({ ...permit }, digest), isRefused);
  assert.throws(() => office().permits.spend(permit, digest), isRefused);
  assert.doesNotThrow(() => permits.spend(permit, digest));
});

test("R-TOOL-2: a permit that waited too long is refused", () => {
  const { permits, grant, clock } = office();
  const permit = permits.issue(grant);
  clock.advance(PERMIT_LIFE_MS + 1);
  assert.throws(() => permits.spend(permit, digest), isRefused);
});

test("R-TOOL-2: a jump of the wall clock neither kills nor keeps a permit", () => {
  const { permits, grant, clock } = office();
  const permit = permits.issue(grant);
  clock.jumpWall(86_400_000);
  assert.doesNotThrow(() => permits.spend(permit, digest));
});

test("R-TOOL-2: nothing is minted from a denial, an unanswered question, or an answer to something else", () => {
  const { permits, grant, approval } = office();
  assert.throws(() => permits.issue({ ...grant, decision: deny }), isRefused);
  assert.throws(() => permits.issue({ ...grant, decision: ask }), isRefused);
  assert.throws(() => permits.issue({ ...grant, decision: ask, approval: { ...approval, answer: "no" } }), isRefused);
  assert.throws(
    () => permits.issue({ ...grant, decision: ask, approval: { ...approval, digest: sha256("x") } }),
    isRefused,
  );
  assert.doesNotThrow(() => permits.issue({ ...grant, decision: ask, approval }));
});

test("R-LOG-2: nothing is minted without the durable record of this very call", () => {
  const { permits, grant } = office();
  assert.throws(() => permits.issue({ ...grant, prepared: { ...grant.prepared } }), isRefused);
  assert.throws(() => permits.issue({ ...grant, digest: sha256("x") }), isRefused);
});

test("R-TOOL-2: a spent permit signs one job", () => {
  const { permits, grant } = office();
  const spent = permits.spend(permits.issue(grant), digest);
  assert.equal(spent.sign(sha256("job")).job, sha256("job"));
  assert.throws(() => spent.sign(sha256("job")), isRefused);
});

test("R-TOOL-2: INVARIANT(one-gate): whatever is spent in whatever order, each permit works at most once", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(4), { maxLength: 40 }), (order) => {
      const { permits, grant } = office();
      const held = Array.from({ length: 5 }, () => permits.issue(grant));
      const worked = new Map<number, number>();
      for (const index of order) {
        try {
          permits.spend(held[index]!, digest);
          worked.set(index, (worked.get(index) ?? 0) + 1);
        } catch (error) {
          assert.ok(isRefused(error));
        }
      }
      for (const times of worked.values()) assert.equal(times, 1);
      assert.equal(worked.size, new Set(order).size);
    }),
  );
});
