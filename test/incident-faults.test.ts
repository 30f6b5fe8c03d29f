/**
 * The fault table of incidents: each write, rename, sync and removal that an
 * incident makes fails in turn, in four ways, and whatever fails: what was
 * contained stays contained, what was recorded stays, nothing is skipped
 * unsaid, and it can be gone on with.
 *
 * @module
 */
import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { caseFile, caseFolder, caseIds, loadCase, standNow } from "../src/app/incidents/cases.ts";
import { bundleAgain, openIncident, type Opened } from "../src/app/incidents/open.ts";
import { keepReview, takeStep } from "../src/app/incidents/steps.ts";
import { readPending } from "../src/app/pending.ts";
import { isRevoked, readRegistry } from "../src/app/secrets/registry.ts";
import { systemRandom } from "../src/app/system.ts";
import { toFault } from "../src/core/fault.ts";
import { sha256 } from "../src/core/json.ts";
import { parseSecretId } from "../src/core/secret-ref.ts";
import { type Case, closedCase, withCause, withItem, withService } from "../src/ops/incident/case.ts";
import { verifyBundle } from "../src/ops/incident/verify.ts";
import { WHOLE } from "./ledger-kit.ts";
import {
  FailingDisk,
  type Installation,
  installations,
  REQUEST,
  SECRET,
  SESSION,
  WAYS,
  type Way,
} from "./incident-disk.ts";

const bundlesOf = (at: Installation, id: string): readonly string[] =>
  existsSync(caseFolder(at.home.root, id))
    ? readdirSync(caseFolder(at.home.root, id)).filter((name) => name.startsWith("bundle-"))
    : [];

const isSecretRevoked = ({ home }: Installation): boolean =>
  isRevoked(readRegistry(home.root, systemRandom), parseSecretId(SECRET).id, "a-key-of-the-crm");

/** Every file of a bundle, so that it can be seen that none changed. */
function bytesOf(at: Installation, id: string): string {
  const all = bundlesOf(at, id).map((name) => {
    const folder = join(caseFolder(at.home.root, id), name);
    return readdirSync(folder).map((file) => `${name}/${file} ${sha256(readFileSync(join(folder, file)))}`);
  });
  return all.flat().sort().join("\n");
}

async function sealedBundles(at: Installation, id: string): Promise<readonly string[]> {
  const held: string[] = [];
  for (const name of bundlesOf(at, id))
    if ((await verifyBundle(join(caseFolder(at.home.root, id), name), at.publicKey)).holds) held.push(name);
  return held;
}

/** INVARIANT(recorded-first): what stands on the disk was recorded before. */
function assertRecorded(at: Installation, row: string): void {
  const pending = readPending(at.home.root).flatMap((one) => one.pending ?? []);
  for (const id of caseIds(at.home.root)) {
    if (!existsSync(join(at.home.root, caseFile(id)))) continue;
    const digest = sha256(readFileSync(join(at.home.root, caseFile(id))));
    assert.ok(
      pending.some((one) => one.kind === "incident" && one.after === digest),
      `${row}: not recorded`,
    );
  }
  if (isSecretRevoked(at))
    assert.ok(
      pending.some((one) => one.kind === "secret"),
      `${row}: revoked unrecorded`,
    );
}

