/** The sandbox as it is, with the real bubblewrap: each wall, and its honest twin. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { newId } from "../src/core/ids.ts";
import { createJobSigner } from "../src/core/job-token.ts";
import { digestOf } from "../src/core/json.ts";
import type { Job, SignedToken } from "../src/core/ports/executor.ts";
import { clock, type Kit, missing, random, startBroker } from "./sandbox-kit.ts";

const skip = missing();
let kit: Kit;
before(async () => {
  if (skip === false) kit = await startBroker();
});
after(() => kit?.close());

const never = { signal: new AbortController().signal };
const exit = (status: number): object => ({ how: "exit", status });

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

test("R-BOX-1: the workspace can be written, and files are the person's own", { skip }, async () => {
  await kit.sh("mkdir -p deep/er && echo hello >deep/er/hello.txt");
  assert.equal(fs.readFileSync(join(kit.workspace, "deep/er/hello.txt"), "utf8"), "hello\n");
  assert.equal(fs.statSync(join(kit.workspace, "deep/er/hello.txt")).uid, process.getuid?.());
});

test("R-BOX-1: input, status, signals and words pass through unchanged", { skip }, async () => {
  assert.equal((await kit.sh("cat; cat /dev/stdin", { stdin: "line\n" })).out, "line\nline\n");
  assert.deepEqual((await kit.sh("exit 7")).result.end, exit(7));
  assert.deepEqual((await kit.sh("kill -9 $$")).result.end, { how: "signal", signal: "SIGKILL" });
  const words = ["printf", "%s|", "a b", "$(id)", "'", '"', "\n", "`x`", "\\", "*", "-n", ""] as const;
  const { stdout } = await kit.run({ argv: words });
  assert.equal(
    Buffer.from(stdout).toString(),
    words
      .slice(2)
      .map((word) => `${word}|`)
      .join(""),
  );
  assert.equal((await kit.sh("echo to-err >/dev/stderr; echo to-out >/dev/stdout")).err, "to-err\n");
  assert.deepEqual((await kit.run({ argv: ["no-such-program"] })).end, exit(127));
});

test("R-BOX-3: the environment is what the job says and nothing else", { skip }, async () => {
  const env = { PATH: "/usr/bin:/bin", QUOTED: "it's $HOME \n x" };
  const { stdout } = await kit.run({ argv: ["env", "-0"], env });
  const seen = Buffer.from(stdout).toString().split("\0").filter(Boolean);
  assert.deepEqual(seen.filter((line) => !line.startsWith("PWD=")).sort(), [
    `PATH=${env.PATH}`,
    `QUOTED=${env.QUOTED}`,
  ]);
});

test("R-BOX-3: state, home, passwords and other folders are not there", { skip }, async () => {
  for (const path of [
    join(kit.state, "secret"),
    "/root",
    "/home",
    "/etc/shadow",
    "/var",
    "/sys",
    "/boot",
    process.cwd(),
  ]) {
    assert.notDeepEqual((await kit.sh(`ls -d '${path}'`)).result.end, exit(0), path);
  }
  assert.ok(!(await kit.sh("cat /proc/self/mountinfo")).out.includes(" /root"));
});

test("R-FS-2: a link in the workspace leads nowhere outside", { skip }, async () => {
  fs.symlinkSync(join(kit.state, "secret"), join(kit.workspace, "link"));
  fs.symlinkSync("/root", join(kit.workspace, "root-link"));
  fs.writeFileSync(join(kit.workspace, "target"), "inside\n");
  fs.symlinkSync("target", join(kit.workspace, "inner"));
  assert.equal((await kit.sh("cat link; ls root-link/")).out, "");
  assert.equal((await kit.sh("cat ../state/secret; cat /proc/1/root/etc/shadow; cat /proc/1/cwd/../secret")).out, "");
  assert.equal((await kit.sh("cat inner")).out, "inside\n");
});

test("R-BOX-3: a read-only mount cannot be written, nor can the system", { skip }, async () => {
  const mounts = [{ path: kit.workspace, access: "read" }] as const;
  assert.notDeepEqual((await kit.sh("echo x >new", { mounts })).result.end, exit(0));
  assert.ok(!fs.existsSync(join(kit.workspace, "new")));
  assert.deepEqual((await kit.sh("ls >/tmp/x && cat /tmp/x >/dev/null", { mounts })).result.end, exit(0));
  for (const path of ["/usr/x", "/etc/x", "/x", "/dev/x", "/proc/sys/kernel/hostname"]) {
    assert.notDeepEqual((await kit.sh(`: >>${path}`)).result.end, exit(0), path);
  }
});

test("R-FS-2: hooks, editor and shell start-up files are read-only, in nested repositories too", { skip }, async () => {
  const kept = [".git/hooks/pre-commit", ".git/config", "a/b/.git/config", ".envrc", ".vscode/tasks.json", ".bashrc"];
  for (const name of kept) {
    fs.mkdirSync(join(kit.workspace, "p", name, ".."), { recursive: true });
    fs.writeFileSync(join(kit.workspace, "p", name), "mine\n");
  }
  for (const name of kept) {
    const { result } = await kit.sh(`echo evil >p/${name}; rm -rf p/${name}; mv p/${name} x; cat p/${name}`);
    assert.equal(fs.readFileSync(join(kit.workspace, "p", name), "utf8"), "mine\n", name);
    assert.equal(Buffer.from(result.stdout).toString(), "mine\n", "reading stays possible");
  }
  // The folder that holds the read-only parts cannot be moved from under them.
  await kit.sh("mv p/.git p/old; mkdir p/.git");
  assert.equal(fs.readFileSync(join(kit.workspace, "p/.git/config"), "utf8"), "mine\n");
  assert.deepEqual((await kit.sh("echo ref >p/.git/HEAD && mkdir p/src && echo ok >p/src/config")).result.end, exit(0));
});

test("R-FS-2: a new start-up file is moved away after the job, and the job says so", { skip }, async () => {
  const { err } = await kit.sh(
    "echo 'curl evil' >.envrc; mv p/a p/moved; mkdir -p p/a/b/.git; echo '[alias]' >p/a/b/.git/config",
  );
  assert.match(err, /vambrace: .*\.envrc is run by other programs/);
  assert.ok(!fs.existsSync(join(kit.workspace, ".envrc")));
  assert.ok(!fs.existsSync(join(kit.workspace, "p/a/b/.git/config")));
  assert.equal(fs.readFileSync(join(kit.workspace, "p/moved/b/.git/config"), "utf8"), "mine\n");
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

test("R-BOX-3, R-EXEC-5: where a call may reach hosts, the proxy's socket is the only way", { skip }, async () => {
  const path = join(kit.state, "..", "egress.sock");
  const seen: string[] = [];
  const server = createServer((socket) => {
    socket.once("data", (data) => {
      seen.push(data.toString().split("\r\n")[0] ?? "");
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
    });
  }).listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  const script = "import urllib.request as u; print(u.urlopen('http://example.test/a').read().decode())";
  const { out, err } = await kit.sh(`python3 -c "${script}"`, { egressSocket: path });
  assert.equal(out, "hello\n", err);
  assert.deepEqual(seen, ["GET http://example.test/a HTTP/1.1"]);
  const large = await kit.sh(`python3 -c "${script}" & python3 -c "${script}" & wait; ls /run/vambrace`, {
    egressSocket: path,
  });
  assert.match(large.out, /hello\nhello\negress\n/);
  assert.equal((await kit.sh("env | grep -i proxy; ls /run")).out, "", "without one, nothing of it is there");
  const gone = await kit.run({ egressSocket: join(kit.state, "none.sock") });
  assert.equal(gone.end.how, "refused");
  server.close();
});

const refusedWith = async (token: SignedToken, job: Job, code: string): Promise<void> => {
  const { end } = await kit.executor.run(job, token, never);
  assert.equal(end.how === "refused" && end.code, code);
};

test("R-TOOL-2: without a good token nothing starts: forged, altered, expired, for another job, replayed", {
  skip,
}, async () => {
  const job = kit.job({ argv: ["touch", "ran"] });
  const permit = newId("pmt", random);
  const good = kit.signer.sign(permit, digestOf(job));
  const foreign = createJobSigner({ clock }).signer;
  const old = createJobSigner({ clock: { ...clock, wallMs: () => Date.now() - 60_000 } });
  await refusedWith(foreign.sign(permit, digestOf(job)), job, "TOKEN_REFUSED");
  await refusedWith({ ...good, notAfterMs: good.notAfterMs + 1 }, job, "TOKEN_REFUSED");
  await refusedWith({ ...good, signature: good.signature.replace(/^./, "!") }, job, "TOKEN_REFUSED");
  await refusedWith(old.signer.sign(permit, digestOf(job)), job, "TOKEN_REFUSED");
  await refusedWith(good, { ...job, cwd: `${job.cwd}/` }, "TOKEN_REFUSED");
  await refusedWith(good, { ...job, env: { ...job.env, X: "1" } }, "TOKEN_REFUSED");
  assert.ok(!fs.existsSync(join(kit.workspace, "ran")));
  assert.deepEqual((await kit.executor.run(job, good, never)).end, exit(0));
  assert.ok(fs.existsSync(join(kit.workspace, "ran")));
  await refusedWith(good, job, "TOKEN_REFUSED");
  const both = kit.signer.sign(newId("pmt", random), digestOf(job));
  const ends = await Promise.all([kit.executor.run(job, both, never), kit.executor.run(job, both, never)]);
  assert.deepEqual(ends.map(({ end }) => end.how).sort(), ["exit", "refused"]);
});

test("R-BOX-4: mounts that must not be are refused with the reason and the fix", { skip }, async () => {
  fs.symlinkSync(kit.workspace, join(kit.state, "..", "way"));
  fs.mkdirSync(join(kit.workspace, "sub"), { recursive: true });
  const bad: [Partial<Job>, RegExp][] = [
    [{ mounts: [{ path: kit.state, access: "read" }] }, /never mounted/],
    [{ mounts: [{ path: join(kit.state, "broker"), access: "read" }] }, /lies in or above/],
    [{ mounts: [{ path: join(kit.state, ".."), access: "read" }] }, /lies in or above/],
    [{ mounts: [{ path: "/", access: "read" }] }, /lies in or above/],
    [{ mounts: [{ path: "/etc", access: "read" }] }, /never mounted/],
    [{ mounts: [{ path: "/root", access: "read" }] }, /too wide/],
    [{ mounts: [{ path: join(kit.workspace, "none"), access: "read" }] }, /does not exist/],
    [{ mounts: [{ path: join(kit.state, "..", "way"), access: "read" }] }, /passes through a link/],
    [{ mounts: [{ path: `${kit.workspace}/sub/../..`, access: "read" }] }, /plain absolute/],
    [{ mounts: [{ path: join(kit.workspace, ".git"), access: "write" }] }, /protected/],
    [{ cwd: "/tmp" }, /outside every mount/],
    [{ mounts: [] }, /outside every mount/],
  ];
  for (const [change, why] of bad) {
    const { end } = await kit.run(change);
    assert.ok(end.how === "refused" && end.code === "SANDBOX_MOUNT", JSON.stringify(change));
    assert.match(end.message, why);
    assert.ok(end.hint.length > 10);
  }
  const two = [
    { path: kit.workspace, access: "read" },
    { path: join(kit.workspace, "sub"), access: "write" },
  ] as const;
  assert.deepEqual((await kit.sh("touch no || touch sub/yes", { mounts: two })).result.end, exit(0));
  assert.deepEqual(
    [fs.existsSync(join(kit.workspace, "no")), fs.existsSync(join(kit.workspace, "sub/yes"))],
    [false, true],
  );
});

test("R-BOX-4: a job in another shape is refused before anything else", { skip }, async () => {
  const changes: Partial<Record<keyof Job, unknown>>[] = [
    { wallMs: 0 },
    { memoryBytes: -1 },
    { processes: 1.5 },
    { argv: [] },
    { argv: ["a\0b"] },
    { env: { "A B": "x" } },
    { runtime: "root" },
    { runtime: "files" },
  ];
  for (const change of changes) {
    const { end } = await kit.run(change as Partial<Job>);
    assert.equal(end.how === "refused" && end.code, "JOB_MALFORMED", JSON.stringify(change));
  }
});

test("R-BOX-3: what the broker inherited by accident is open in no sandbox", { skip }, async () => {
  const under = ["/bin/bash", "-c", 'exec 251</etc/shadow 30</etc/hosts; exec "$@"', "bash"];
  const other = await startBroker({ under });
  assert.equal((await other.sh("ls /proc/$$/fd")).out, "0\n1\n2\n");
  await other.close();
});
