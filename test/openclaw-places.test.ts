import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { auditOpenClaw } from "../src/ops/openclaw/catalogue.ts";
import { readOpenClaw } from "../src/edges/openclaw/read.ts";

function homeOf(t: { after(body: () => void): void }, config: string) {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-openclaw-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const root = join(folder, ".openclaw");
  mkdirSync(root, { mode: 0o700 });
  const write = (name: string, text: string, mode = 0o600): void => {
    const path = join(root, name);
    mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
    writeFileSync(path, text);
    chmodSync(path, mode);
  };
  write("openclaw.json", config);
  const ids = (): readonly string[] => auditOpenClaw(readOpenClaw(folder), []).map(({ id }) => id);
  return { folder, root, write, ids };
}

test("R-AUDIT-4: a setting that a variable decides is what the installation's own files set it to; where they do not, it is said", (t) => {
  const { folder, write, ids } = homeOf(
    t,
    "{channels: {telegram: {dmPolicy: '${DM}', allowFrom: ['*'], botToken: '${BOT_TOKEN}'}}, tools: {exec: {security: '${EXEC}', ask: '$${ASK}'}}, env: {vars: {EXEC: 'full'}}}",
  );
  assert.deepEqual(readOpenClaw(folder).undecided, ["channels.telegram.dmPolicy: ${DM}"]);
  assert.ok(
    ids().includes("tools.exec.security_full_configured") && ids().includes("vambrace.config.decided_elsewhere"),
  );
  assert.ok(!ids().includes("channels.telegram.dm.open"), "the twin");
  write(".env", "export DM='open'\nBOT_TOKEN=123:canary-of-a-bot\n");
  assert.ok(ids().includes("channels.telegram.dm.open") && !ids().includes("vambrace.config.decided_elsewhere"));
  const whole = JSON.stringify(readOpenClaw(folder));
  assert.ok(whole.includes("${BOT_TOKEN}") && !whole.includes("canary"), "a secret was read");
});

test("R-AUDIT-4: behind a link the same is found, and where it really lies counts", (t) => {
  const { folder, root, ids } = homeOf(t, "{}");
  mkdirSync(join(folder, "Dropbox"));
  renameSync(root, join(folder, "Dropbox", "kept"));
  symlinkSync(join("Dropbox", "kept"), root);
  assert.ok(!ids().includes("fs.config.perms_writable"), "the twin");
  chmodSync(join(folder, "Dropbox", "kept", "openclaw.json"), 0o666);
  for (const id of ["fs.config.perms_writable", "fs.synced_dir", "fs.state_dir.symlink"])
    assert.ok(ids().includes(id), id);
});

test("R-AUDIT-4: what others may write is found: above, in the workspace, in folders that no other check knows", (t) => {
  const { folder, root, write, ids } = homeOf(t, "{}");
  const mine = [
    "vambrace.fs.above",
    "vambrace.workspace.writable",
    "vambrace.fs.others_writable",
    "vambrace.fs.keys.perms_readable",
  ];
  write("workspace/SOUL.md", "x", 0o644);
  write("extensions/one/index.js", "x", 0o644);
  assert.deepEqual(
    mine.filter((id) => ids().includes(id)),
    [],
    "the twin",
  );
  write("workspace/SOUL.md", "x", 0o666);
  write("extensions/one/index.js", "x", 0o666);
  write(".env", "A=b", 0o644);
  chmodSync(folder, 0o777);
  assert.deepEqual(
    mine.filter((id) => !ids().includes(id)),
    [],
  );
  assert.ok(root.startsWith(folder));
});

test("R-AUDIT-4: other profiles and older names are said, and one is looked at by its own folder", (t) => {
  const { folder, ids } = homeOf(t, "{}");
  assert.ok(!ids().includes("vambrace.homes.others"));
  for (const name of [".openclaw-dev", ".clawdbot"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, ".openclaw-dev", "openclaw.json"), "{tools: {exec: {security: 'full'}}}");
  assert.deepEqual(
    readOpenClaw(folder).others.map((path) => path.slice(folder.length + 1)),
    [".clawdbot", ".openclaw-dev"],
  );
  const other = readOpenClaw(join(folder, ".openclaw-dev"));
  assert.ok(other.present);
  assert.ok(auditOpenClaw(other, []).some(({ id }) => id === "tools.exec.security_full_configured"));
});