/** What was said of a failure helps whoever reads it. */
function assertClear(failed: readonly string[], row: string): void {
  for (const line of failed) {
    assert.match(line, /^[a-z][a-z .:_-]+.*: .{10,}/i, row);
    assert.doesNotMatch(line, /inside vambrace|undefined|\[object/, row);
  }
}

/** Nothing is left to do but what was said. */
async function assertSaid(at: Installation, opened: Opened, row: string): Promise<void> {
  const { one, failed, bundle } = opened;
  const said = (what: string): boolean => failed.some((line) => line.startsWith(what));
  assertClear(failed, row);
  assert.ok(isSecretRevoked(at) || said("revoke"), `${row}: not revoked, unsaid`);
  const isThere = existsSync(join(at.home.root, caseFile(one.id)));
  assert.ok(isThere || said("write"), `${row}: no case, unsaid`);
  // What fails once is tried once more; on a disk that is full there is no room for it.
  if (!row.startsWith("ENOSPC")) assert.ok(isThere, `${row}: no case`);
  // An archive is whole, with its list, or not there.
  const files = bundlesOf(at, one.id).flatMap((name) => readdirSync(join(caseFolder(at.home.root, one.id), name)));
  for (const file of files.filter((name) => name.endsWith(".tar"))) {
    const list = file.replace(/tar$/, "jsonl");
    assert.ok(files.includes(list) || said(`keep ${list}`), `${row}: half of ${file}`);
  }
  if (failed.length > 0) return;
  assert.deepEqual(loadCase(at.home.root, one.id), one, row);
  assert.equal(one.bundle, bundle?.manifest, row);
  const [name = ""] = bundlesOf(at, one.id);
  const report = await verifyBundle(join(caseFolder(at.home.root, one.id), name), at.publicKey);
  assert.deepEqual([report.holds, report.notKept, report.problem], [true, 0, undefined], row);
}

/** The next attempt, on a disk that was mended, ends with everything in order and everything from before as it was. */
async function goesOn(at: Installation, session: string | null, row: string): Promise<void> {
  const [id] = caseIds(at.home.root);
  if (id === undefined) {
    const again = await openIncident(at.parts(), { ...REQUEST, session });
    assert.deepEqual(again.failed, [], row);
    return;
  }
  const stand = standNow(at.home.root, Date.now());
  const isHeld =
    session === null || stand.unreadable.length > 0 ? stand.wholeOpen : stand.frozenSessions.includes(session);
  assert.ok(isHeld, `${row}: what the case file holds was let go`);
  const file = join(at.home.root, caseFile(id));
  // As the words of that fault say.
  if (!existsSync(file)) {
    const [name = ""] = bundlesOf(at, id);
    copyFileSync(join(caseFolder(at.home.root, id), name, "incident.json"), file);
  }
  const before = bytesOf(at, id);
  const again = await bundleAgain(at.parts(), id, REQUEST);
  assert.deepEqual(again.failed, [], row);
  assert.ok(bytesOf(at, id).includes(before), `${row}: earlier evidence was changed`);
  assert.ok((await sealedBundles(at, id)).length > 0, row);
  assert.ok(again.one.tokensEnded !== null, row);
  assert.ok(isSecretRevoked(at), row);
}

for (const session of [null, SESSION]) {
  const about = session === null ? "everything" : "one session";
  test(`R-IR-2: INVARIANT(contained-stays): an incident about ${about}, whichever write fails, and in whatever way`, async (t) => {
    const make = installations(t);
    const request = { ...REQUEST, session };
    const whole = new FailingDisk(Number.POSITIVE_INFINITY, "EIO");
    assert.deepEqual((await openIncident(make().parts(whole), request)).failed, [], "the twin: nothing fails");
    const { operations } = whole;
    assert.ok(operations > 60, `${operations} operations`);
    for (const [i, way] of WAYS.entries())
      for (let at = 0; at < operations; at++)
        // In a sample each operation fails in one of the ways.
        if (WHOLE || at % WAYS.length === i) await row(make(), request, { way, at });
  });
}

async function row(at: Installation, request: typeof REQUEST, broken: { way: Way; at: number }): Promise<void> {
  const name = `${broken.way} at ${broken.at}`;
  const disk = new FailingDisk(broken.at, broken.way);
  const opened = await openIncident(at.parts(disk), request).catch((thrown: unknown) => {
    // Of a process that is dead nobody hears.
    if (disk.isDead) return undefined;
    throw thrown;
  });
  assertRecorded(at, name);
  // Contained before the first write, and never taken back.
  if (request.session === null) assert.ok(at.world.stopped, name);
  else assert.ok(at.world.frozen.has(request.session), name);
  if (broken.way === "killed") {
    for (const id of caseIds(at.home.root))
      for (const bundle of await sealedBundles(at, id))
        assert.ok(existsSync(join(caseFolder(at.home.root, id), bundle, "seal")), name);
  } else {
    assert.ok(opened !== undefined, name);
    if (request.session === null) assert.deepEqual(at.world.ended, ["tok_1"], name);
    await assertSaid(at, opened, name);
  }
  await goesOn(at, request.session, name);
  at.remove();
}

type Step = readonly [string, (parts: Parameters<typeof takeStep>[0], id: string) => unknown];
const ITEMS = ["evidence", "reach", "rotate", "memory", "ledger", "good-point", "sandbox", "prevention"];
const done = (one: Case, said: { by: string; atMs: number; note: string }): Case =>
  ITEMS.reduce((now, item) => withItem(now, item, "done", said), one);

/** Each step after the opening, in the order of a night; a new one belongs here. */
const STEPS: readonly Step[] = [
  [
    "cause",
    (parts, id) =>
      takeStep(parts, id, "incident.cause", (one, said) => ({
        one: withCause(one, said("a page ordered it")),
        why: "a page ordered it",
      })),
  ],
  [
    "check",
    (parts, id) => takeStep(parts, id, "incident.done", (one, said) => ({ one: done(one, said("done")), why: "all" })),
  ],
  ...["terminal", "webchat", "api", "schedules"].map(
    (service): Step => [
      `restore ${service}`,
      (parts, id) =>
        takeStep(parts, id, "incident.restored", (one, said) => ({
          one: withService(one, service, said("")),
          why: service,
        })),
    ],
  ),
  [
    "close",
    (parts, id) => takeStep(parts, id, "incident.closed", (one, said) => ({ one: closedCase(one, said("")), why: "" })),
  ],
  ["review", (parts, id) => keepReview(parts, loadCase(parts.home.root, id))],
];

test("R-IR-3: INVARIANT(step-or-none): every step after it, whichever write fails: it was taken or it was not, and can be taken again", async (t) => {
  const make = installations(t);
  for (const way of WAYS) {
    for (let at = 0, went = true; went; at += WHOLE ? 1 : 2) {
      const here = make();
      const { one } = await openIncident(here.parts(), REQUEST);
      went = false;
      for (const [name, take] of STEPS)
        went = (await brokenStep(here, { id: one.id, name, take }, { way, at })) || went;
      const closed = loadCase(here.home.root, one.id);
      assert.equal(closed.state, "closed", `${way} at ${at}`);
      assert.ok(closed.bundle !== null && closed.cause !== null);
      assertRecorded(here, `${way} at ${at}`);
      assert.ok(readdirSync(caseFolder(here.home.root, one.id)).some((file) => /^review-\d+\.md$/.test(file)));
      assert.equal((await sealedBundles(here, one.id)).length, 1);
      here.remove();
      assert.ok(at < 40);
    }
  }
});

/** @returns whether the disk failed in it. */
async function brokenStep(
  at: Installation,
  { id, name, take }: { readonly id: string; readonly name: string; readonly take: Step[1] },
  broken: { readonly way: Way; readonly at: number },
): Promise<boolean> {
  const row = `${name}: ${broken.way} at ${broken.at}`;
  const disk = new FailingDisk(broken.at, broken.way);
  const before = loadCase(at.home.root, id);
  const failed = await Promise.resolve()
    .then(() => take(at.parts(disk), id))
    .then(
      () => false,
      (thrown: unknown) => {
        assert.match(toFault(thrown).message, disk.isDead ? /./ : /disk|cannot be written|was written/, row);
        return true;
      },
    );
  const now = loadCase(at.home.root, id);
  const wasTaken = JSON.stringify(now) !== JSON.stringify(before);
  if (!failed) return false;
  // Nothing goes on before it should, whatever became of the step.
  const stand = standNow(at.home.root, Date.now());
  if (now.state === "open") assert.ok(stand.wholeOpen, row);
  if (now.cause === null) assert.deepEqual(stand.withoutCause, [id], row);
  if (!wasTaken) await take(at.parts(), id);
  return true;
}

test("R-IR-2: whatever a gateway refuses, the rest is done and it is said", async (t) => {
  const make = installations(t);
  const refuse = (): Promise<never> => Promise.reject(new Error("the gateway does not answer"));
  for (const [name, said] of [
    ["stop", "contain"],
    ["endAccess", "end access"],
    ["publish", "publish the ledger"],
    ["seal", "seal the bundle"],
  ] as const) {
    const at = make();
    const { failed, one } = await openIncident(at.parts(undefined, { [name]: refuse }), REQUEST);
    assert.ok(
      failed.some((line) => line === `${said}: the gateway does not answer`),
      `${name}: ${failed.join("; ")}`,
    );
    assert.ok(isSecretRevoked(at), name);
    assert.equal(at.world.stopped, name !== "stop");
    assert.ok(standNow(at.home.root, Date.now()).wholeOpen, "the case file holds everything that was not stopped");
    assert.equal(one.tokensEnded === null, name === "endAccess");
    assert.equal(one.bundle === null, name === "seal");
    assert.deepEqual((await bundleAgain(at.parts(), one.id, REQUEST)).failed, [], name);
  }
});
