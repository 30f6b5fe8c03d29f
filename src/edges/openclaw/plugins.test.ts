import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { readPlugins } from "./plugins.ts";

test("R-AUDIT-4: of an installed plugin is told what is newer or leads out; what cannot be compared is said", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-plugins-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const installPath = join(folder, "plug");
  const installedAt = "2026-01-01T00:00:00.000Z";
  const then = new Date(installedAt);
  mkdirSync(join(installPath, "node_modules"), { recursive: true });
  for (const name of ["index.mjs", "node_modules/tool.mjs"]) {
    writeFileSync(join(installPath, name), "1");
    utimesSync(join(installPath, name), then, then);
  }
  const look = (record: { installPath: string; installedAt?: string }) =>
    readPlugins({ installRecords: { plug: record } });
  assert.deepEqual(look({ installPath, installedAt }).plugins[0]?.changed, []);
  writeFileSync(join(installPath, "node_modules/tool.mjs"), "2");
  symlinkSync(join(folder, "nowhere"), join(installPath, "later.mjs"));
  const { plugins, unread } = look({ installPath, installedAt });
  assert.deepEqual([plugins[0]?.changed, unread], [["later.mjs", "node_modules/tool.mjs"], []]);
  assert.match(look({ installPath }).unread[0]?.why ?? "", /not recorded/);
  assert.deepEqual(look({ installPath: join(folder, "gone"), installedAt }), { plugins: [], unread: [] });
  assert.deepEqual(readPlugins(null), { plugins: [], unread: [] });
});
