import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { connect } from "./database.ts";
import { clean, clock, folder, memoryOf } from "./fixture.ts";
import { migrate, MIGRATIONS } from "./migrations.ts";
import { openStore, STORE_FILE, STORE_LOCK } from "./open.ts";

const OPEN = `
  import { openStore } from ${JSON.stringify(join(import.meta.dirname, "open.ts"))};
  const clock = { wallMs: () => 1, monotonicMs: () => 1, sleep: async () => {} };
  try { globalThis.store = await openStore({ dir: process.argv[1], clock, clean: { text: (t) => t, value: (v) => v } }); console.log("open"); setInterval(() => {}, 1000); }
  catch (fault) { console.log(fault.code); }`;

function otherProcess(dir: string): string {
  const script = `${OPEN} if (globalThis.store) process.exit(0);`;
  return execFileSync(process.execPath, ["--input-type=module", "-e", script, dir], { encoding: "utf8" }).trim();
}

async function made(t: { after(body: () => void): void }): Promise<string> {
  const dir = folder(t);
  const store = await openStore({ dir, clock, clean });
  await store.memory.add(memoryOf("kept"));
  await store.close();
  return dir;
}

const opening = (dir: string) => openStore({ dir, clock, clean }).then((store) => store.close());

test("R-FS-3: the folder is made with mode 700 and every file in it with 600, whatever the umask", async (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const dir = join(folder(t), "state");
  const store = await openStore({ dir, clock, clean });
  await store.memory.add(memoryOf("x"));
  assert.equal(statSync(dir).mode & 0o777, 0o700);
  const files = readdirSync(dir);
  assert.ok(files.includes(`${STORE_FILE}-wal`), files.join());
  for (const file of files) assert.equal(statSync(join(dir, file)).mode & 0o777, 0o600, file);
  await store.close();
});

test("two gateways on one state folder: the second is refused, in this process and in another", async (t) => {
  const dir = folder(t);
  const store = await openStore({ dir, clock, clean });
  await assert.rejects(opening(dir), { code: "STATE_IN_USE" });
  assert.equal(otherProcess(dir), "STATE_IN_USE");
  await store.state.set("still", { mine: true });
  await store.close();
  assert.equal(otherProcess(dir), "open");
});

test("a gateway that was killed leaves no lock behind", async (t) => {
  const dir = folder(t);
  const child = spawn(process.execPath, ["--input-type=module", "-e", OPEN, dir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  await assert.rejects(opening(dir), { code: "STATE_IN_USE" });
  child.kill("SIGKILL");
  await once(child, "exit");
  await opening(dir);
});

const DAMAGE: readonly [string, (path: string) => void][] = [
  ["gone", (path) => rmSync(path)],
  ["empty", (path) => truncateSync(path, 0)],
  ["cut short", (path) => truncateSync(path, 50)],
  ["cut in the middle", (path) => truncateSync(path, 8_192)],
  ["text", (path) => writeFileSync(path, "hello ".repeat(100))],
  ["noise after the first page", (path) => scribble(path, 4_096)],
  ["another program's", (path) => replace(path, "PRAGMA application_id = 1")],
];

function scribble(path: string, from: number): void {
  const bytes = readFileSync(path);
  bytes.fill(0xa5, from);
  writeFileSync(path, bytes);
}

function replace(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

for (const [what, damage] of DAMAGE) {
  test(`a database that is ${what} is STATE_CORRUPT, and no new one is made`, async (t) => {
    const dir = await made(t);
    damage(join(dir, STORE_FILE));
    const before = readdirSync(dir).filter((name) => name.startsWith(STORE_FILE));
    await assert.rejects(opening(dir), { code: "STATE_CORRUPT" });
    await assert.rejects(opening(dir), { code: "STATE_CORRUPT" });
    assert.deepEqual(
      readdirSync(dir).filter((name) => name === STORE_FILE),
      before.filter((name) => name === STORE_FILE),
    );
  });
}

test("a folder that never had a database gets one, also after a start that was cut off", async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, `${STORE_FILE}.new`), "half");
  writeFileSync(join(dir, STORE_LOCK), "");
  await opening(dir);
  await opening(dir);
});

test("a lock file that is damaged is a fault, not a way in", async (t) => {
  const dir = await made(t);
  writeFileSync(join(dir, STORE_LOCK), "noise ".repeat(1_000));
  await assert.rejects(opening(dir), { code: "STATE_CORRUPT" });
});

test("a folder that cannot be used is a fault", async (t) => {
  const dir = folder(t);
  writeFileSync(join(dir, "file"), "");
  await assert.rejects(opening(join(dir, "file")), { code: "STATE_UNAVAILABLE" });
  mkdirSync(join(dir, "state", STORE_LOCK), { recursive: true });
  await assert.rejects(opening(join(dir, "state")), { code: "STATE_UNAVAILABLE" });
});

test("a database of a newer version is refused and stays as it is", async (t) => {
  const dir = await made(t);
  replace(join(dir, STORE_FILE), `INSERT INTO migration VALUES (${MIGRATIONS.length + 1}, 'x', 1)`);
  await assert.rejects(opening(dir), { code: "STATE_NEWER" });
});

test("a past step that was edited is refused; a new one is taken once", async (t) => {
  const dir = folder(t);
  const path = join(dir, "m.db");
  const db = connect(path);
  t.after(() => db.close());
  migrate(db, clock, ["CREATE TABLE a (x TEXT) STRICT;"]);
  migrate(db, clock, ["CREATE TABLE a (x TEXT) STRICT;", "CREATE TABLE b (x TEXT) STRICT;"]);
  migrate(db, clock, ["CREATE TABLE a (x TEXT) STRICT;", "CREATE TABLE b (x TEXT) STRICT;"]);
  assert.equal(db.all("SELECT * FROM migration").length, 2);
  const edited = connect(path);
  t.after(() => edited.close());
  assert.throws(() => migrate(edited, clock, ["CREATE TABLE a (y TEXT) STRICT;", "x"]), { code: "STATE_CORRUPT" });
  assert.throws(() => migrate(connect(path), clock, []), { code: "STATE_NEWER" });
});

test("a step that fails leaves nothing of itself", async (t) => {
  const db = connect(join(folder(t), "m.db"));
  t.after(() => db.close());
  assert.throws(() => migrate(db, clock, ["CREATE TABLE a (x TEXT) STRICT;\nCREATE NONSENSE;"]));
  assert.deepEqual(db.all("SELECT name FROM sqlite_schema WHERE name = 'a'"), []);
  migrate(db, clock, ["CREATE TABLE a (x TEXT) STRICT;"]);
});

test("the database is written through: WAL, full sync, foreign keys, no trust in the schema", async (t) => {
  const db = connect(join(folder(t), "p.db"));
  t.after(() => db.close());
  const pragma = (name: string) => Object.values(db.one(`PRAGMA ${name}`) ?? {})[0];
  assert.deepEqual(["journal_mode", "synchronous", "foreign_keys", "trusted_schema", "secure_delete"].map(pragma), [
    "wal",
    2,
    1,
    0,
    1,
  ]);
});
