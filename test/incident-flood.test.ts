/**
 * A flood after the deed: an incident of more records than a bundle holds, from
 * its opening to its bundle, with the bounds that there are.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { caseFolder, loadCase } from "../src/app/incidents/cases.ts";
import { openIncident } from "../src/app/incidents/open.ts";
import { keepReview } from "../src/app/incidents/steps.ts";
import { isRevoked, readRegistry } from "../src/app/secrets/registry.ts";
import { systemRandom } from "../src/app/system.ts";
import { incidentShow, incidentVerify } from "../src/cli/incident.ts";
import { type Digest, sha256 } from "../src/core/json.ts";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { parseSecretId } from "../src/core/secret-ref.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { MOST_RECORDS } from "../src/ops/incident/choice.ts";
import { parseManifest, writeManifest } from "../src/ops/incident/manifest.ts";
import { verifyBundle } from "../src/ops/incident/verify.ts";
import { runAt } from "./commands-kit.ts";
import { type Installation, installations, REQUEST, SECRET, SESSION } from "./incident-disk.ts";
import { openTestLog, temporaryFolder } from "./ledger-kit.ts";

const FLOOD = MOST_RECORDS + 5_000;

const of = (more: Partial<LedgerEntry>): LedgerEntry => ({
  kind: "call",
  who: "owner",
  what: "call.decided",
  target: "read",
  result: "ok",
  session: SESSION,
  ...more,
});

function ran(call: string, target: string, data: NonNullable<LedgerEntry["data"]>): readonly LedgerEntry[] {
  return [
    of({ call, target, data }),
    of({ call, target, kind: "prepared", what: "call.prepared", result: "begun" }),
    of({ call, target, kind: "outcome", what: "call.ended" }),
  ];
}

/** Beside the secret that went out already: something is sent, and something stays. */
const DEED: readonly LedgerEntry[] = [
  ...ran("send", "send", {
    arguments: { to: "eve@x.example" },
    facts: { effect: "send", arguments: [{ role: "recipient", pointer: "/to" }], paths: [] },
  }),
  ...ran("stay", "schedule", { arguments: { when: "each night" }, facts: { effect: "schedule", paths: [] } }),
];

/** Cheap calls, each of a file of its own, and refused ones. */
const cheap = (i: number): LedgerEntry =>
  of({
    call: `f${i}`,
    result: i % 2 === 0 ? "ok" : "denied",
    data: { facts: { effect: "read", paths: [{ resolved: `/w/${i}`, access: "read", zone: "workspace" }] } },
  });

/** @returns what seals with the ledger as it is then. */
function record(at: Installation, entries: readonly LedgerEntry[]): (digest: Digest) => Promise<string> {
  const log = openTestLog(nodeFiles(at.home.ledger));
  for (let i = 0; i < entries.length; i += 1_000) log.append(entries.slice(i, i + 1_000));
  log.publish();
  log.close();
  return async (digest) => {
    const again = openTestLog(nodeFiles(at.home.ledger));
    try {
      return again.seal(digest);
    } finally {
      again.close();
    }
  };
}

test("R-IR-2: more records after the deed than a bundle holds take nothing of it out of the reach, of what is revoked and rotated, or of the sealed evidence", async (t) => {
  const at = installations(t)();
  const seal = record(at, [...DEED, ...Array.from({ length: FLOOD }, (_, i) => cheap(i))]);
  const request = { ...REQUEST, session: SESSION };
  const { one, failed, counts, rotate, reach } = await openIncident(at.parts(undefined, { seal }), request);
  assert.deepEqual(failed, []);
  const names = (list: "recipients" | "lasting" | "secrets"): readonly string[] => reach[list].map(({ what }) => what);
  assert.deepEqual(names("recipients"), ["eve@x.example"]);
  assert.deepEqual(names("lasting"), ["schedule each night"]);
  assert.deepEqual(names("secrets"), ["crm"]);
  assert.ok(isRevoked(readRegistry(at.home.root, systemRandom), parseSecretId(SECRET).id, "a-key-of-the-crm"));
  assert.match(rotate.find(({ name }) => name === SECRET)?.why ?? "", /put into requests.*revoked here/);
  // The records of the installation, four of them, and the deed are the oldest.
  const bundle = join(caseFolder(at.home.root, one.id), "bundle-1");
  const read = (name: string): string => readFileSync(join(bundle, name), "utf8");
  const indexes = read("records.jsonl")
    .trim()
    .split("\n")
    .map((line): number => JSON.parse(line).index);
  assert.deepEqual(indexes.slice(0, 4 + DEED.length), [...Array(4 + DEED.length).keys()]);
  assert.equal(indexes.at(-1), 4 + DEED.length + FLOOD - 1);
  // What is not in it is said in each place.
  assert.deepEqual([counts.kept, counts.kept + counts.leftOut], [MOST_RECORDS, 4 + DEED.length + FLOOD]);
  const leftOut = new RegExp(`not kept: ${counts.leftOut} call .*vambrace incident timeline ${one.id} --before`);
  const review = read("review.md");
  for (const said of ["eve@x.example", "schedule each night", "to x.example:443"])
    assert.ok(review.includes(said), said);
  assert.match(review, leftOut);
  assert.match(review, /call\.decided send/);
  assert.match(readFileSync(await keepReview(at.parts(), one), "utf8"), leftOut);
  const env = { HOME: temporaryFolder(t), VAMBRACE_HOME: at.home.root, PATH: process.env["PATH"] };
  assert.match((await runAt(env, incidentShow, [one.id])).out, leftOut);
  const verified = await runAt(env, incidentVerify, [bundle], { key: join(at.home.ledger, "key.pub") });
  assert.equal(verified.status, 0, verified.err);
  assert.match(verified.err, new RegExp(`^${counts.leftOut} records of the incident did not fit`));
});

test("R-IR-2: a bundle that says another number of records than it holds does not hold; one of before, which says none, does", async (t) => {
  const at = installations(t)();
  const { one, counts } = await openIncident(at.parts(), REQUEST);
  assert.equal(counts.leftOut, 0);
  const bundle = join(caseFolder(at.home.root, one.id), "bundle-1");
  const reseal = async (change: (listed: NonNullable<ReturnType<typeof parseManifest>>) => typeof listed) => {
    const listed = parseManifest(readFileSync(join(bundle, "manifest"), "utf8")) ?? [];
    const text = writeManifest(change(listed));
    writeFileSync(join(bundle, "manifest"), text);
    writeFileSync(join(bundle, "seal"), await at.parts().gateway.seal(sha256(text)));
    return verifyBundle(bundle, at.publicKey);
  };
  const path = "counts.json";
  const put = (text: string) => (
    writeFileSync(join(bundle, path), text), { path, digest: sha256(text), bytes: Buffer.byteLength(text) }
  );
  const good = readFileSync(join(bundle, path), "utf8");
  for (const [text, problem] of [
    [good.replace('"kept": 4', '"kept": 5'), /says that it holds 5 records/],
    ["{}", /does not have the form/],
    ["{", /does not have the form/],
  ] as const) {
    const report = await reseal((all) => all.map((file) => (file.path === path ? put(text) : file)));
    assert.match(report.problem ?? "it holds", problem);
  }
  assert.equal(loadCase(at.home.root, one.id).id, one.id);
  rmSync(join(bundle, path));
  const before = await reseal((all) => all.filter((file) => file.path !== path));
  assert.deepEqual([before.holds, before.records, before.leftOut], [true, 4, 0], before.problem);
});
