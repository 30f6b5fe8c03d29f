import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { nodeFiles } from "../../ledger/files.ts";
import { openLog } from "../../ledger/log.ts";
import { collect } from "./timeline.ts";

test("R-IR-2: what does not fit into a timeline is counted as if it had been taken apart", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "vambrace-timeline-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  let wallMs = Date.UTC(2026, 10, 28);
  const makeKey = () => generateKeyPairSync("ed25519").privateKey;
  const log = openLog({ files: nodeFiles(dir), origin: "vambrace.test/log", clock: { wallMs: () => wallMs }, makeKey });
  for (let i = 0; i < 60; i++) {
    wallMs += 1000;
    const base = { kind: "call", who: "ana", what: 'said "session":"ses_a"', target: `"index":${i}`, result: "ok" };
    // Names of the record itself inside of its data, and in its texts.
    const data = { session: "ses_a", index: i, time: "2030-01-01T00:00:00.000Z" };
    log.append([i % 3 === 0 ? { ...base, session: "ses_a", data } : { ...base, session: "ses_b", data }]);
  }
  log.publish();
  log.close();
  for (const about of [
    { session: "ses_a", sinceMs: 0 },
    { session: "ses_a", sinceMs: wallMs + 1 },
    { session: null, sinceMs: 0 },
    { session: null, sinceMs: wallMs - 9500 },
  ]) {
    const all = await collect(dir, about);
    const few = await collect(dir, { ...about, most: 5 });
    assert.deepEqual([all.left, few.records.length, few.left], [0, 5, all.records.length - 5], JSON.stringify(about));
  }
});
