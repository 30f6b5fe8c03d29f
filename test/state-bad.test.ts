/**
 * What a tired person may find in a state folder: something else in the place
 * of a file, a disk that is full, a mark that is gone. No command waits for
 * ever, none shows a stack, none says that all is well where it is not.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { checkStateModes } from "../src/app/config/modes.ts";
import { homeAt } from "../src/app/home.ts";
import { readRunning } from "../src/app/running.ts";
import { freePort } from "./advisories-kit.ts";
import { type Home, makeHome, type Ran } from "./cli-kit.ts";
import { fill, smallDisk } from "./small-disk.ts";

const timeout = 180_000;
const VALUE = "sk-test-0123456789-abcdef";

/** Whatever it found: an end within its time, a status of ours, words instead of a stack. */
async function ends(home: Home, args: readonly string[], input = ""): Promise<Ran> {
  const within = Promise.withResolvers<never>();
  const timer = setTimeout(() => within.reject(new Error(`\`${args.join(" ")}\` hangs`)), 25_000);
  try {
    const ran = await Promise.race([home.run(args, input), within.promise]);
    const said = `${args.join(" ")}: ${ran.out}${ran.err}`;
    assert.ok([0, 1, 2, 3, 4].includes(ran.status ?? -1), said);
    assert.doesNotMatch(said, /inside vambrace|\n\s+at /);
    if (ran.status !== 0) assert.match(said, /hint|fix|fail|not done|FAILED/);
    return ran;
  } finally {
    clearTimeout(timer);
  }
}

const leavings: (() => void)[] = [];
after(() => {
  for (const body of leavings) body();
});

/** Made once, and copied for each test. */
let template: Promise<Home> | undefined;

async function madeHome(t: TestContext): Promise<Home> {
  template ??= makeTemplate({ after: (body) => leavings.push(body) });
  const { state } = await template;
  const home = makeHome(t);
  fs.mkdirSync(home.workspace, { mode: 0o700 });
  execFileSync("cp", ["-a", state, join(state, "..", ".config"), home.root]);
  return home;
}

async function makeTemplate(t: Parameters<typeof makeHome>[0]): Promise<Home> {
  const home = makeHome(t);
  fs.mkdirSync(home.workspace, { mode: 0o700 });
  assert.equal((await home.run(["secrets", "init"])).status, 0);
  assert.equal((await home.run(["secrets", "set", "one"], VALUE)).status, 0);
  assert.equal((await home.run(["config", "set", "gateway.port", String(await freePort())])).status, 0);
  assert.equal((await home.run(["incident", "open", "--reason", "a try", "--no-workspace"])).status, 0);
  return home;
}

/** By file of the state folder: the commands that read it. */
const READERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "secrets.json": [["secrets", "list"], ["secrets", "revoke", "--all", "--yes"], ["doctor"]],
  "config.lock": [["config", "set", "gateway.port", "18999"]],
  "config.history/000001.json": [["config", "history"]],
  "running.json": [["status"], ["stop", "why"]],
  "cli-token": [["start"]],
  "store/vambrace.db": [["start"], ["security", "audit"]],
  "ledger/key": [["start"], ["incident", "open", "--reason", "again", "--no-workspace"]],
  "ledger/key.pub": [
    ["log", "verify"],
    ["incident", "open", "--reason", "again", "--no-workspace"],
  ],
  "logs/gateway.log": [["start"]],
  "logs/start.log": [["start", "--detach"]],
};

for (const [name, commands] of Object.entries(READERS)) {
  test(`R-FS-3: a pipe in the place of \`${name}\` holds nobody up, and is named`, { timeout }, async (t) => {
    const home = await madeHome(t);
    const path = join(home.state, name);
    fs.mkdirSync(join(path, ".."), { recursive: true, mode: 0o700 });
    for (const args of commands) {
      fs.rmSync(path, { force: true });
      execFileSync("mkfifo", ["-m", "600", path]);
      if (args[0] !== "start" || args.includes("--detach")) await ends(home, args);
      else await startsOrSays(home);
      await endGateway(home);
    }
    if (!fs.lstatSync(path).isFIFO()) return; // made anew by what was tried: nothing is left to name
    const found = checkStateModes(home.state).find((one) => one.path === path);
    assert.match(found?.says ?? "", /neither file nor folder/);
  });
}

