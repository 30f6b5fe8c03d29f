/** Bubblewrap as it is: what only it does. What every sandbox must do is in `sandbox-conformance.test.ts`. @module */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Fault } from "../src/core/fault.ts";
import { verdictOf } from "../src/core/proof.ts";
import { type Kit, missing, startBroker, tempRoot } from "./sandbox-kit.ts";

const skip = missing();
const MB = 1024 * 1024;
let kit: Kit;
before(async () => {
  if (skip === false) kit = await startBroker();
});
after(() => kit?.close());

test("R-BOX-1: ordinary programs run: ls, cat, pipelines, git, python, node", { skip }, async () => {
  fs.writeFileSync(join(kit.workspace, "notes.md"), "one\ntwo\n");
  assert.equal((await kit.sh("ls notes.md && cat notes.md | sort -r | head -1")).out, "notes.md\ntwo\n");
  assert.equal((await kit.sh("python3 -c 'print(6*7)'")).out, "42\n");
  const node = await kit.sh("node -e 'console.log(6*7)'");
  if (node.result.end.how === "exit" && node.result.end.status === 0) assert.equal(node.out, "42\n");
  const git = await kit.sh(
    "git init -q r && cd r && git config user.email a@b && git config user.name a && echo x >f && git add f && git commit -qm m && git log --oneline | wc -l",
  );
  assert.equal(git.out, "1\n", git.err);
  const again = await kit.sh("cd r && git status --short && git log --oneline | wc -l");
  assert.equal(again.out, "1\n", again.err);
});

test("R-BOX-3: no network, no host sockets; a loop of its own", { skip }, async () => {
  const server = createServer((socket) => socket.end("reached\n")).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const connect = (host: string, p: number): string =>
    `python3 -c "import socket; s=socket.create_connection(('${host}',${p}),2); print(s.recv(9))"`;
  assert.equal((await kit.sh(connect("127.0.0.1", port))).out, "");
  assert.equal((await kit.sh(connect("169.254.169.254", 80))).out, "");
  const own =
    "import socket; a=socket.create_server(('127.0.0.1',0)); socket.create_connection(a.getsockname()); print('ok')";
  assert.equal((await kit.sh(`python3 -c "${own}"`)).out, "ok\n");
  const vsock = "import socket; socket.socket(40, socket.SOCK_STREAM)";
  assert.match((await kit.sh(`python3 -c "${vsock}"`)).err, /not supported/);
  server.close();
});

test("R-EXEC-4: output that the gateway takes late arrives whole", { skip }, async () => {
  // A gateway that is busy when a program ends: what it printed last is still in the pipe, whatever its size.
  for (let bytes = 50_000; bytes <= 950_000; bytes += 60_000) {
    let busy = false;
    const onOutput = (): void => {
      const until = busy ? 0 : performance.now() + 60;
      busy = true;
      while (performance.now() < until);
    };
    const job = { argv: ["head", "-c", String(bytes), "/dev/zero"] } as const;
    const { stdout, stdoutLost } = await kit.run(job, { onOutput });
    assert.deepEqual([stdout.length, stdoutLost], [bytes, 0]);
  }
});

test("R-BOX-3: node runs within an ordinary memory limit", { skip }, async () => {
  const node = await kit.sh("node -e 'let a=[];for(let i=0;i<1e6;i++)a.push(i);console.log(a.length)'", {
    memoryBytes: 256 * MB,
  });
  assert.equal(node.out, "1000000\n", node.err);
});

test("R-BOX-3: no terminal: nothing can be typed into the person's", { skip }, async () => {
  // Session 0 is one from outside the sandbox: the terminal's.
  assert.notEqual((await kit.sh("cut -d' ' -f6 /proc/self/stat")).out, "0\n");
  assert.notDeepEqual((await kit.sh(": >/dev/tty")).result.end, { how: "exit", status: 0 });
  const push = "import fcntl; fcntl.ioctl(0, 0x5412, b'x')";
  assert.match((await kit.sh(`python3 -c "${push}"`)).err, /PermissionError|Operation not permitted/);
});

test("R-BOX-4: bubblewrap missing or broken refuses, says why and how to mend it; nothing runs without it", {
  skip,
}, async () => {
  const none = await startBroker({ config: { bwrapPaths: ["/nowhere/bwrap"] } });
  const { end } = await none.run({ argv: ["touch", "ran"] });
  assert.ok(end.how === "refused" && end.code === "SANDBOX_MISSING");
  assert.match(end.hint, /apt-get install bubblewrap/);
  assert.ok(!fs.existsSync(join(none.workspace, "ran")));
  await none.close();
  for (const program of ["/bin/false", "/bin/true", "/bin/cat"]) {
    const broken = await startBroker({ config: { bwrapPaths: [program] } });
    const result = await broken.run({ argv: ["touch", "ran"] });
    assert.equal(result.end.how === "refused" && result.end.code, "SANDBOX_BROKEN", program);
    assert.ok(!fs.existsSync(join(broken.workspace, "ran")));
    await broken.close();
  }
});

test("R-BOX-4: a broker whose list of spent tokens is damaged does not work", { skip }, async () => {
  const root = tempRoot("damaged");
  fs.mkdirSync(join(root, "state/broker"), { recursive: true });
  fs.writeFileSync(join(root, "state/broker/spent"), "nonsense\n");
  await assert.rejects(startBroker({ root }), (error) => error instanceof Fault && error.code === "BROKER_UNAVAILABLE");
  fs.rmSync(root, { recursive: true });
});

test("R-BOX-3: an ordinary user gets the same sandbox", {
  skip: skip || (process.getuid?.() !== 0 ? "needs root to become another user" : false),
}, async () => {
  const root = execFileSync("mktemp", ["-d"], { encoding: "utf8" }).trim();
  fs.chownSync(root, 65_534, 65_534);
  const other = await startBroker({ root, uid: 65_534 });
  const limits = await other.executor.ready();
  assert.deepEqual(limits, { memory: "rlimit", processes: "rlimit", fileBytes: "rlimit" });
  assert.equal((await other.sh("echo hi >x && cat x")).out, "hi\n");
  const proof = await other.executor.prove("short");
  assert.equal(verdictOf(proof).says, `held against ${proof.attempts.length} attempts`);
  const bomb = await other.run({ argv: ["bash", "-c", "b() { b | b & }; b; sleep 5"], processes: 30, wallMs: 1500 });
  assert.notDeepEqual(bomb.end, { how: "exit", status: 0 });
  const node = await other.sh("node -e 'console.log(1)'; python3 -c 'print(2)'", { memoryBytes: 512 * MB });
  assert.equal(node.out, "1\n2\n", node.err);
  await other.close();
  fs.rmSync(root, { recursive: true });
});
