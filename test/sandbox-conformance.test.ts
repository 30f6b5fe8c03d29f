/** What every sandbox must do, whatever makes it: each wall, and its honest twin. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { newId } from "../src/core/ids.ts";
import { createJobSigner } from "../src/core/job-token.ts";
import { digestOf } from "../src/core/json.ts";
import type { Job, SignedToken } from "../src/core/ports/executor.ts";
import { closeArms, rule } from "./sandbox-arms.ts";
import { clock, type Kit, random } from "./sandbox-kit.ts";

after(closeArms);

const never = { signal: new AbortController().signal };
const exit = (status: number): object => ({ how: "exit", status });

/** A file of the person whose workspace it is. */
function place(kit: Kit, name: string, text: string): void {
  const path = join(kit.workspace, name);
  fs.mkdirSync(join(path, ".."), { recursive: true });
  fs.writeFileSync(path, text);
  const { uid, gid } = fs.statSync(kit.workspace);
  for (let at = path; at !== kit.workspace; at = join(at, "..")) fs.lchownSync(at, uid, gid);
}

rule("R-BOX-1, R-BOX-2: ordinary programs run, alone and in pipelines", async (kit) => {
  place(kit, "notes.md", "one\ntwo\n");
  assert.equal((await kit.sh("ls notes.md && cat notes.md | sort -r | head -n 1")).out, "notes.md\ntwo\n");
  assert.equal((await kit.sh("echo $((6*7)); exit 0")).out, "42\n");
});

rule("R-BOX-1: the workspace can be written, and files are the person's own", async (kit) => {
  await kit.sh("mkdir -p deep/er && echo hello >deep/er/hello.txt");
  const path = join(kit.workspace, "deep/er/hello.txt");
  assert.equal(fs.readFileSync(path, "utf8"), "hello\n");
  assert.equal(fs.statSync(path).uid, fs.statSync(kit.workspace).uid);
});

rule("R-BOX-1: input, status, signals and words pass through unchanged", async (kit) => {
  assert.equal((await kit.sh("cat; cat /dev/stdin", { stdin: "line\n" })).out, "line\nline\n");
  assert.deepEqual((await kit.sh("exit 7")).result.end, exit(7));
  assert.deepEqual((await kit.sh("kill -9 $$")).result.end, { how: "signal", signal: "SIGKILL" });
  const words = ["printf", "%s|", "a b", "$(id)", "'", '"', "\n", "`x`", "\\", "*", "-n", ""] as const;
  const { stdout } = await kit.run({ argv: words });
  const wanted = words.slice(2).map((word) => `${word}|`);
  assert.equal(Buffer.from(stdout).toString(), wanted.join(""));
  assert.equal((await kit.sh("echo to-err >&2; echo to-out")).err, "to-err\n");
  assert.deepEqual((await kit.run({ argv: ["no-such-program"] })).end, exit(127));
});

rule("R-BOX-3: the environment is what the job says and nothing else", async (kit) => {
  const env = { PATH: "/usr/bin:/bin", QUOTED: "it's $HOME \n x" };
  const { stdout } = await kit.run({ argv: ["cat", "/proc/self/environ"], env });
  const seen = Buffer.from(stdout).toString().split("\0").filter(Boolean);
  const wanted = [`PATH=${env.PATH}`, `QUOTED=${env.QUOTED}`];
  assert.deepEqual(seen.filter((line) => !line.startsWith("PWD=")).sort(), wanted);
});

rule("R-BOX-3: state, passwords, sources and the job of another are not there", async (kit) => {
  for (const path of [join(kit.state, "secret"), "/root/.profile", process.cwd(), "/run/vambrace/egress"]) {
    assert.notDeepEqual((await kit.sh(`ls -d '${path}'`)).result.end, exit(0), path);
  }
  assert.deepEqual((await kit.sh("test -s /etc/shadow")).result.end, exit(1));
  assert.deepEqual((await kit.sh("test -s /etc/passwd")).result.end, exit(0));
  assert.ok(!(await kit.sh("cat /etc/hosts /etc/passwd")).out.includes("root:"));
  assert.ok(!(await kit.sh("cat /proc/self/mountinfo")).out.includes(" /root"));
});

