import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import * as fc from "fast-check";
import { firstProcess } from "./first-process.ts";
import { type Given, type Launcher, type Launched, O_PATH, openLauncher, type Start } from "./launch.ts";

const folder = fs.mkdtempSync(join(tmpdir(), "vambrace-launch-"));
after(() => fs.rmSync(folder, { recursive: true }));

const PERL = "/usr/bin/perl";
/** Open in this process before any test: what the broker closes when it begins. */
const INHERITED = new Set(fs.readdirSync("/proc/self/fd"));
const hasPerl = fs.existsSync(PERL);
const launchers = { perl: openLauncher(PERL), node: openLauncher("/nowhere/perl") };
after(() => launchers.perl.close());

const { O_RDONLY, O_WRONLY, O_APPEND } = fs.constants;
let files = 0;

type Ran = { readonly launched: Launched; readonly text: () => string; readonly close: () => void };

/** What it prints goes to a file. The descriptors are open here until `close`. */
function run(launcher: Launcher, change: Partial<Start> & Pick<Start, "program">, more: readonly Given[] = []): Ran {
  const path = join(folder, String(++files));
  const out = fs.openSync(path, "a", 0o600);
  const stdin = fs.openSync("/dev/null", "r");
  const printing = { fd: out, flags: O_WRONLY | O_APPEND };
  const given = [{ fd: stdin, flags: O_RDONLY }, printing, printing, ...more];
  const launched = launcher.start({ args: [], doors: [], given, ...change });
  return {
    launched,
    text: () => fs.readFileSync(path, "utf8"),
    close: () => [out, stdin].forEach((fd) => fs.closeSync(fd)),
  };
}

const sh = (launcher: Launcher, script: string, change: Partial<Start> = {}, more: readonly Given[] = []): Ran =>
  run(launcher, { program: "/bin/sh", args: ["-c", script], ...change }, more);

async function output({ launched, text, close }: Ran): Promise<string> {
  await launched.taken;
  close();
  await launched.exited;
  return text();
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000 && !holds(); i++) await sleep(10);
  assert.ok(holds());
}

const isThere = (pid: string | number): boolean => fs.existsSync(`/proc/${pid}/exe`);

/** The number of the small process: that of who started another. */
async function startedBy(launcher: Launcher): Promise<number> {
  const { numbers, exited } = run(launcher, { program: "/bin/true" }).launched;
  await exited;
  return (await numbers)?.parent ?? 0;
}

