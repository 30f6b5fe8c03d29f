/** What is read from processes, the machine and the store: what a made up installation of the other tests cannot show. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { generateKeyPairSync } from "node:crypto";
import { gatherBackups } from "../src/app/audit/gather-backups.ts";
import { gatherConfig } from "../src/app/audit/gather-config.ts";
import { gatherFiles } from "../src/app/audit/gather-files.ts";
import { gatherHost } from "../src/app/audit/gather-host.ts";
import { ownProcess } from "../src/app/audit/processes.ts";
import { homeAt } from "../src/app/home.ts";
import { nodeFiles } from "../src/ledger/files.ts";
import { openLog } from "../src/ledger/log.ts";
import { homeWith } from "./audit-kit.ts";
import { entry, ORIGIN } from "./ledger-kit.ts";

const KEY = `sk-ant-api03-${"aB3".repeat(31)}AA`;
type T = { after(body: () => void): void };

function folderOf(t: T): string {
  const path = mkdtempSync(join(tmpdir(), "vambrace-gathered-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A process that waits, seen as one of ours. */
async function seen(t: T, env: Readonly<Record<string, string>>, ...args: string[]) {
  const child = spawn(process.execPath, ["-e", "console.log(1); setTimeout(() => {}, 60_000)", ...args], {
    env: { PATH: "/usr/bin:/bin", ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  t.after(() => child.kill("SIGKILL"));
  await once(child.stdout, "data");
  return (kind: "gateway" | "helper", read: readonly string[] = []) => ownProcess(child.pid ?? -1, kind, read);
}

test("R-AUDIT-1: a process is looked at as the kernel has it: secrets and loaders in its environment, a key on its command line", async (t) => {
  const plain = (await seen(t, {}))("gateway");
  assert.deepEqual([plain.strangeSecrets, plain.loaders, plain.secretInArguments], [[], [], false], "the twin");
  assert.equal(plain.uid, process.getuid?.());
  const look = await seen(
    t,
    { AWS_SECRET_ACCESS_KEY: "x", ANY_NAME: KEY, MINE_TOKEN: "x", LD_LIBRARY_PATH: "/nowhere" },
    KEY,
  );
  const bad = look("gateway", ["MINE_TOKEN"]);
  assert.deepEqual(
    [bad.strangeSecrets, bad.loaders, bad.secretInArguments],
    [["ANY_NAME", "AWS_SECRET_ACCESS_KEY"], ["LD_LIBRARY_PATH"], true],
  );
  assert.ok(!JSON.stringify(bad).includes("aB3aB3"), "the secret itself is in what was gathered");
  assert.deepEqual(look("helper").loaders, [], "of a helper it is its parent's");
});

test("R-AUDIT-1: whether a crash writes its memory is read of the process itself", async (t) => {
  const limited = async (limit: string) => {
    const child = spawn("/bin/sh", ["-c", `ulimit -S -c ${limit} || exit; echo 1; exec sleep 60`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    t.after(() => child.kill("SIGKILL"));
    await once(child.stdout, "data");
    return ownProcess(child.pid ?? -1, "gateway", []).coreBytes;
  };
  assert.equal(await limited("0"), 0, "the twin");
  assert.ok(Number(await limited("1")) > 0);
});

test("R-AUDIT-1: what a machine says of restarts, updates, clock and engines is read, each with its twin", async (t) => {
  const root = folderOf(t);
  const write = (name: string, text = ""): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  };
  write("run/systemd/system/x");
  write("etc/apt/sources.list");
  write("proc/1/cgroup", "0::/init.scope\n");
  const bad = gatherHost(root);
  assert.deepEqual(
    [bad.rebootRequired, bad.automaticUpdates, bad.timeSynced, bad.engineSockets, bad.inContainer, bad.groups],
    [false, false, false, [], false, []],
  );
  write("run/reboot-required");
  write("etc/apt/apt.conf.d/20auto-upgrades", 'APT::Periodic::Unattended-Upgrade "1";\n');
  write("run/systemd/timesync/synchronized");
  write("etc/group", `root:x:0:\ndocker:x:${process.getgid?.()}:ana\nother:x:987654:\n`);
  const engine = createServer();
  t.after(() => engine.close());
  await new Promise<void>((resolve) => void engine.listen(join(root, "run", "docker.sock"), resolve));
  const good = gatherHost(root);
  assert.deepEqual([good.rebootRequired, good.automaticUpdates, good.timeSynced], [true, true, true]);
  assert.deepEqual(good.engineSockets, [join(root, "run", "docker.sock")]);
  assert.ok(good.groups.includes("docker") && !good.groups.includes("other"));
  write(".dockerenv");
  assert.equal(gatherHost(root).inContainer, true);
});

test("R-AUDIT-1: Node and the folders of programs are looked at where links lead, and so is what is above them", (t) => {
  const root = folderOf(t);
  for (const name of ["node/bin", "programs"]) mkdirSync(join(root, name), { recursive: true });
  writeFileSync(join(root, "node/bin/node"), "");
  symlinkSync(join(root, "node/bin/node"), join(root, "linked"));
  symlinkSync(join(root, "programs"), join(root, "bin"));
  const open = () => {
    const { nodeOpen, openProgramFolders } = gatherFiles({
      home: homeAt(join(root, ".vambrace")),
      userHome: root,
      installation: join(root, "program"),
      nowMs: 0,
      isDeep: false,
      allowed: [],
      workspaces: [],
      node: join(root, "linked"),
      programFolders: [join(root, "bin")],
    });
    return [...nodeOpen, ...openProgramFolders].map(({ path }) => path.slice(root.length + 1));
  };
  assert.deepEqual(open(), [], "the twin");
  for (const name of ["node/bin/node", "node", "programs"]) chmodSync(join(root, name), 0o777);
  assert.deepEqual(open(), ["node/bin/node", "node", "programs"]);
});

test("R-OPS-2: backups are read from the configuration and from the ledger: where, on which disk, when", async (t) => {
  const at = homeWith(t, "");
  writeFileSync(at.path, `backup: {destination: ${at.userHome}/kept}\n`);
  const where = { home: at.home, env: at.env, installation: "/opt/vambrace" };
  const { loaded } = gatherConfig(where, at.path, () => true);
  assert.ok(loaded !== null);
  const none = await gatherBackups(homeAt(at.home), loaded);
  assert.deepEqual([none.destination?.isThere, none.destination?.sameDisk, none.createdMs], [false, true, null]);
  mkdirSync(join(at.userHome, "kept"));
  const log = openLog({
    files: nodeFiles(homeAt(at.home).ledger),
    origin: ORIGIN,
    clock: { wallMs: Date.now },
    makeKey: () => generateKeyPairSync("ed25519").privateKey,
    journalBytes: 32_768,
  });
  log.append([{ ...entry(0), kind: "backup", what: "backup.created" }, entry(1)]);
  log.publish();
  log.close();
  const made = await gatherBackups(homeAt(at.home), loaded);
  assert.equal(made.destination?.isThere, true);
  assert.ok(made.createdMs !== null && made.failedMs === null);
});
