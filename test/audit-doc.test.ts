/** The digest, and docs/audit.md against the catalogue. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { AUDIT_DOC, withTables } from "../scripts/audit-doc.ts";
import type { StoredEntry } from "../src/core/ports/ledger.ts";
import { digestJson, digestOf } from "../src/ops/audit/digest.ts";
import { DAY, NOW } from "./audit-kit.ts";
import { makeHome } from "./cli-kit.ts";

test("R-AUDIT-1: docs/audit.md lists every check as the catalogue has it (`node scripts/audit-doc.ts --write`)", () => {
  const document = readFileSync(AUDIT_DOC, "utf8");
  assert.equal(document, withTables(document));
});

const entry = (daysAgo: number, kind: StoredEntry["kind"], result: string, what = `${kind}.x`): StoredEntry => ({
  index: 0,
  time: new Date(NOW - daysAgo * DAY).toISOString(),
  kind,
  result,
  who: "owner",
  what,
  target: "it",
});
const run = (daysAgo: number, fresh: string[], gone: string[]) => ({
  atMs: NOW - daysAgo * DAY,
  cause: "schedule",
  summary: { high: fresh.length },
  fresh,
  gone,
});

test("R-OPS-6: the digest counts what lies in its time, and lists what people did", async () => {
  const entries = [
    entry(1, "call", "denied"),
    entry(2, "call", "denied"),
    entry(3, "config", "ok", "config.changed"),
    entry(9, "call", "denied"),
    entry(1, "token", "begun", "token.make"),
  ];
  const runs = [run(9, ["a.b"], []), run(5, ["c.d"], []), run(1, [], ["c.d"])];
  const low = { id: "l.l", severity: "low", title: "", places: [], firstMs: NOW } as const;
  const digest = await digestOf(
    { sinceMs: NOW - 7 * DAY, untilMs: NOW, runs, open: [low, { ...low, id: "h.h", severity: "high" }] },
    entries,
  );
  assert.deepEqual([digest.records, digest.counts.get("call denied"), digest.runs.count], [4, 2, 2]);
  assert.deepEqual([digest.fresh, digest.gone, digest.open.map(({ id }) => id)], [["c.d"], ["c.d"], ["h.h", "l.l"]]);
  assert.deepEqual(digest.listed, [`${entry(3, "config", "ok").time.slice(0, 16)} owner config.changed it`]);
  assert.equal(digestJson(digest)["records"], 4);
});

test("R-OPS-6: the digest is printed where nothing was recorded yet, and refuses a time that is none", async (t) => {
  const home = makeHome(t);
  home.file(".vambrace/config.yaml", "");
  const digest = await home.run(["security", "digest", "--since", "30d", "--json"]);
  assert.equal(digest.status, 0, digest.err);
  const { audits, records } = JSON.parse(digest.out) as { audits: { count: number }; records: number };
  assert.deepEqual([audits.count, records], [0, 0]);
  assert.match((await home.run(["security", "digest"])).out, /audits: 0; run `vambrace security audit`/);
  assert.equal((await home.run(["security", "digest", "--since", "soon"])).status, 2);
});