for (const way of ["perl", "node"] as const) {
  const launcher = launchers[way];
  const rule = (title: string, body: () => Promise<void>): void =>
    void test(`${title} (${way})`, { skip: way === "perl" && !hasPerl ? "no perl here" : false }, body);

  rule("R-EXEC-4: a program has what it was given, in its place, and nothing else", async () => {
    const secret = fs.openSync("/etc/hostname", "r");
    const path = fs.openSync("/etc", O_PATH);
    const file = fs.openSync("/etc/passwd", "r");
    const more = [
      { fd: path, flags: O_PATH },
      { fd: file, flags: O_RDONLY },
    ];
    const lines = await output(
      sh(launcher, `ls -l /proc/$$/fd; grep flags /proc/self/fdinfo/3; head -c 4 <&4`, {}, more),
    );
    const [zero = "", one = "", two, ...rest] = lines.matchAll(/(\d+ -> .*)/g).map(([word]) => word);
    assert.equal(zero, "0 -> /dev/null");
    assert.ok(one.startsWith(`1 -> ${folder}`));
    const others = rest.filter(
      (line) => way === "perl" || Number.parseInt(line) < 9 || !INHERITED.has(line.split(" ")[0] ?? ""),
    );
    assert.deepEqual([two, ...others], [one.replace("1", "2"), "3 -> /etc", "4 -> /etc/passwd"]);
    assert.ok(lines.endsWith("flags:\t010000000\nroot"));
    for (const fd of [secret, path, file]) fs.closeSync(fd);
  });

  rule("R-EXEC-1: a program starts in `/`, without environment and with every signal let through", async () => {
    const words = (await output(run(launcher, { program: "/usr/bin/env" }))).trim();
    assert.equal(words, "");
    assert.equal(await output(sh(launcher, "readlink /proc/self/cwd")), "/\n");
    // No shell: it would let them through by itself.
    const blocked = run(launcher, { program: "/bin/grep", args: ["SigBlk", "/proc/self/status"] });
    assert.equal(await output(blocked), "SigBlk:\t0000000000000000\n");
  });

  rule("R-EXEC-1: words reach a program as they are, whatever is in them", async () => {
    const word = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("", "'", '"; exit 1 #', "$(id)", "\n", "start", "é"),
    );
    const words = fc.array(
      word.filter((text) => !text.includes("\0") && text.isWellFormed()),
      { maxLength: 6 },
    );
    await fc.assert(
      fc.asyncProperty(words, async (args) => {
        const got = await output(run(launcher, { program: "/usr/bin/printf", args: ["%s\\0", "first", ...args] }));
        assert.deepEqual(got.split("\0"), ["first", ...args, ""]);
      }),
      { numRuns: 30 },
    );
  });

  rule("R-EXEC-4: how a program ended is told, and that it was not there", async () => {
    assert.equal(await sh(launcher, "exit 7").launched.exited, 7);
    assert.equal(await sh(launcher, "kill -TERM $$").launched.exited, 137);
    const none = run(launcher, { program: join(folder, "nothing") }).launched;
    assert.equal(await none.exited, 127);
    await none.taken;
  });

  rule("R-EXEC-4: a program is killed by order, and nobody is by a late one", async () => {
    const { launched } = run(launcher, { program: "/bin/sleep", args: ["600"] });
    launched.kill();
    assert.equal(await launched.exited, 137);
    launched.kill();
    assert.equal(await sh(launcher, "exit 3").launched.exited, 3);
  });

  rule("R-EXEC-4: a kill that comes while its program ends meets nobody else", async () => {
    const bystander = run(launcher, { program: "/bin/sleep", args: ["600"] }).launched;
    const parent = (await bystander.numbers)?.parent;
    for (let i = 0; i < 20; i++) {
      const { launched } = run(launcher, { program: "/bin/true" });
      await launched.numbers;
      // It has ended, and here nothing was heard of that yet.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      launched.kill();
      assert.ok([0, 137].includes(await launched.exited));
    }
    assert.equal(await startedBy(launcher), parent);
    assert.equal(await output(sh(launcher, "echo still here")), "still here\n");
    bystander.kill();
    assert.equal(await bystander.exited, 137);
  });

  rule("R-BOX-3: a program stands in its groups before it runs; where it cannot, it does not", async () => {
    const doors = [1, 2].map((n) => join(folder, `door ' ${way}${n}`));
    for (const door of doors) fs.writeFileSync(door, "");
    const ran = sh(launcher, "echo $$", { doors });
    const pid = await output(ran);
    assert.equal((await ran.launched.numbers)?.own, Number(pid));
    for (const door of doors) assert.equal(fs.readFileSync(door, "utf8").trim(), pid.trim());
    const shut = sh(launcher, "echo ran", { doors: [join(folder, "nowhere", "door")] });
    const said = await output(shut);
    assert.notEqual(await shut.launched.exited, 0);
    assert.match(said, /nowhere\/door/);
    assert.doesNotMatch(said, /ran/);
  });

  rule("R-EXEC-4: many at once get what is theirs", async () => {
    const all = Array.from({ length: 24 }, (_, i) => run(launcher, { program: "/bin/echo", args: [String(i)] }));
    for (const [i, ran] of all.entries()) assert.equal(await output(ran), `${i}\n`);
  });
}

test("R-EXEC-4: where the small process ends, so does all that it started, and the next start makes another", {
  skip: hasPerl ? false : "no perl here",
}, async () => {
  const launcher = openLauncher(PERL);
  const ran = run(launcher, { program: "/bin/sleep", args: ["600"] });
  const numbers = await ran.launched.numbers;
  assert.ok(numbers);
  process.kill(numbers.parent, "SIGKILL");
  assert.equal(await ran.launched.exited, 137);
  await until(() => !isThere(numbers.own));
  ran.launched.kill();
  assert.equal(await output(sh(launcher, "echo again")), "again\n");
  assert.notEqual(await startedBy(launcher), numbers.parent);
  launcher.close();
});

