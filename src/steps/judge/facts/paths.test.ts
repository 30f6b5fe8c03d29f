import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import fc from "fast-check";
import type { PathFact } from "../../../core/call.ts";
import { pathFinder } from "./paths.ts";
import { fakeFiles, HOME, type Tree, WORKSPACE } from "./testing.ts";

const PLACES = {
  workspace: WORKSPACE,
  home: HOME,
  workspaceOnly: true,
  allowedPaths: ["/srv/data", `${HOME}/.ssh`, "/etc"],
  blockedPaths: ["/srv/data/secret"],
  forbiddenPaths: [`${HOME}/.vambrace`, "/opt/vambrace"],
};

function ask(written: string, access: PathFact["access"], tree: Tree = {}, cwd = WORKSPACE): Promise<PathFact> {
  return pathFinder(fakeFiles({ [`${WORKSPACE}/a.txt`]: "a", ...tree }), PLACES)(written, access, "/path", cwd);
}

const ZONES: readonly (readonly [written: string, access: PathFact["access"], zone: PathFact["zone"]])[] = [
  ["a.txt", "read", "workspace"],
  ["new/file", "write", "workspace"],
  ["~/vambrace/x", "read", "workspace"],
  ["../other", "read", "outside"],
  ["/usr/bin/ls", "read", "outside"],
  ["/srv/data/x", "write", "allowed"],
  ["/srv/data/secret/x", "read", "blocked"],
  ["/srv/database", "read", "outside"],
  ["~/.ssh/id", "read", "blocked"],
  ["~/.anything", "read", "blocked"],
  ["~/.vambrace/config.yaml", "read", "blocked"],
  ["/opt/vambrace/x", "read", "blocked"],
  ["/etc/passwd", "read", "blocked"],
  ["/var/log/x", "read", "blocked"],
  ["/proc/self/environ", "read", "blocked"],
  ["/sys/x", "read", "blocked"],
  ["/dev/sda", "write", "blocked"],
  ["/dev/null", "write", "allowed"],
  ["a/../../../../etc/passwd", "read", "blocked"],
  [".git/hooks/pre-commit", "write", "protected"],
  [".git/config", "write", "protected"],
  ["sub/.GIT/Config", "write", "protected"],
  [".git", "delete", "protected"],
  [".git/HEAD", "read", "workspace"],
  [".envrc", "write", "protected"],
  ["deep/down/.bashrc", "write", "protected"],
  [".vscode/tasks.json", "write", "protected"],
];

for (const [written, access, zone] of ZONES) {
  test(`R-FS-1: ${access} of \`${written}\` is ${zone}`, async () => {
    assert.equal((await ask(written, access)).zone, zone);
  });
}

test("R-FS-2: a link is where it leads, a link in a chain too, and `..` behind a link leaves its target", async () => {
  const tree = { [`${WORKSPACE}/l`]: "->/etc", [`${WORKSPACE}/m`]: "->l/x", [`${WORKSPACE}/in`]: "->a.txt" };
  assert.deepEqual((await ask("l/passwd", "read", tree)).resolved, "/etc/passwd");
  assert.deepEqual((await ask("m", "read", tree)).zone, "blocked");
  assert.deepEqual((await ask("l/../x", "read", tree)).resolved, "/x");
  assert.deepEqual((await ask("in", "read", tree)).zone, "workspace");
});

test("R-FS-2: loops, absurd lengths and NUL characters are blocked", async () => {
  const tree = { [`${WORKSPACE}/x`]: "->y", [`${WORKSPACE}/y`]: "->x" };
  assert.equal((await ask("x", "read", tree)).zone, "blocked");
  assert.equal((await ask("a".repeat(5000), "read")).zone, "blocked");
  assert.equal((await ask("a\0b", "read")).zone, "blocked");
});

test("R-FS-2: escapes of other languages are names like any other", async () => {
  for (const name of ["..%2f..%2fetc", "..\\..\\etc", "%2e%2e", "file:///etc", "....//"]) {
    assert.equal((await ask(name, "read")).zone, "workspace", name);
  }
});

test("R-FS-2: a file with a second name is not written, and may be read", async () => {
  const tree = { [`${WORKSPACE}/h`]: "hard:x" };
  assert.deepEqual([(await ask("h", "write", tree)).zone, (await ask("h", "write", tree)).kind], ["blocked", "other"]);
  assert.equal((await ask("h", "read", tree)).zone, "workspace");
});

test("R-FS-1: kinds are told", async () => {
  const tree = { [`${WORKSPACE}/d/x`]: "", [`${WORKSPACE}/s`]: "socket" };
  const kinds = await Promise.all(["a.txt", "d", "none", "s"].map((path) => ask(path, "read", tree)));
  assert.deepEqual(
    kinds.map((fact) => fact.kind),
    ["file", "folder", "absent", "other"],
  );
});

function blob(content: string): { path: string; bytes: Uint8Array } {
  const whole = Buffer.from(`blob ${content.length}\0${content}`);
  const name = createHash("sha1").update(whole).digest("hex");
  return { path: `${WORKSPACE}/.git/objects/${name.slice(0, 2)}/${name.slice(2)}`, bytes: deflateSync(whole) };
}

test("R-FS-1: a file has a copy where its very bytes are in the object store", async () => {
  const { path, bytes } = blob("a");
  assert.equal((await ask("a.txt", "write", { [path]: bytes })).hasCopy, true);
  assert.equal((await ask("a.txt", "delete", { [path]: bytes })).hasCopy, true);
});

test("R-FS-1: an object with the right name and other content is no copy", async () => {
  const { path } = blob("a");
  assert.equal((await ask("a.txt", "write", { [path]: deflateSync(Buffer.from("blob 1\0b")) })).hasCopy, false);
  assert.equal((await ask("a.txt", "write", { [path]: "nonsense" })).hasCopy, false);
  assert.equal((await ask("a.txt", "write", { [`${WORKSPACE}/.git/HEAD`]: "x" })).hasCopy, false);
});

test("R-FS-1: an object store that lies elsewhere is not believed", async () => {
  const { path, bytes } = blob("a");
  const moved = {
    [path.replace(`${WORKSPACE}/.git`, "/srv/data/git")]: bytes,
    [`${WORKSPACE}/.git`]: "->/srv/data/git",
  };
  assert.equal((await ask("a.txt", "write", moved)).hasCopy, false);
});

test("R-FS-2: no way of writing a path makes an outside file one of the workspace", async () => {
  const part = fc.constantFrom("..", ".", "a", "l", "in", "sub", "", "etc", "~", "%2e%2e", "\\..");
  const tree = { [`${WORKSPACE}/l`]: "->/etc", [`${WORKSPACE}/in`]: "->../..", [`${WORKSPACE}/sub/x`]: "" };
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), fc.constantFrom("", "/", "~/"), async (parts, start) => {
      const fact = await ask(start + parts.join("/"), "read", tree);
      const inside = fact.resolved === WORKSPACE || fact.resolved.startsWith(`${WORKSPACE}/`);
      assert.equal(fact.zone === "workspace" || fact.zone === "protected", inside);
    }),
  );
});