rule("R-BOX-3: a program is not root, holds nothing, can gain nothing, and its calls are filtered", async (kit) => {
  const { out } = await kit.sh("cat /proc/self/status");
  for (const line of ["CapPrm:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"])
    assert.ok(out.includes(`${line}\n`), line);
  assert.doesNotMatch(out, /^Uid:\t0/m);
});

rule("R-BOX-3: the filter answers no to namespaces and mounts, and lets ordinary calls be", async (kit) => {
  assert.notDeepEqual((await kit.sh("unshare -m true || unshare -r true || unshare -n true")).result.end, exit(0));
  assert.match((await kit.sh("unshare -r true")).err, /not permitted|not implemented/i);
  assert.notDeepEqual((await kit.sh("mount -t tmpfs none /tmp")).result.end, exit(0));
  assert.deepEqual((await kit.sh("mkdir /tmp/a && mv /tmp/a /tmp/b && (sleep 0 & wait)")).result.end, exit(0));
});

rule("R-FS-2: a link in the workspace leads nowhere outside", async (kit) => {
  fs.symlinkSync(join(kit.state, "secret"), join(kit.workspace, "link"));
  fs.symlinkSync("/root", join(kit.workspace, "root-link"));
  place(kit, "target", "inside\n");
  fs.symlinkSync("target", join(kit.workspace, "inner"));
  assert.equal((await kit.sh("cat link; cat root-link/.profile")).out, "");
  assert.equal((await kit.sh("cat ../state/secret; cat /proc/1/root/etc/shadow; cat /proc/1/cwd/../secret")).out, "");
  assert.equal((await kit.sh("cat inner")).out, "inside\n");
});

rule("R-BOX-3: a read-only mount cannot be written, nor can the system", async (kit) => {
  const mounts = [{ path: kit.workspace, access: "read" }] as const;
  assert.notDeepEqual((await kit.sh("echo x >new", { mounts })).result.end, exit(0));
  assert.ok(!fs.existsSync(join(kit.workspace, "new")));
  assert.deepEqual((await kit.sh("ls >/tmp/x && cat /tmp/x >/dev/null", { mounts })).result.end, exit(0));
  for (const path of ["/usr/x", "/etc/x", "/x", "/dev/x", "/bin/x", "/proc/sys/kernel/hostname", "/etc/passwd"]) {
    assert.notDeepEqual((await kit.sh(`: >>${path}`)).result.end, exit(0), path);
  }
});

rule("R-FS-1: what is covered inside a mount is not there, and cannot be moved or written", async (kit) => {
  place(kit, "c/secret/.envrc", "mine\n");
  place(kit, "c/open", "open\n");
  place(kit, "c/file", "mine\n");
  const none = ["c/secret", "c/file"].map((name) => ({ path: join(kit.workspace, name), access: "none" as const }));
  const mounts = [{ path: kit.workspace, access: "write" as const }, ...none];
  const look = await kit.sh("cat c/secret/.envrc c/file; ls -A c/secret; cat c/open", { mounts });
  assert.equal(look.out, "open\n");
  await kit.sh("echo evil >c/secret/new; echo evil >c/file; mv c/secret c/moved; rm -rf c/secret c/file", { mounts });
  assert.equal(fs.readFileSync(join(kit.workspace, "c/secret/.envrc"), "utf8"), "mine\n");
  assert.equal(fs.readFileSync(join(kit.workspace, "c/file"), "utf8"), "mine\n");
  assert.ok(!fs.existsSync(join(kit.workspace, "c/secret/new")));
});

