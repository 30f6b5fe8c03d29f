/** Backups of real state folders: of one that is running, put back, tried, ended in the middle. @module */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { stringify } from "yaml";
import { openBackupSchedule } from "../src/app/backup/schedule.ts";
import { depotOf, listBackups, openBackup } from "../src/app/backup/open.ts";
import { drillBackup } from "../src/app/backup/drill.ts";
import { makeBackup } from "../src/app/backup/make.ts";
import { lastDrill } from "../src/app/backup/own.ts";
import { restoreHome } from "../src/app/backup/restore.ts";
import { environmentOf } from "../src/app/config/environment.ts";
import { loadConfig } from "../src/app/config/load.ts";
import { serve } from "../src/app/serve.ts";
import { systemClock, systemRandom } from "../src/app/system.ts";
import { Fault } from "../src/core/fault.ts";
import { type JsonObject, parseDigest } from "../src/core/json.ts";
import type { Label } from "../src/core/label.ts";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import { folderDepot } from "../src/ops/backup/depot.ts";
import { newIdentity, type Unlock } from "../src/ops/backup/envelope.ts";
import { verifyBackups } from "../src/ops/backup/verify.ts";
import { answers, type Home, makeHome } from "./cli-kit.ts";
import { recordsOf } from "./campaign.ts";
import { say, startKit } from "./gateway-kit.ts";
import { fill, smallDisk } from "./small-disk.ts";

type Holds = { after(body: () => void | Promise<void>): void };

