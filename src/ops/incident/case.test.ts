import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import {
  type Case,
  CLOSE_WATCH_MS,
  closedCase,
  newCase,
  parseCase,
  SERVICES,
  standOf,
  withCause,
  withItem,
  withService,
  writeCase,
} from "./case.ts";

const said = (note = "looked at it myself"): { by: string; atMs: number; note: string } => ({
  by: "owner",
  atMs: 5_000,
  note,
});
const fresh = (session: string | null = null): Case => ({
  ...newCase({
    id: "inc_20260101000000abcd",
    openedMs: 1_000,
    by: "owner",
    reason: "odd\u001b[2J\nthings",
    session,
    call: null,
    sinceMs: 0,
  }),
  bundle: "a".repeat(64),
});
const conflict = (thrown: unknown): boolean => thrown instanceof Fault && thrown.code === "INCIDENT_CONFLICT";
const done = (one: Case): Case => one.checklist.reduce((all, item) => withItem(all, item.id, "done", said()), one);

test("R-IR-3: INVARIANT(cause-first): nothing is brought back and nothing closed before the cause is recorded", () => {
  for (const service of SERVICES) assert.throws(() => withService(done(fresh()), service, said()), conflict);
  assert.throws(() => closedCase(done(fresh("ses_1")), said()), conflict);
  assert.throws(() => withCause(fresh(), said("bug")), conflict);
  const known = withCause(fresh(), said("a page ordered it"));
  assert.notEqual(withService(known, "terminal", said()).services[0]?.restored, null);
});

test("R-IR-3: it is closed when every item is ticked or left out for a reason, every service is back, and evidence is kept", () => {
  let one = withCause(fresh(), said("a page ordered it"));
  assert.throws(() => closedCase(one, said()), conflict);
  const [first] = one.checklist;
  assert.throws(() => withItem(one, first?.id ?? "", "skipped", said("")), conflict);
  assert.throws(() => withItem(one, "nothing", "done", said()), conflict);
  one = withItem(done(one), first?.id ?? "", "skipped", said("no such thing here"));
  assert.throws(() => closedCase(one, said()), conflict);
  for (const service of SERVICES) one = withService(one, service, said());
  assert.throws(() => closedCase({ ...one, bundle: null }, said()), conflict);
  const closed = closedCase(one, said());
  assert.equal(closed.state, "closed");
  assert.throws(() => withCause(closed, said("another cause")), conflict);
  assert.deepEqual(parseCase(writeCase(closed), "x"), closed);
});

test("R-IR-4: the close watch lasts 30 days from the closing, and no longer", () => {
  let one = withCause(fresh("ses_1"), said("a page ordered it"));
  one = closedCase(done(one), said());
  assert.equal(standOf([one], [], 5_000 + CLOSE_WATCH_MS - 1).closeWatchUntilMs, 5_000 + CLOSE_WATCH_MS);
  assert.equal(standOf([one], [], 5_000 + CLOSE_WATCH_MS).closeWatchUntilMs, null);
  assert.equal(CLOSE_WATCH_MS, 30 * 24 * 3_600_000);
});

test("R-IR-2: an open incident about everything turns every service off until it is brought back; one session turns off none", () => {
  assert.deepEqual([...standOf([fresh()], [], 0).servicesOff], [...SERVICES]);
  assert.deepEqual(standOf([fresh("ses_1")], [], 0).frozenSessions, ["ses_1"]);
  assert.equal(standOf([fresh("ses_1")], [], 0).servicesOff.size, 0);
  const unreadable = standOf([], ["inc_x"], 0);
  assert.deepEqual(
    [unreadable.withoutCause, unreadable.servicesOff.size, unreadable.wholeOpen],
    [["inc_x"], SERVICES.length, true],
  );
});

test("R-IR-2: what a person wrote holds nothing that steers a terminal, and a damaged file is refused", () => {
  assert.ok(!writeCase(fresh()).includes("\u001b"));
  for (const text of ["", "{}", writeCase(fresh()).replace('"open"', '"fine"'), writeCase(fresh()).slice(0, -20)]) {
    assert.throws(
      () => parseCase(text, "case.json"),
      (thrown) => thrown instanceof Fault && thrown.code === "INCIDENT_UNREADABLE",
    );
  }
});
