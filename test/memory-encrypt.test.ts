/**
 * Memory that is encrypted at rest, as a whole gateway and the real commands
 * have it: what lies in the state folder, byte by byte.
 *
 * What a person *said* lies in conversations and in the ledger all the same;
 * the canaries here were never said, only remembered.
 *
 * @module
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { environmentOf } from "../src/app/config/environment.ts";
import { MAIN_AGENT } from "../src/app/config/settings.ts";
import type { Served } from "../src/app/open.ts";
import { serve } from "../src/app/serve.ts";
import { systemClock, systemRandom } from "../src/app/system.ts";
import { newId } from "../src/core/ids.ts";
import type { MemoryRow } from "../src/core/ports/store.ts";
import { scriptedModel } from "../src/edges/models/scripted.ts";
import { openStore } from "../src/edges/store/open.ts";
import { CLI, makePlace, type Place, writeConfig } from "./campaign.ts";
import { filesBelow } from "./folder.ts";

const CANARY = "axolotl-5d0e82f19a";
const SOURCE = "https://canary-26bb90f7d4.example/";

function memoryOf(text: string): MemoryRow {
  const sources = [{ kind: "web", id: SOURCE, trust: "none" }] as const;
  const audience = { kind: "persons", persons: ["owner"] } as const;
  const label = { trust: "none", confidentiality: "private", audience, sources } as const;
  return { id: newId("mem", systemRandom), agent: MAIN_AGENT, text, label, createdMs: 7 };
}

type Ran = { readonly status: number | null; readonly out: string; readonly err: string };

async function run(place: Place, ...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [CLI, ...args], { env: place.env, cwd: place.home });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin.end();
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once("close", resolve);
  return { status: await promise, out, err };
}

async function done(place: Place, ...args: readonly string[]): Promise<Ran> {
  const ran = await run(place, ...args);
  assert.equal(ran.status, 0, `${args.join(" ")}: ${ran.err}`);
  return ran;
}

function start(place: Place): Promise<Served> {
  const model = scriptedModel(() => ({ text: "yes" }));
  const chosen = { model, local: model, contextTokens: 100_000, why: "a scripted model" };
  return serve({ env: environmentOf(place.env), port: 0, models: new Map([[MAIN_AGENT, chosen]]) });
}

/** A gateway for as long as `body` runs. */
async function running<T>(place: Place, body: (served: Served) => Promise<T>): Promise<T> {
  const served = await start(place);
  try {
    return await body(served);
  } finally {
    await served.close();
  }
}

/** Which files of the state folder hold a word, and how many were looked at. */
function holding(folder: string): { readonly looked: number; readonly found: readonly string[] } {
  const files = filesBelow(folder);
  const found = [...files].filter(([, bytes]) => [CANARY, SOURCE].some((word) => bytes.includes(word)));
  return { looked: files.size, found: found.map(([path]) => path.slice(folder.length + 1)).sort() };
}

const file = (place: Place, name: string): string => join(place.state, "memory/main", name);
const keyFile = (place: Place): string => join(place.home, ".config/vambrace/vault.key");
const encrypted = (place: Place, encrypt: boolean, more = {}): void =>
  writeConfig(place.state, { memory: { encrypt }, agents: { defaults: { workspace: place.workspace } }, ...more });

/** A gateway that remembered this in clear. */
async function remembered(t: TestContext, text: string): Promise<{ readonly place: Place; readonly row: MemoryRow }> {
  const place = makePlace((at) => ({ agents: { defaults: { workspace: at.workspace } } }));
  t.after(() => place.remove());
  const row = memoryOf(text);
  await running(place, ({ wired }) => wired.store.memory.add(row));
  return { place, row };
}

test("R-AGENT-7: with `memory.encrypt` no memory and no label lies in clear anywhere in the state folder; without it they do", {
  timeout: 180_000,
}, async (t) => {
  const { place, row } = await remembered(t, `${CANARY} at four`);
  assert.deepEqual(holding(place.state).found, ["memory/main/MEMORY.md", "store/vambrace.db"]);

  encrypted(place, true);
  await assert.rejects(start(place), {
    code: "MEMORY_LOCKED",
    message: /`memory.encrypt` is on/,
    hint: /secrets init/,
  });
  assert.deepEqual(holding(place.state).found, ["memory/main/MEMORY.md", "store/vambrace.db"]);

  await done(place, "secrets", "init");
  const later = memoryOf(`${CANARY} later`);
  await running(place, async ({ wired }) => {
    await wired.store.memory.add(later);
    const { looked, found } = holding(place.state);
    assert.deepEqual(found, []);
    assert.ok(looked > 8, `${looked} files`);
    assert.deepEqual(await wired.store.memory.search(MAIN_AGENT, "axolotl later", 1), [later]);
    const sealed = await wired.helpers.ledger.search({ kind: "memory", limit: 10 });
    assert.deepEqual(
      sealed.map(({ what }) => what),
      ["memory.sealed"],
    );
    assert.match((await done(place, "memory", "show")).out, new RegExp(`trust none.*${SOURCE}\n\n> ${CANARY} at four`));
    assert.match((await done(place, "memory", "list")).out, new RegExp(`${later.id} .*trust none +${CANARY} later`));
  });
  assert.deepEqual(holding(place.state).found, []);
  assert.ok(!existsSync(file(place, "MEMORY.md")));
  assert.equal(statSync(file(place, "MEMORY.md.age")).mode & 0o777, 0o600);
  const vault = readFileSync(join(place.state, "vault.age"));
  await done(place, "memory", "rekey");
  await running(place, async ({ wired }) => {
    assert.deepEqual(await wired.store.memory.list(MAIN_AGENT), [row, later]);
  });
  assert.deepEqual(holding(place.state).found, []);
  // An older vault has no key for what was sealed since.
  const newer = readFileSync(join(place.state, "vault.age"));
  assert.ok(!vault.equals(newer));

  encrypted(place, false);
  renameSync(keyFile(place), `${keyFile(place)}.away`);
  await assert.rejects(start(place), { code: "MEMORY_LOCKED", message: /turning that off needs its key/ });
  assert.deepEqual(holding(place.state).found, []);
  renameSync(`${keyFile(place)}.away`, keyFile(place));
  await running(place, async ({ wired }) => {
    assert.deepEqual(await wired.store.memory.list(MAIN_AGENT), [row, later]);
  });
  assert.deepEqual(holding(place.state).found, ["memory/main/MEMORY.md", "store/vambrace.db"]);
  assert.ok(!existsSync(file(place, "MEMORY.md.age")));
});

