import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openSpentTokens } from "./spent.ts";

const permit = (n: number): string => `pmt_${String(n).padStart(26, "0")}`;

function inFolder(run: (file: string) => Promise<void> | void): () => Promise<void> {
  return async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "vambrace-spent-"));
    try {
      await run(join(folder, "spent"));
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  };
}

test(
  "R-TOOL-2: a token is fresh once, and stays spent after a restart",
  inFolder(async (file) => {
    const first = openSpentTokens(file, () => 1000);
    const record = first.spend(permit(1), 5000);
    assert.ok(record.fresh);
    await record.durable;
    assert.equal(first.spend(permit(1), 5000).fresh, false);
    assert.equal(first.spend(permit(2), 5000).fresh, true);
    // No close: the broker was killed.
    const second = openSpentTokens(file, () => 2000);
    assert.equal(second.spend(permit(1), 5000).fresh, false);
    assert.equal(second.spend(permit(3), 5000).fresh, true);
  }),
);

test(
  "R-TOOL-2: what expired is forgotten, and a clock that jumps back does not revive it",
  inFolder((file) => {
    openSpentTokens(file, () => 1000).spend(permit(1), 5000);
    openSpentTokens(file, () => 9000);
    assert.ok(!fs.readFileSync(file, "utf8").includes(permit(1)));
    const back = openSpentTokens(file, () => 1000);
    assert.equal(back.spend(permit(1), 5000).fresh, false);
    assert.equal(back.spend(permit(2), 5001).fresh, true);
  }),
);

test(
  "R-TOOL-2: a torn last line is dropped, any other damage refuses to start",
  inFolder((file) => {
    fs.writeFileSync(file, `floor 0\n${permit(1)} 5000\n${permit(2)} 50`);
    const spent = openSpentTokens(file, () => 1000);
    assert.equal(spent.spend(permit(1), 5000).fresh, false);
    assert.equal(spent.spend(permit(2), 5000).fresh, true);
    fs.writeFileSync(file, `floor 0\n${permit(1)} 5x00\n`);
    assert.throws(() => openSpentTokens(file, () => 1000), /damaged/);
  }),
);

test(
  "R-TOOL-2: the list is compacted while it is in use, and forgets nothing that is alive",
  inFolder(async (file) => {
    const spent = openSpentTokens(file, () => 1000);
    for (let i = 0; i < 4200; i++) {
      const record = spent.spend(permit(i), i % 2 === 0 ? 500 : 5000);
      if (record.fresh && i % 1000 === 0) await record.durable;
    }
    for (let i = 0; i < 4200; i++) assert.equal(spent.spend(permit(i), i % 2 === 0 ? 500 : 5000).fresh, false);
  }),
);