test("R-EXEC-4: a small process that cannot work is an end, and no hang", async () => {
  const broken = join(folder, "perl");
  fs.writeFileSync(broken, "#!/bin/sh\nexit 1\n", { mode: 0o700 });
  const launcher = openLauncher(broken);
  for (let i = 0; i < 3; i++) {
    const { launched } = run(launcher, { program: "/bin/true" });
    await launched.taken;
    assert.equal(await launched.numbers, null);
    assert.notEqual(await launched.exited, 0);
  }
});

test("R-EXEC-4: what a program leaves is collected, whoever is process 1", {
  skip: hasPerl ? false : "no perl here",
}, async () => {
  const left = (await output(sh(launchers.perl, "sleep 0.3 >/dev/null & echo $!"))).trim();
  const parent = await startedBy(launchers.perl);
  assert.match(fs.readFileSync(`/proc/${left}/status`, "latin1"), new RegExp(`^PPid:\t${parent}$`, "m"));
  await until(() => !fs.existsSync(`/proc/${left}`));
});

/** A process with an open descriptor that everybody would inherit, whose launcher starts something. */
const OTHER = `
import { openLauncher } from ${JSON.stringify(join(import.meta.dirname, "launch.ts"))};
import * as fs from "node:fs";
const launcher = openLauncher(${JSON.stringify(PERL)});
const given = [0, 1, 2].map((fd) => ({ fd, flags: fd === 0 ? 0 : fs.constants.O_WRONLY | fs.constants.O_APPEND }));
const start = (program, ...args) => launcher.start({ program, args, doors: [], given });
const list = start("/bin/sh", "-c", "ls /proc/self/fd | tr '\\\\n' ' '");
await list.exited;
const numbers = await start("/bin/sleep", "600").numbers;
console.log(JSON.stringify(numbers));
setTimeout(() => undefined, 60_000);`;

test("R-EXEC-4: the small process ends with the broker, and with it what it started; it passes nothing on that it inherited", {
  skip: hasPerl ? false : "no perl here",
}, async () => {
  const script = join(folder, "other.mts");
  fs.writeFileSync(script, OTHER);
  const path = join(folder, "other.out");
  const out = fs.openSync(path, "a");
  const inherited = fs.openSync("/etc/hostname", "r");
  // Node closes what it inherits up to a gap in the numbers.
  const gap = Array.from({ length: 26 }, () => "ignore" as const);
  const child = spawn(process.execPath, [script], { stdio: ["ignore", out, out, ...gap, inherited] });
  for (const fd of [out, inherited]) fs.closeSync(fd);
  const ended = once(child, "exit");
  const text = (): string => fs.readFileSync(path, "utf8");
  try {
    await until(() => text().includes("}"));
  } finally {
    child.kill("SIGKILL");
  }
  assert.match(text(), /^0 1 2 3 \{/);
  const { own, parent } = JSON.parse(/\{.*\}/.exec(text())?.[0] ?? "{}");
  assert.ok(own > 0 && parent > 0);
  await ended;
  await until(() => !isThere(own) && !isThere(parent));
});

test("R-EXEC-4: a first process is bound only where bubblewrap is still its starter's child", async () => {
  const above = spawn("/bin/sh", ["-c", "sleep 600 & echo $!; wait"], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(above.stdout, "data");
  const first = firstProcess(Number(String(line)));
  const own = above.pid ?? 0;
  assert.equal(await first.bound({ own, parent: process.ppid }), false);
  assert.equal(await first.bound({ own: process.pid, parent: process.ppid }), false);
  const right = first.bound({ own, parent: process.pid });
  assert.equal(await Promise.race([right, sleep(100).then(() => "waits for its filter")]), "waits for its filter");
  await first.end();
  assert.equal(await right, false);
  above.kill("SIGKILL");
});