/** It listens, or it ends with words: both within its time. */
async function startsOrSays(home: Home): Promise<void> {
  const child = home.start(["start"]);
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.on("exit", resolve));
  for (let waitedMs = 0; waitedMs < 25_000 && !said.includes("listens") && child.exitCode === null; waitedMs += 50)
    await wait(50);
  const isUp = said.includes("listens");
  if (child.exitCode === null) child.kill(isUp ? "SIGTERM" : "SIGKILL");
  await ended;
  assert.ok(isUp || /error: [^\n]+\nhint: /.test(said), `it hangs, or says nothing: ${said}`);
  assert.doesNotMatch(said, /inside vambrace|\n\s+at /);
}

async function endGateway(home: Home): Promise<void> {
  const running = readRunning(homeAt(home.state));
  if (running === undefined) return;
  try {
    process.kill(running.pid, "SIGTERM");
    for (let i = 0; i < 200; i++) {
      process.kill(running.pid, 0);
      await wait(50);
    }
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

test("R-FS-3: a file in the place of a folder is said with its path; the doctor says it too, and goes on", {
  timeout,
}, async (t) => {
  const home = await madeHome(t);
  fs.rmSync(join(home.state, "config.history"), { recursive: true });
  fs.writeFileSync(join(home.state, "config.history"), "");
  const { status, err } = await ends(home, ["config", "history"]);
  assert.equal(status, 1);
  assert.match(err, /error: `[^`]*config\.history` cannot be used \(scandir\): something of another kind/);
  assert.match((await ends(home, ["doctor"])).out, /ledger +consistent/);
});

async function gatewayOf(home: Home): Promise<number> {
  const { out, err, status } = await home.run(["start", "--detach"]);
  assert.equal(status, 0, err);
  return Number(/"pid":(\d+)/.exec(out)?.[1]);
}

test("R-IR-1: a stop reaches a gateway whose `running.json` is spoiled, and nobody is told that none runs", {
  timeout,
}, async (t) => {
  const home = makeHome(t);
  assert.equal((await home.run(["config", "set", "gateway.port", String(await freePort())])).status, 0);
  const pid = await gatewayOf(home);
  t.after(() => process.kill(pid, "SIGKILL"));
  const path = join(home.state, "running.json");
  const before = fs.readFileSync(path);
  fs.writeFileSync(path, "{");
  const status = await ends(home, ["status"]);
  assert.match(status.err, /a gateway runs, and `running\.json`/);
  const stopped = await ends(home, ["stop", "it", "is", "strange"]);
  assert.equal(stopped.status, 0);
  assert.match(stopped.err, /a gateway runs/);
  fs.writeFileSync(path, before);
  for (let i = 0; i < 100 && !(await ends(home, ["status"])).out.includes("STOPPED"); i++) await wait(100);
  const { out } = await ends(home, ["status"]);
  assert.match(out, new RegExp(`process ${pid}, .*STOPPED`));
  assert.match(out, /stopped +by owner, [\d: -]+ UTC: it is strange/);
});

test("R-IR-1: on a full disk a stop stops, the gateway lives, and that a new start would not know is said", {
  timeout,
}, async (t) => {
  const home = makeHome(t);
  const disk = smallDisk(t, 16 * 1024 * 1024);
  if (disk === undefined) return t.skip("a small disk cannot be mounted here");
  fs.mkdirSync(join(disk, "state"), { mode: 0o700 });
  fs.symlinkSync(join(disk, "state"), home.state);
  assert.equal((await home.run(["config", "set", "gateway.port", String(await freePort())])).status, 0);
  const pid = await gatewayOf(home);
  try {
    fill(disk);
    const full = await ends(home, ["stop", "the", "disk", "is", "full"]);
    // What the store had room for may be enough for one row: then it was kept, and the next start has to know.
    const isKept = full.status === 0;
    if (!isKept) assert.match(full.err, /everything is stopped, and it could not be kept: .*full/);
    process.kill(pid, 0);
    assert.notEqual((await ends(home, ["ask", "list"])).status, 0);
    fs.rmSync(join(disk, "filler"));
    if (!isKept) assert.equal((await ends(home, ["stop", "once", "more"])).status, 0);
    await endGateway(home);
    await gatewayOf(home);
    assert.match((await ends(home, ["status"])).out, /STOPPED/);
  } finally {
    await endGateway(home);
  }
  return undefined;
});