const code = (wanted: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === wanted;

function folderFor(t: Holds): string {
  const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-backup-")));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function keys(): Promise<{ readonly recipient: string; readonly unlock: Unlock; readonly identity: string }> {
  const { identity, recipient } = await newIdentity();
  return { recipient, identity, unlock: { kind: "identities", identities: [identity] } };
}

/** Every file with its hash. */
function treeOf(folder: string): string {
  const names = fs.readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return names
    .filter((name) => fs.lstatSync(join(folder, name)).isFile())
    .map(
      (name) =>
        `${name} ${createHash("sha256")
          .update(fs.readFileSync(join(folder, name)))
          .digest("hex")}`,
    )
    .join("\n");
}

const DIGEST = parseDigest("0".repeat(64));
const LABEL: Label = {
  trust: "limited",
  confidentiality: "private",
  audience: { kind: "persons", persons: ["owner"] },
  sources: [],
};

test("R-OPS-2, R-FLOW-4: a backup of a running gateway, made while it works, is a gateway that goes on: labels, ledger, spent permits", async (t) => {
  const { recipient, unlock } = await keys();
  const destination = folderFor(t);
  const kit = await startKit(() => ({ backup: { destination, recipients: [recipient] } }));
  t.after(() => kit.close());
  const { state, workspace } = kit.place;
  const env = environmentOf(kit.place.env);
  kit.plays.set("write", [
    { calls: [{ tool: "write", arguments: { path: "made.txt", content: "by the agent" } }] },
    { text: "done" },
  ]);
  await say(kit, "play write");
  await kit.served().wired.store.fileLabels.set(join(workspace, "from-a-stranger"), DIGEST, LABEL);
  // It goes on working meanwhile.
  const talking = new AbortController();
  const talked = (async () => {
    for (let i = 0; !talking.signal.aborted; i++) await say(kit, `message ${i}`);
  })();
  const made = await makeBackup({ home: state, env, clock: systemClock, random: systemRandom });
  talking.abort();
  await talked;
  assert.deepEqual(made.left, []);
  await assert.rejects(serve({ env, port: 0 }), code("STATE_IN_USE"), "reading the folder dropped no lock");

  const depot = depotOf(state, env, undefined);
  const backup = await openBackup(depot, await listBackups(depot), unlock);
  const into = join(folderFor(t), "state");
  await restoreHome({ depot, backup, into, replace: false, who: "owner", why: "a test", clock: systemClock });
  const restored = await verifyLedger(join(into, "ledger"));
  assert.equal(restored.consistent, true, restored.problem);
  const kept = {
    publicKey: fs.readFileSync(join(into, "ledger/key.pub"), "utf8"),
    checkpoint: fs.readFileSync(join(into, "ledger/checkpoint"), "utf8"),
  };
  assert.equal(
    (await verifyLedger(join(state, "ledger"), kept)).intact,
    true,
    "the ledger that went on is the restored one, continued",
  );
  const spent = fs.readFileSync(join(into, "broker/spent"), "utf8").trim().split("\n");
  assert.ok(
    spent.length > 1 && spent.every((line) => fs.readFileSync(join(state, "broker/spent"), "utf8").includes(line)),
  );

  await kit.served().close();
  const again = await serve({ env: environmentOf({ ...kit.place.env, VAMBRACE_HOME: into }), port: 0 });
  try {
    const label = await again.wired.store.fileLabels.get(join(workspace, "from-a-stranger"), DIGEST);
    assert.deepEqual(label, LABEL);
    const records = await recordsOf(into);
    assert.ok(
      records.some(({ what, target }) => what === "backup.restored" && target === "1"),
      "that it was restored is in its ledger",
    );
    assert.equal((await verifyLedger(join(into, "ledger"), kept)).intact, true);
  } finally {
    await again.close();
  }
  // For the close of the kit, which ends what runs.
  await kit.restart();
});

/** A state folder with something in it, without a gateway; the configuration says where backups go. */
async function standing(
  t: Holds,
  more: JsonObject = {},
): Promise<{ home: Home; destination: string; unlock: Unlock; identity: string }> {
  const { recipient, identity, unlock } = await keys();
  const home = makeHome(t);
  const destination = join(home.root, "backups");
  home.file(
    ".vambrace/config.yaml",
    stringify({ backup: { destination: "~/backups", recipients: [recipient], ...more } }),
  );
  home.file(
    ".vambrace/policies/mine.cedar",
    '@id("mine.none") @says("no")\nforbid (principal, action == Action::"pay", resource);\n',
  );
  return { home, destination, unlock, identity: home.file("keep/key", `# mine\n${identity}\n`) };
}

test("R-OPS-2: create, list, verify, drill and restore as a person types them", async (t) => {
  const { home, destination, identity } = await standing(t);
  const made = await home.run(["backup", "create", "--json"]);
  assert.equal(made.status, 0, made.err);
  const [list, verified] = await Promise.all([
    home.run(["backup", "list", "--json"]),
    home.run(["backup", "verify", "--identity", identity, "--json"]),
  ]);
  assert.deepEqual(
    answers(list).map((one) => JSON.parse(JSON.stringify(one)).number),
    [1],
  );
  const report = JSON.parse(verified.out);
  assert.deepEqual([report.consistent, report.intact, report.opened], [true, true, true]);
  const drill = await home.run(["backup", "drill", "--identity", identity, "--json"]);
  assert.equal(drill.status, 0, `${drill.out}${drill.err}`);
  const { lines } = JSON.parse(drill.out);
  const statusOf = (id: string): string => lines.find((line: { id: string }) => line.id === id)?.status;
  assert.deepEqual(["restore", "modes", "judge", "secrets"].map(statusOf), ["ok", "ok", "ok", "skip"]);
  assert.equal(lastDrill(home.state)?.ok, true);
  assert.ok(fs.readdirSync(join(home.state, "pending")).length >= 2, "both are left for the ledger");
  assert.deepEqual(fs.readdirSync(join(home.state, "run")), [], "nothing of the drill stays");

  const other = home.file("keep/other", `${(await newIdentity()).identity}\n`);
  const into = join(home.root, "elsewhere");
  const restore = ["backup", "restore", "--from", destination, "--into", into];
  const [wrong, none] = [await home.run([...restore, "--identity", other]), await home.run(restore)];
  assert.deepEqual([wrong.status, none.status], [3, 3]);
  assert.match(none.err, /--identity/);
  assert.ok(!fs.existsSync(into));
  const kept = ["--key", join(home.state, "backup/key.pub"), "--checkpoint", join(home.state, "backup/checkpoint")];
  assert.equal((await home.run([...restore, "--identity", identity, ...kept])).status, 0);
  assert.equal(
    fs.readFileSync(join(into, "policies/mine.cedar"), "utf8"),
    fs.readFileSync(join(home.state, "policies/mine.cedar"), "utf8"),
  );
  assert.equal((await home.run([...restore, "--identity", identity])).status, 1, "not over what is there");

  const pack = join(destination, "packs", fs.readdirSync(join(destination, "packs"))[0] ?? "");
  const bytes = fs.readFileSync(pack);
  bytes[300] = (bytes[300] ?? 0) ^ 1;
  fs.writeFileSync(pack, bytes);
  const altered = await home.run(["backup", "verify"]);
  assert.equal(altered.status, 4);
  assert.match(altered.err, /its bytes were changed/);
  assert.equal((await home.run(["backup", "drill", "--identity", identity])).status, 4);
  assert.equal(lastDrill(home.state)?.ok, false);
});

test("R-OPS-2: what cannot be made is said with what to do, and recorded", async (t) => {
  const { home } = await standing(t);
  const off = makeHome(t);
  off.file(".vambrace/config.yaml", "{}\n");
  const [nowhere, inside, both, never] = await Promise.all([
    off.run(["backup", "create"]),
    home.run(["config", "set", "backup.destination", "~/vambrace/backups"]),
    home.run(["config", "set", "backup.passphrase", "${SOME_WORDS}"]),
    home.run(["config", "set", "backup.schedule", "sometimes"]),
  ]);
  assert.deepEqual(
    [nowhere, inside, both, never].map(({ status }) => status),
    [2, 2, 2, 2],
  );
  assert.match(nowhere.err, /hint: `vambrace config set backup\.destination/);
  assert.match(inside.err, /a workspace, which tools can write/);
  home.file("backups/holiday.jpg", "x");
  const foreign = await home.run(["backup", "create"]);
  assert.equal(foreign.status, 1);
  assert.match(foreign.err, /other things/);
  assert.ok(
    fs
      .readdirSync(join(home.state, "pending"))
      .some((name) => fs.readFileSync(join(home.state, "pending", name), "utf8").includes("backup.failed")),
  );
});

test("R-OPS-2: a backup or restore that is killed leaves nothing or all", async (t) => {
  const { home, destination, unlock, identity } = await standing(t);
  home.file(".vambrace/large.bin", randomBytes(40_000_000));
  const first = await home.run(["backup", "create"]);
  assert.equal(first.status, 0, first.err);
  const meant = treeOf(join(home.state, "policies"));
  const whole = fs.statSync(join(home.state, "large.bin")).size;
  let [killed, done] = [0, 0];
  for (let round = 0; round < 4; round++) {
    const into = join(home.root, `into-${round}`);
    const child = home.start(["backup", "restore", "--from", destination, "--into", into, "--identity", identity]);
    const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
    // As soon as it writes, and a little later each time.
    while (
      child.exitCode === null &&
      !fs.readdirSync(home.root).some((name) => name.startsWith(`into-${round}.restoring`))
    )
      await wait(5);
    await wait(round * 60);
    child.kill("SIGKILL");
    await gone;
    if (!fs.existsSync(into)) killed += 1;
    else {
      done += 1;
      assert.equal(treeOf(join(into, "policies")), meant);
      assert.equal(fs.statSync(join(into, "large.bin")).size, whole);
    }
  }
  assert.ok(killed > 0, `${killed} were ended in the middle, ${done} had been done`);

  for (let round = 0; round < 2; round++) {
    home.file(".vambrace/large.bin", randomBytes(40_000_000));
    const before = fs.readdirSync(join(destination, "packs")).length;
    const child = home.start(["backup", "create"]);
    const gone = new Promise<void>((resolve) => child.once("close", () => resolve()));
    while (child.exitCode === null && fs.readdirSync(join(destination, "packs")).length === before) await wait(5);
    await wait(round * 30);
    child.kill("SIGKILL");
    await gone;
    const report = await verifyBackups(folderDepot(destination), { unlock });
    assert.deepEqual(report.problems, []);
  }
  const next = await home.run(["backup", "create"]);
  assert.equal(next.status, 0, next.err);
  assert.equal((await verifyBackups(folderDepot(destination), { unlock })).strays, 0);
});

test("R-OPS-2: a disk that is full ends it in words, and what was there stays whole", async (t) => {
  const disk = smallDisk(t, 6_000_000);
  if (disk === undefined) return t.skip("no small disk can be mounted here");
  const { home, unlock } = await standing(t);
  const depot = folderDepot(join(disk, "backups"));
  const make = () =>
    makeBackup({
      home: home.state,
      env: environmentOf({ HOME: home.root }),
      clock: systemClock,
      random: systemRandom,
      destination: depot.name,
    });
  await make();
  home.file(".vambrace/large.bin", randomBytes(8_000_000));
  await assert.rejects(make(), code("BACKUP_FULL"));
  assert.deepEqual((await verifyBackups(depot, { unlock })).problems, []);
  const backup = await openBackup(depot, await listBackups(depot), unlock);
  fill(disk);
  const target = { depot, backup, replace: false, who: "owner", why: "a test", clock: systemClock };
  await assert.rejects(restoreHome({ ...target, into: join(disk, "home") }), code("BACKUP_FULL"));
  assert.deepEqual(fs.readdirSync(disk).sort(), ["backups", "filler"], "nothing of it stays");
  fs.rmSync(join(disk, "filler"));
  fs.rmSync(join(home.state, "large.bin"));
  await make();
  await restoreHome({ ...target, into: join(disk, "home") });
});

test("R-OPS-2: by the clock: at its time, once, also when nobody ran then; a failure is recorded and the next time stands", async (t) => {
  const { home, destination } = await standing(t, { schedule: "30 3 * * *" });
  const env = environmentOf({ HOME: home.root });
  const rows = new Map<string, JsonObject>();
  const entries: LedgerEntry[] = [];
  const day = 86_400_000;
  let nowMs = new Date(2026, 10, 1, 3, 0).getTime();
  const open = () =>
    openBackupSchedule({
      home: home.state,
      env,
      loaded: loadConfig({ home: home.state, env }),
      state: { get: async (key) => rows.get(key), set: async (key, value) => void rows.set(key, value) },
      ledger: { append: async (entry) => ({ index: entries.push(entry), leaf: DIGEST, entry }) },
      clock: { ...systemClock, wallMs: () => nowMs },
      random: systemRandom,
      log: () => undefined,
    });
  const schedule = open();
  const settled = async (count: number): Promise<void> => {
    for (let waited = 0; entries.length < count && waited < 60_000; waited += 20) await wait(20);
    assert.equal(entries.length, count);
  };
  await schedule.tick();
  await schedule.tick();
  nowMs += 29 * 60_000;
  await schedule.tick();
  assert.equal(entries.length, 0, "not before its time");
  nowMs += 60_000;
  await Promise.all([schedule.tick(), schedule.tick()]);
  await settled(1);
  assert.deepEqual([entries[0]?.what, entries[0]?.target], ["backup.created", "1"], JSON.stringify(entries[0]?.data));
  await schedule.tick();
  await schedule.close();
  assert.equal(entries.length, 1, "once");
  nowMs += 3 * day;
  fs.renameSync(destination, `${destination}.away`);
  fs.writeFileSync(destination, "a file in its place");
  const later = open();
  await later.tick();
  await settled(2);
  assert.deepEqual([entries[1]?.what, entries[1]?.result], ["backup.failed", "failed"]);
  await later.tick();
  await later.close();
  assert.equal(entries.length, 2, "not again before its next time");
});

test("R-OPS-2: of two at once one is made, and the other is told", async (t) => {
  const { home } = await standing(t);
  const make = () =>
    makeBackup({ home: home.state, env: environmentOf({ HOME: home.root }), clock: systemClock, random: systemRandom });
  const ended = await Promise.allSettled([make(), make()]);
  assert.deepEqual(ended.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const lost = ended.find((one) => one.status === "rejected");
  assert.ok(code("BACKUP_BUSY")(lost?.reason));
  await make();
});

test("R-OPS-2: a drill that finds something otherwise than it was made fails and says what", async (t) => {
  const { home, unlock } = await standing(t);
  const env = environmentOf({ HOME: home.root });
  await makeBackup({ home: home.state, env, clock: systemClock, random: systemRandom });
  const depot = depotOf(home.state, env, undefined);
  const backup = await openBackup(depot, await listBackups(depot), unlock);
  const parts = { home: home.state, env, clock: systemClock, depot, who: "owner", passphrase: undefined };
  const facts = { ...backup.run.head.facts, answers: "0".repeat(64) };
  const other = { ...backup, run: { ...backup.run, head: { ...backup.run.head, facts } } };
  const bad = await drillBackup({ ...parts, backup: other });
  assert.deepEqual(
    [bad.ok, bad.lines.filter(({ status }) => status === "fail").map(({ id }) => id)],
    [false, ["judge"]],
  );
  assert.equal((await drillBackup({ ...parts, backup })).ok, true);
});

test("R-OPS-2, R-KEY-1: a drill opens the vault that came back, and fails where its key did not or opens another", async (t) => {
  const { home, identity } = await standing(t);
  assert.equal((await home.run(["secrets", "init"])).status, 0);
  const set = await home.run(["secrets", "set", "mail"], "a value of some length");
  assert.equal(set.status, 0, set.err);
  assert.equal((await home.run(["backup", "create"])).status, 0);
  const drill = async (): Promise<string> => {
    const { out, err } = await home.run(["backup", "drill", "--identity", identity, "--json"]);
    const line = JSON.parse(out || "{}").lines?.find((one: { id: string }) => one.id === "secrets");
    return `${line?.status}: ${line?.says}${err}`;
  };
  assert.match(await drill(), /^ok: the vault opens: 1 value$/);
  const vault = join(home.state, "vault.age");
  const bytes = fs.readFileSync(vault);
  bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
  fs.writeFileSync(vault, bytes);
  assert.equal((await home.run(["backup", "create"])).status, 0);
  assert.match(await drill(), /^fail: /);
});

test("R-OPS-2: Debian's age opens what is in the folder", async (t) => {
  if (spawnSync("age", ["--version"]).status !== 0) return t.skip("age is not installed");
  const { home, destination, identity } = await standing(t);
  assert.equal((await home.run(["backup", "create"])).status, 0);
  const plain = execFileSync("age", ["-d", "-i", identity, join(destination, "runs/000001.manifest.age")], {
    encoding: "utf8",
  });
  assert.match(plain.split("\n")[0] ?? "", /^\{"format":1,"number":1,/);
  const pack = fs.readdirSync(join(destination, "packs"))[0] ?? "";
  assert.ok(execFileSync("age", ["-d", "-i", identity, join(destination, "packs", pack)]).length > 0);
});
