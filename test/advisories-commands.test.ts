/**
 * Published advisories about agents of this kind, those about commands: each
 * abuse is played against the real judge, broker and sandbox.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { systemRandom } from "../src/app/system.ts";
import { newId } from "../src/core/ids.ts";
import { digestOf } from "../src/core/json.ts";
import { ground, refusalOf } from "./advisories-kit.ts";
import { type Kit as Gateway, post, startKit } from "./gateway-kit.ts";
import { type Kit as Broker, missing, startBroker } from "./sandbox-kit.ts";

const skip = missing();
let gateway: Gateway;
let broker: Broker;
before(async () => {
  if (skip !== false) return;
  broker = await startBroker();
  gateway = await startKit();
});
after(async () => {
  await broker?.close();
  await gateway?.close();
});

const execute = async (tool: string, args: Parameters<typeof post>[2]) =>
  (await post(gateway, "/api/execute", { tool, arguments: args })).body;
const inWorkspace = (): readonly string[] => fs.readdirSync(gateway.place.workspace).sort();

test("R-EXEC-2: CVE-2026-28363 (GHSA-3c6h-g97w-fg78): an option that starts a program is seen under every abbreviation of its name", async (t) => {
  const { questions } = await ground(t);
  const whole = "compress-program";
  let looked = 0;
  for (let length = 2; length <= whole.length; length++) {
    for (const value of ["=sh", " sh", "='touch pwned'", "=./notes.sh"]) {
      const command = `sort -S 1b --${whole.slice(0, length)}${value} notes.md`;
      const answer = await questions.command({ command, allow: ["sort"] });
      assert.notEqual(answer.verdict, "allow", command);
      looked += 1;
    }
  }
  assert.equal(looked, (whole.length - 1) * 4);
  for (const command of ["sort --reverse notes.md", "sort --numeric-sort notes.md", "sort -S 1b notes.md"])
    assert.equal((await questions.command({ command, allow: ["sort"] })).verdict, "allow", command);
});

test("R-EXEC-2: CVE-2026-27487: what a call carries is an argument and never part of a shell line", {
  skip,
}, async () => {
  const hostile = "x'\"; touch pwned; $(touch pwned) `touch pwned` #\n";
  const name = "it's $(touch pwned);`touch pwned`.txt";
  const wrote = await execute("write", { path: name, content: hostile });
  assert.equal(wrote["ok"], true, JSON.stringify(wrote));
  assert.equal(fs.readFileSync(join(gateway.place.workspace, name), "utf8"), hostile);
  const found = await execute("search", { pattern: "$(touch pwned)", glob: "*`*" });
  assert.match(String(found["text"]), /touch pwned/);
  const { stdout } = await broker.run({ argv: ["/usr/bin/printf", "%s", hostile] });
  assert.equal(Buffer.from(stdout).toString(), hostile);
  assert.deepEqual(inWorkspace(), [name]);
  assert.deepEqual(fs.readdirSync(broker.workspace), []);
  fs.rmSync(join(gateway.place.workspace, name));
});

test("R-EXEC-4: CVE-2026-27486: ending what was started ends nothing that only looks like it", { skip }, async () => {
  const line = ["-c", "sleep 987.6; true"];
  const bystander = spawn("/bin/bash", line, { stdio: "ignore", detached: true });
  try {
    const stop = new AbortController();
    const job = broker.run({ argv: ["/bin/bash", ...line], env: { PATH: "/bin:/usr/bin" } }, { signal: stop.signal });
    const killer = await broker.sh("pkill -9 -f 'sleep 987' ; pkill -9 bash; kill -9 -1; true");
    assert.notEqual(killer.result.end.how, "refused");
    stop.abort();
    const { end } = await job;
    assert.equal(end.how, "stopped");
    await broker.executor.stopAll();
    assert.equal(bystander.exitCode ?? bystander.signalCode, null, "the bystander lives");
  } finally {
    // Its whole group: bash waits for a program of its own.
    if (bystander.pid !== undefined) process.kill(-bystander.pid, "SIGKILL");
  }
});

test("R-EXEC-1: CVE-2026-26325 (GHSA-h3f9-mjwj-w476): there is one spelling of a command, and what was judged is what starts", {
  skip,
}, async () => {
  for (const second of ["rawCommand", "argv", "command[]", "cmd", "shell"]) {
    const { status } = await post(gateway, "/api/execute", {
      tool: "exec",
      arguments: { command: "ls", [second]: ["touch", "pwned"] },
    });
    assert.equal(status, 400, second);
  }
  const judged = broker.job({ argv: ["/bin/true"] });
  const token = broker.signer.sign(newId("pmt", systemRandom), digestOf(judged));
  const other = broker.job({ argv: ["/usr/bin/touch", "pwned"] });
  const way = { signal: new AbortController().signal };
  assert.equal((await broker.executor.run(other, token, way)).end.how, "refused");
  assert.deepEqual((await broker.executor.run(judged, token, way)).end, { how: "exit", status: 0 });
  assert.deepEqual([...inWorkspace(), ...fs.readdirSync(broker.workspace)], []);
});

test("R-EXEC-2: CVE-2026-26323 (GHSA-m7x8-2w3w-pr42): a hostile author in a repository's history is text to git and to our own programs", {
  skip,
}, async () => {
  const { workspace } = gateway.place;
  const git = (...args: readonly string[]): Buffer => execFileSync("git", ["-C", workspace, ...args]);
  git("init", "-q");
  const who = { name: "$(touch pwned)", email: "1+`touch pwned`;touch${IFS}pwned@users.noreply.example.com" };
  git(
    "-c",
    `user.name=${who.name}`,
    "-c",
    `user.email=${who.email}`,
    "commit",
    "-q",
    "--allow-empty",
    "-m",
    "'; touch pwned",
  );
  const log = await execute("exec", { command: "git log --format='%an %ae %s' | sort | uniq -c" });
  assert.equal(log["ok"], true, JSON.stringify(log));
  assert.ok(String(log["text"]).includes(who.email), String(log["text"]));
  assert.deepEqual(inWorkspace(), [".git"]);
  fs.rmSync(join(workspace, ".git"), { recursive: true });
});

test("R-EXEC-2: CVE-2026-26323: no program of the checkout builds a shell line from a value", () => {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const sources = ["scripts", "bench", "src"].flatMap((folder) =>
    fs
      .readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => /\.(?:ts|mjs|js)$/.test(name) && !name.endsWith(".test.ts"))
      .map((name) => join(root, folder, name)),
  );
  const starting = sources.filter((file) => fs.readFileSync(file, "utf8").includes("node:child_process"));
  assert.ok(sources.length > 200 && starting.length > 5);
  const shell = /\bexecSync\b|\bexec\b.*node:child_process|shell: *true/;
  const found = starting.filter((file) => shell.test(fs.readFileSync(file, "utf8")));
  assert.deepEqual(found, []);
  assert.match("execSync(`git log ${author}`)", shell, "the search finds what it is for");
});

test("R-EXEC-2: CVE-2026-25157 (GHSA-q284-4pvr-m585): a host that is an option is no host, and a folder's name is never run", {
  skip,
}, async (t) => {
  const { questions } = await ground(t);
  for (const target of [
    "-oProxyCommand=touch${IFS}pwned x",
    "'-oProxyCommand=touch pwned' x",
    "-o 'LocalCommand=id' x",
    "-F ./conf x",
  ]) {
    const answer = await questions.command({ command: `ssh ${target}`, allow: ["ssh"] });
    assert.notEqual(answer.verdict, "allow", target);
  }
  const folder = "a'; touch pwned; echo \"$(touch pwned)";
  const missingFolder = await execute("exec", { command: "ls", cwd: folder });
  assert.notEqual(missingFolder["ok"], true);
  fs.mkdirSync(join(gateway.place.workspace, folder));
  const there = await execute("exec", { command: "pwd", cwd: folder });
  assert.ok(String(there["text"]).startsWith(join(gateway.place.workspace, folder)), JSON.stringify(there));
  assert.deepEqual(inWorkspace(), [folder]);
  fs.rmdirSync(join(gateway.place.workspace, folder));
});

test("R-BOX-3: CVE-2026-24763 (GHSA-mc68-q9jw-2h3v): a call has no say in PATH, and a program of the same name in the workspace is not started", {
  skip,
}, async (t) => {
  const { questions } = await ground(t);
  for (const command of [
    "PATH=.:$PATH ls",
    "export PATH=$PWD; ls",
    "env PATH=. ls",
    "LD_PRELOAD=./x.so ls",
    "BASH_ENV=./x bash -c ls",
  ])
    assert.notEqual((await questions.command({ command })).verdict, "allow", command);
  assert.equal((await questions.command({ command: "ls" })).verdict, "allow");
  for (const key of ["env", "environment", "PATH"]) {
    const { status } = await post(gateway, "/api/execute", {
      tool: "exec",
      arguments: { command: "ls", [key]: { PATH: "." } },
    });
    assert.equal(status, 400, key);
  }
  const planted = join(gateway.place.workspace, "ls");
  fs.writeFileSync(planted, "#!/bin/sh\ntouch pwned\n", { mode: 0o755 });
  const listed = await execute("exec", { command: "ls" });
  assert.match(String(listed["text"]), /^ls\n/);
  assert.deepEqual(inWorkspace(), ["ls"]);
  fs.rmSync(planted);
});

test("R-BOX-3: CVE-2026-27002 (GHSA-w235-x559-36mg): no key loosens the sandbox, and the broker mounts no system folder or socket whatever it is asked", {
  skip,
}, async () => {
  for (const key of [
    "docker: { binds: ['/:/host'] }",
    "docker: { network: host }",
    "docker: { seccompProfile: unconfined, apparmorProfile: unconfined }",
    "docker: { privileged: true }",
    "binds: ['/var/run/docker.sock:/var/run/docker.sock']",
    "network: host",
    "capAdd: [SYS_ADMIN]",
    "enabled: false",
    "mode: 'off'",
  ]) {
    assert.match(refusalOf(`agents:\n  defaults:\n    sandbox: { ${key} }\n`) ?? "taken", /^CONFIG_/, key);
    assert.match(
      refusalOf(`agents:\n  entries:\n    a: { workspace: ~/a, sandbox: { ${key} } }\n`) ?? "taken",
      /^CONFIG_/,
      key,
    );
  }
  assert.equal(refusalOf("agents:\n  defaults:\n    sandbox: { memoryMb: 512 }\n"), undefined);
  for (const path of [
    "/",
    "/etc",
    "/proc",
    "/sys",
    "/dev",
    "/run",
    "/run/docker.sock",
    "/usr",
    "/home",
    broker.state,
  ]) {
    const { end } = await broker.run({ mounts: [{ path, access: "write" }], cwd: path });
    assert.equal(end.how === "refused" ? end.code : end.how, "SANDBOX_MOUNT", path);
  }
  assert.deepEqual((await broker.run({})).end, { how: "exit", status: 0 });
});

test("R-TOOL-2: CVE-2026-27007 (GHSA-xxvh-5hwj-42pp): the digest of a job tells the order of its lists, so no token fits a reordered one", {
  skip,
}, async () => {
  const judged = broker.job({ argv: ["/usr/bin/printf", "a", "b"] });
  const swapped = broker.job({ argv: ["/usr/bin/printf", "b", "a"] });
  assert.notEqual(digestOf(judged), digestOf(swapped));
  const two = [
    { path: join(broker.workspace, "a"), access: "read" },
    { path: join(broker.workspace, "b"), access: "write" },
  ] as const;
  assert.notEqual(digestOf(broker.job({ mounts: two })), digestOf(broker.job({ mounts: two.toReversed() })));
  const { argv, cwd, ...rest } = judged;
  assert.equal(digestOf({ ...rest, cwd, argv }), digestOf(judged), "the order of names says nothing");
  const token = broker.signer.sign(newId("pmt", systemRandom), digestOf(judged));
  const way = { signal: new AbortController().signal };
  assert.equal((await broker.executor.run(swapped, token, way)).end.how, "refused");
});
