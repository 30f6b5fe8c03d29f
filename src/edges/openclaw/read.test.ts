import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { OpenClawHome } from "../../core/openclaw.ts";
import { readOpenClaw } from "./read.ts";

function homeWith(files: Readonly<Record<string, string>>, look: (home: OpenClawHome, folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-openclaw-"));
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, ".openclaw", name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    look(readOpenClaw(folder), folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("R-AUDIT-4: the configuration is read as OpenClaw reads it: comments, trailing commas, includes below their siblings", () => {
  const files = {
    "openclaw.json":
      "// mine\n{ gateway: { $include: ['./a.json', './b.json'], port: 1 }, session: { $include: './parts/s.json', }, }",
    "a.json": "{ bind: 'lan', port: 2, auth: { mode: 'token' } }",
    "b.json": "{ bind: 'loopback', auth: { token: 'x' } }",
    "parts/s.json": '{ "dmScope": "main" }',
  };
  homeWith(files, ({ config, unread, includes }) => {
    assert.deepEqual(config, {
      gateway: { bind: "loopback", port: 1, auth: { mode: "token", token: "x" } },
      session: { dmScope: "main" },
    });
    assert.deepEqual(unread, []);
    assert.equal(includes.length, 3);
  });
});

for (const [name, files, why] of [
  ["is no JSON5", { "openclaw.json": "{ gateway: " }, /JSON5/],
  ["is not an object", { "openclaw.json": "[]" }, /not an object/],
  ["includes itself", { "openclaw.json": "{ $include: './openclaw.json' }" }, /includes itself/],
  [
    "includes in a circle",
    {
      "openclaw.json": "{ $include: './a.json' }",
      "a.json": "{ $include: './b.json' }",
      "b.json": "{ $include: './a.json' }",
    },
    /includes itself/,
  ],
  ["includes a file that is not there", { "openclaw.json": "{ $include: './gone.json' }" }, /no such file/],
  ["includes what is outside", { "openclaw.json": "{ $include: '/etc/hostname' }" }, /outside/],
  ["includes something else than a path", { "openclaw.json": "{ $include: [7] }" }, /not a path/],
  ["nests without end", { "openclaw.json": `${"[".repeat(100_000)}${"]".repeat(100_000)}` }, /deeper/],
  ["is huge", { "openclaw.json": `"${"x".repeat(3 * 1024 * 1024)}"` }, /larger/],
] as const)
  test(`R-AUDIT-4: a configuration that ${name} is told, and nothing is taken from it`, () => {
    homeWith(files, ({ config, unread }) => {
      assert.deepEqual(config, {});
      assert.match(unread.map((one) => one.why).join("; "), why);
    });
  });

test("R-AUDIT-4: an include through a link that leads outside is not read", () => {
  const outside = mkdtempSync(join(tmpdir(), "vambrace-outside-"));
  writeFileSync(join(outside, "x.json"), "{ gateway: { bind: 'lan' } }");
  homeWith({ "openclaw.json": "{ $include: './link.json' }" }, (_, folder) => {
    symlinkSync(join(outside, "x.json"), join(folder, ".openclaw", "link.json"));
    const { config, unread } = readOpenClaw(folder);
    assert.deepEqual(config, {});
    assert.match(unread[0]?.why ?? "", /outside/);
  });
  rmSync(outside, { recursive: true });
});

test("R-AUDIT-4: a key named __proto__ is a key", () => {
  homeWith(
    {
      "openclaw.json": '{ "__proto__": { "polluted": true }, "gateway": { "$include": "./a.json" } }',
      "a.json": '{ "__proto__": { "polluted": true } }',
    },
    () => {
      assert.equal(Reflect.get({}, "polluted"), undefined);
    },
  );
});

test("R-AUDIT-4: a folder without an installation is no error: nothing is there", () => {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-openclaw-"));
  const home = readOpenClaw(folder);
  assert.deepEqual([home.present, home.unread, home.state], [false, [], null]);
  rmSync(folder, { recursive: true });
});

test("R-AUDIT-4: its database is read without a trace beside it, and values of secrets are not taken along", () => {
  homeWith({ "state/x": "" }, (_, folder) => {
    const path = join(folder, ".openclaw", "state", "openclaw.sqlite");
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA journal_mode = WAL;
      CREATE TABLE schema_meta (meta_key TEXT, schema_version INTEGER, app_version TEXT);
      INSERT INTO schema_meta VALUES ('primary', 18, '2026.9.6');
      CREATE TABLE secret_store_entries (name TEXT, value TEXT, kind TEXT, allowed_hosts TEXT, deleted_at_ms INTEGER);
      INSERT INTO secret_store_entries VALUES ('A', 'canary-value', 'secret', '["a.example"]', NULL), ('B', 'canary-value', 'secret', NULL, 5);
      CREATE TABLE cron_jobs (job_id TEXT, job_json TEXT);
      INSERT INTO cron_jobs VALUES ('1', '{"name":"n","payload":{"kind":"agentTurn","message":"m"},"schedule":{"kind":"cron","expr":"0 9 * * *"}}'), ('2', 'no json');`);
    const before = readdirSync(dirname(path)).toSorted();
    const { state, unread } = readOpenClaw(folder);
    assert.deepEqual(readdirSync(dirname(path)).toSorted(), before);
    database.close();
    assert.deepEqual(unread, []);
    assert.equal(state?.version, "2026.9.6");
    assert.deepEqual(state?.stored, [{ name: "A", kind: "secret", hosts: ["a.example"] }]);
    assert.deepEqual(
      state?.jobs.map((job) => [job.name, job.payload, job.message]),
      [
        ["n", "agentTurn", "m"],
        ["2", "unknown", null],
      ],
    );
    assert.ok(!JSON.stringify(state).includes("canary-value"));
  });
});

test("R-AUDIT-4: a database that is none is told, and the rest is read", () => {
  homeWith(
    {
      "openclaw.json": "{ gateway: { port: 5 } }",
      "state/openclaw.sqlite": "not a database at all, but long enough to be looked at",
    },
    ({ state, unread, config }) => {
      assert.equal(state, null);
      assert.match(unread[0]?.why ?? "", /not a database/);
      assert.deepEqual(config, { gateway: { port: 5 } });
    },
  );
});

test("R-AUDIT-4: modes are those of the files, and a skill's digest follows its content and not its record of origin", () => {
  const files = {
    "openclaw.json": "{}",
    "workspace/skills/a/SKILL.md": "one",
    "workspace/skills/a/.clawhub/origin.json": '{"slug":"a"}',
  };
  homeWith(files, (home, folder) => {
    chmodSync(join(folder, ".openclaw", "openclaw.json"), 0o644);
    const again = readOpenClaw(folder);
    assert.equal(again.files.find((one) => one.path === again.configPath)?.mode, 0o644);
    const [skill] = again.workspaces[0]?.skills ?? [];
    assert.deepEqual(skill?.origin, { slug: "a" });
    writeFileSync(join(folder, ".openclaw", "workspace/skills/a/.clawhub/origin.json"), '{"slug":"b"}');
    assert.equal(readOpenClaw(folder).workspaces[0]?.skills[0]?.digest, skill?.digest);
    writeFileSync(join(folder, ".openclaw", "workspace/skills/a/SKILL.md"), "two");
    assert.notEqual(readOpenClaw(folder).workspaces[0]?.skills[0]?.digest, skill?.digest);
    assert.equal(skill?.escapes, false);
    writeFileSync(join(folder, "elsewhere.sh"), "x");
    symlinkSync(join(folder, "elsewhere.sh"), join(folder, ".openclaw", "workspace/skills/a/run.sh"));
    assert.equal(readOpenClaw(folder).workspaces[0]?.skills[0]?.escapes, true, "a part of it is a link that leads out");
    assert.equal(home.workspaces.length, 1);
  });
});