rule("R-FS-2: hooks, editor and shell start-up files are read-only, in nested repositories too", async (kit) => {
  const kept = [".git/hooks/pre-commit", ".git/config", "a/b/.git/config", ".envrc", ".vscode/tasks.json", ".bashrc"];
  for (const name of kept) place(kit, `p/${name}`, "mine\n");
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

rule("R-FS-2: a new start-up file is moved away after the job, and the job says so", async (kit) => {
  place(kit, "q/a/b/.git/config", "mine\n");
  const { err } = await kit.sh(
    "echo 'curl evil' >.envrc; mv q/a q/moved; mkdir -p q/a/b/.git; echo '[alias]' >q/a/b/.git/config",
  );
  assert.match(err, /vambrace: .*\.envrc is run by other programs/);
  assert.ok(!fs.existsSync(join(kit.workspace, ".envrc")));
  // Nor does the sandbox that is made ahead for the next job make one of what it does not find.
  for (let i = 0; i < 20; i++) {
    assert.ok(!fs.existsSync(join(kit.workspace, "q/a/b/.git/config")));
    await pause(50);
  }
});

rule("R-BOX-3: without a way out there is only a loop of one's own", async (kit) => {
  const { out } = await kit.sh("tail -n +3 /proc/net/dev; tail -n +2 /proc/net/route");
  assert.match(out, /^\s*lo:[^\n]*\n$/);
  assert.equal((await kit.sh("env | grep -i proxy; ls /run/vambrace/egress")).out, "");
});

rule("R-BOX-3, R-EXEC-5: where a call may reach hosts, the proxy's socket is the only way", async (kit, arm) => {
  const path = join(kit.state, "..", "egress.sock");
  const seen: string[] = [];
  const server = createServer((socket) => {
    socket.once("data", (data) => {
      seen.push(data.toString().split("\r\n")[0] ?? "");
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello");
    });
  }).listen(path);
  await new Promise((resolve) => server.once("listening", resolve));
  const { uid, gid } = fs.statSync(kit.workspace);
  fs.chownSync(path, uid, gid);
  const get = arm.fetch("http://example.test/a");
  const { out, err } = await kit.sh(get, { egressSocket: path });
  assert.equal(out, "hello\n", err);
  assert.match(seen.join(), /^GET http:\/\/example\.test\/a HTTP\/1\.[01]$/);
  const many = await kit.sh(`(${get}) & (${get}) & wait; tail -n +3 /proc/net/dev | grep -v lo:`, {
    egressSocket: path,
  });
  assert.equal(many.out, "hello\nhello\n", many.err);
  const gone = await kit.run({ egressSocket: join(kit.state, "none.sock") });
  assert.equal(gone.end.how, "refused");
  server.close();
});

rule(
  "R-TOOL-2: without a good token nothing starts: forged, altered, expired, for another job, replayed",
  async (kit) => {
    const refusedWith = async (token: SignedToken, job: Job, code: string): Promise<void> => {
      const { end } = await kit.executor.run(job, token, never);
      assert.equal(end.how === "refused" && end.code, code);
    };
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
  },
);

rule("R-BOX-4: mounts that must not be are refused with the reason and the fix", async (kit) => {
  fs.symlinkSync(kit.workspace, join(kit.state, "..", "way"));
  place(kit, "sub/file", "");
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
  const there = ["no", "sub/yes"].map((name) => fs.existsSync(join(kit.workspace, name)));
  assert.deepEqual(there, [false, true]);
});

rule("R-BOX-4: a job in another shape is refused before anything else", async (kit) => {
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

rule("R-BOX-3: what the broker inherited by accident is open in no sandbox", async (_kit, arm) => {
  const under = ["/bin/bash", "-c", 'exec 251</etc/passwd 30</etc/hosts; exec "$@"', "bash"];
  const other = await arm.start({ under });
  assert.equal((await other.sh("ls /proc/$$/fd; :")).out, "0\n1\n2\n");
  await other.close();
});
