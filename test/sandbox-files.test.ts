/** The file tools' helper, in the real sandbox. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sha256 } from "../src/core/json.ts";
import type { FileAnswer, FileDone, FileRequest } from "../src/core/ports/files.ts";
import { fileJob, parseFileAnswer } from "../src/edges/executors/files.ts";
import { type Kit, missing, startBroker } from "./sandbox-kit.ts";
import { execFileSync } from "node:child_process";

const skip = missing();
let kit: Kit;
before(async () => {
  if (skip === false) kit = await startBroker();
});
after(() => kit?.close());

const at = (name: string): string => join(kit.workspace, name);
const onDisk = (name: string): string => fs.readFileSync(at(name), "utf8");

async function ask(request: FileRequest, access: "read" | "write" = "write"): Promise<FileAnswer> {
  const mounts = [{ path: kit.workspace, access }];
  const job = fileJob(request, { mounts, wallMs: 10_000, fileBytes: 64 * 1024 * 1024 });
  return parseFileAnswer(await kit.run(job));
}

async function done(request: FileRequest): Promise<FileDone> {
  const answer = await ask(request);
  assert.ok(answer.ok, JSON.stringify(answer));
  return answer;
}

async function refused(request: FileRequest, code: string, access: "read" | "write" = "write"): Promise<void> {
  const answer = await ask(request, access);
  assert.ok(!answer.ok, JSON.stringify(answer).slice(0, 200));
  assert.equal(answer.code, code, answer.message);
  assert.ok(answer.hint.length > 5);
}

test("R-FS-2: write, read, edit, list, search and stat do what they say", { skip }, async () => {
  const made = await done({ op: "write", path: at("a/b.md"), content: "one\ntwo\n", mode: "create", expect: "absent" });
  assert.deepEqual([made.created, made.before, made.digest], [true, null, sha256("one\ntwo\n")]);
  const read = await done({ op: "read", path: at("a/b.md"), offset: 2, limit: 1 });
  assert.deepEqual([read.content, read.lines, read.from, read.to, read.cut], ["two", 2, 2, 2, false]);
  const edit = await done({ op: "edit", path: at("a/b.md"), old: "two", new: "drei", expect: sha256("one\ntwo\n") });
  assert.deepEqual([edit.replaced, edit.before], [1, sha256("one\ntwo\n")]);
  assert.equal(onDisk("a/b.md"), "one\ndrei\n");
  await done({ op: "write", path: at("a/b.md"), content: "vier\n", mode: "append" });
  assert.equal(onDisk("a/b.md"), "one\ndrei\nvier\n");
  const list = await done({ op: "list", path: kit.workspace, depth: 2 });
  assert.deepEqual(
    list.entries?.map(({ path, kind }) => `${path} ${kind}`),
    ["a folder", "a/b.md file"],
  );
  const found = await done({ op: "search", path: kit.workspace, pattern: "d.ei", regex: true, glob: "*.md" });
  assert.deepEqual(found.matches, [{ path: at("a/b.md"), line: 2, text: "drei" }]);
  assert.deepEqual((await done({ op: "search", path: kit.workspace, pattern: "d.ei" })).matches, []);
  assert.equal((await done({ op: "stat", path: at("none") })).kind, "absent");
  assert.equal((await done({ op: "stat", path: at("a") })).kind, "folder");
  fs.chmodSync(at("a/b.md"), 0o750);
  await done({ op: "write", path: at("a/b.md"), content: "", mode: "replace" });
  assert.equal(fs.statSync(at("a/b.md")).mode & 0o777, 0o750);
  assert.deepEqual(fs.readdirSync(at("a")), ["b.md"], "no temporary file is left");
});

test("R-FS-2: what was judged is what is used: another digest refuses and changes nothing", { skip }, async () => {
  fs.writeFileSync(at("judged"), "now\n");
  const other = sha256("then\n");
  await refused({ op: "write", path: at("judged"), content: "x", mode: "replace", expect: other }, "FILE_CHANGED");
  await refused({ op: "write", path: at("judged"), content: "x", mode: "replace", expect: "absent" }, "FILE_CHANGED");
  await refused({ op: "edit", path: at("judged"), old: "now", new: "x", expect: other }, "FILE_CHANGED");
  await refused({ op: "write", path: at("judged"), content: "x", mode: "create" }, "FILE_EXISTS");
  await refused({ op: "write", path: at("gone"), content: "x", mode: "replace", expect: other }, "FILE_CHANGED");
  assert.equal(onDisk("judged"), "now\n");
  assert.ok(!fs.existsSync(at("gone")));
});

test("R-FS-2: links are not followed, in the last place or before it", { skip }, async () => {
  fs.mkdirSync(at("real/sub"), { recursive: true });
  fs.writeFileSync(at("real/file"), "real\n");
  fs.symlinkSync("real", at("way"));
  fs.symlinkSync("real/file", at("link"));
  fs.symlinkSync(join(kit.state, "secret"), at("out"));
  await refused({ op: "read", path: at("link") }, "FILE_LINKED");
  await refused({ op: "read", path: at("way/file") }, "FILE_LINKED");
  await refused({ op: "read", path: at("out") }, "FILE_LINKED");
  await refused({ op: "write", path: at("way/new"), content: "x", mode: "create" }, "FILE_LINKED");
  await refused({ op: "write", path: at("way/deep/new"), content: "x", mode: "create" }, "FILE_LINKED");
  await refused({ op: "write", path: at("way/sub/new"), content: "x", mode: "create" }, "FILE_LINKED");
  await refused({ op: "write", path: at("link"), content: "x", mode: "replace" }, "FILE_LINKED");
  await refused({ op: "read", path: `${kit.workspace}/../state/secret` }, "FILE_MISSING");
  assert.equal((await done({ op: "read", path: at("real/file") })).content, "real\n");
  assert.equal((await done({ op: "stat", path: at("out") })).kind, "link");
  assert.deepEqual(fs.readdirSync(at("real"), { recursive: true }), ["file", "sub"]);
});

test("R-FS-2: a file with a second name is read only where a person said yes to these bytes, and never written", {
  skip,
}, async () => {
  fs.writeFileSync(at("first"), "shared\n");
  fs.linkSync(at("first"), at("second"));
  await refused({ op: "write", path: at("second"), content: "x", mode: "replace" }, "FILE_HARD_LINKED");
  await refused({ op: "edit", path: at("first"), old: "shared", new: "x" }, "FILE_HARD_LINKED");
  await refused({ op: "read", path: at("second") }, "FILE_HARD_LINKED");
  await refused({ op: "read", path: at("second"), shared: sha256("other\n") }, "FILE_HARD_LINKED");
  assert.equal((await done({ op: "read", path: at("second"), shared: sha256("shared\n") })).content, "shared\n");
  assert.deepEqual((await done({ op: "search", path: kit.workspace, pattern: "shared" })).matches, []);
  const named = await done({ op: "search", path: at("second"), pattern: "shared", shared: sha256("shared\n") });
  assert.equal(named.matches?.length, 1);
  fs.unlinkSync(at("first"));
  assert.equal((await done({ op: "read", path: at("second") })).content, "shared\n", "with one name it is ordinary");
});

test("R-FS-2: fifos, sockets and folders are not files, and do not hold the helper", { skip }, async () => {
  execFileSync("mkfifo", [at("fifo")]);
  await refused({ op: "read", path: at("fifo") }, "FILE_KIND");
  await refused({ op: "write", path: at("fifo"), content: "x", mode: "replace" }, "FILE_KIND");
  await refused({ op: "read", path: at("real") }, "FILE_KIND");
  await refused({ op: "read", path: "/dev/zero" }, "FILE_KIND");
});

test("R-FS-2: start-up files are refused by name before anything is tried", { skip }, async () => {
  for (const name of [".envrc", ".git/hooks/pre-commit", ".vscode/tasks.json", "deep/.bashrc"]) {
    await refused({ op: "write", path: at(name), content: "x", mode: "create" }, "FILE_PROTECTED");
    assert.ok(!fs.existsSync(at(name)));
  }
  await done({ op: "write", path: at(".gitignore"), content: "x", mode: "create" });
});

test("R-FS-2: a read-only mount stays as it is", { skip }, async () => {
  await refused({ op: "write", path: at("judged"), content: "x", mode: "replace" }, "FILE_READ_ONLY", "read");
  assert.equal(onDisk("judged"), "now\n");
});

test("R-FS-2: binary, large and nonsense are told apart", { skip }, async () => {
  fs.writeFileSync(at("binary"), Buffer.from([0, 1, 2]));
  fs.writeFileSync(at("latin"), Buffer.from([0x66, 0xfc, 0x72]));
  assert.equal((await done({ op: "read", path: at("binary") })).binary, true);
  assert.equal((await done({ op: "read", path: at("latin") })).binary, true);
  await refused({ op: "edit", path: at("binary"), old: "a", new: "b" }, "FILE_BINARY");
  fs.truncateSync(at("binary"), 65 * 1024 * 1024);
  await refused({ op: "read", path: at("binary") }, "FILE_TOO_LARGE");
  fs.writeFileSync(at("long"), "x".repeat(3_000_000));
  const long = await done({ op: "read", path: at("long") });
  assert.deepEqual([long.content?.length, long.cut], [1024 * 1024, true]);
  fs.writeFileSync(at("many"), "a\na\n");
  await refused({ op: "edit", path: at("many"), old: "a", new: "b" }, "FILE_MANY_MATCHES");
  assert.equal((await done({ op: "edit", path: at("many"), old: "a", new: "b", all: true })).replaced, 2);
  await refused({ op: "edit", path: at("many"), old: "zz", new: "b" }, "FILE_NO_MATCH");
  await refused({ op: "search", path: kit.workspace, pattern: "(a)\\1", regex: true }, "FILE_PATTERN");
  await refused({ op: "read", path: "judged" }, "FILE_REQUEST");
});

test("R-FS-2: while folders are swapped for links, no read and no write leaves the workspace", { skip }, async () => {
  fs.mkdirSync(at("race"));
  fs.writeFileSync(at("race/file"), "inside\n");
  fs.mkdirSync(at("elsewhere"));
  fs.writeFileSync(at("elsewhere/file"), "inside, elsewhere\n");
  const { ino } = fs.statSync(at("elsewhere/file"));
  // Another job of the same workspace swaps the folder for a link as fast as it can.
  const stop = new AbortController();
  const script = "while :; do mv race r; ln -s elsewhere race; rm race; mv r race; done";
  const swapper = kit.run({ argv: ["sh", "-c", script] }, { signal: stop.signal });
  let inside = 0;
  for (let i = 0; i < 25; i++) {
    const read = await ask({ op: "read", path: at("race/file") });
    if (read.ok) {
      assert.equal(read.content, "inside\n");
      inside += 1;
    }
    // A rename through the link would give the other file a new inode.
    await ask({ op: "edit", path: at("race/file"), old: "inside", new: "inside" });
    assert.equal(fs.statSync(at("elsewhere/file")).ino, ino);
  }
  stop.abort();
  await swapper;
  assert.ok(inside > 0, "the honest case happened too");
});

test("R-FS-2: an answer that is not one is a refusal", () => {
  const base = {
    stderr: new Uint8Array(),
    stdoutLost: 0,
    stderrLost: 0,
    wallMs: 1,
    end: { how: "exit", status: 0 },
  } as const;
  for (const text of [
    "",
    "{}",
    '{"ok":true}',
    '{"ok":true,"path":"/a","bytes":"3"}',
    "[1]",
    '{"ok":true,"path":"/a","digest":"x"}',
  ]) {
    const answer = parseFileAnswer({ ...base, stdout: Buffer.from(text) });
    assert.equal(answer.ok, false, text);
  }
});