test("R-AGENT-7: another vault opens nothing, and the gateway does not start; with the right one it does", {
  timeout: 120_000,
}, async (t) => {
  const { place, row } = await remembered(t, CANARY);
  encrypted(place, true);
  await done(place, "secrets", "init");
  await running(place, async () => undefined);
  const [vault, key] = [join(place.state, "vault.age"), keyFile(place)];
  for (const one of [vault, key]) renameSync(one, `${one}.right`);
  await done(place, "secrets", "init");
  await assert.rejects(start(place), { code: "MEMORY_LOCKED" });
  const listed = await run(place, "memory", "list");
  assert.equal(listed.status, 3, listed.err);
  assert.ok(!listed.out.includes(CANARY));
  for (const one of [vault, key]) {
    rmSync(one, { force: true });
    renameSync(`${one}.right`, one);
  }
  await running(place, async ({ wired }) => {
    assert.deepEqual(await wired.store.memory.list(MAIN_AGENT), [row]);
  });
});

test("R-AGENT-7 R-LOG-1: a memory is forgotten by a command, recorded first, with a gateway that runs and without one", {
  timeout: 120_000,
}, async (t) => {
  const { place, row } = await remembered(t, CANARY);
  encrypted(place, true);
  await done(place, "secrets", "init");
  const other = memoryOf("something else");
  await running(place, async ({ wired }) => {
    await wired.store.memory.add(other);
    await done(place, "memory", "forget", row.id);
    await wired.tick();
    assert.deepEqual(await wired.store.memory.list(MAIN_AGENT), [other]);
  });
  assert.equal((await run(place, "memory", "forget", row.id)).status, 1);
  await done(place, "memory", "forget", other.id, "--why", "it is wrong");
  assert.ok(!(await done(place, "memory", "show")).out.includes("something else"));
  await running(place, async ({ wired }) => {
    assert.deepEqual(await wired.store.memory.list(MAIN_AGENT), []);
    const records = await wired.helpers.ledger.search({ kind: "memory", limit: 10 });
    const forgotten = records.filter(({ what }) => what === "memory.forgotten").map(({ target }) => target);
    assert.deepEqual(forgotten.sort(), [row.id, other.id].sort());
  });
});

test("R-AGENT-7 R-OPS-2: a backup brings sealed memory back, with the vault that opens it", {
  timeout: 120_000,
}, async (t) => {
  const { place, row } = await remembered(t, CANARY);
  const [destination, identity] = [join(place.root, "backups"), join(place.home, "backup.key")];
  await done(place, "secrets", "init");
  const made = await done(place, "backup", "key", identity);
  const [recipient] = /age1[0-9a-z]+/.exec(made.out + made.err) ?? [];
  encrypted(place, true, { backup: { destination, recipients: [recipient] } });
  await running(place, async () => undefined);
  await done(place, "backup", "create");
  rmSync(place.state, { recursive: true });
  await done(place, "backup", "restore", "--identity", identity, "--from", destination);
  assert.deepEqual(holding(place.state).found, []);
  const listed = await done(place, "memory", "list");
  assert.match(listed.out, new RegExp(CANARY));
  await running(place, async ({ wired }) => {
    assert.deepEqual(await wired.store.memory.list(MAIN_AGENT), [row]);
  });
});

test("R-AGENT-7: whoever opens a sealed store without its key is refused, also to add to it", {
  timeout: 60_000,
}, async (t) => {
  const { place } = await remembered(t, CANARY);
  encrypted(place, true);
  await done(place, "secrets", "init");
  await running(place, async () => undefined);
  const clean = { text: (text: string) => text, value: <T>(value: T): T => value };
  const dir = join(place.state, "store");
  await assert.rejects(openStore({ dir, clock: systemClock, clean }), { code: "MEMORY_LOCKED" });
});
