/** What the ledger says of every access to a file, and what the doctor says of the state folder. @module */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sha256, type JsonObject } from "../src/core/json.ts";
import type { ChangedFiles } from "../src/core/ports/executor.ts";
import type { StoredEntry } from "../src/core/ports/ledger.ts";
import { freePort } from "./advisories-kit.ts";
import { CLI, makePlace, recordsOf, startProcess } from "./campaign.ts";
import { answering, type Kit, post, startKit } from "./gateway-kit.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
let kit: Kit;
before(async () => {
  if (skip === false) kit = await startKit();
});
after(() => kit?.close());

const at = (name: string): string => join(kit.place.workspace, name);

/** The records of one call that a person says yes to: what was decided, and what came of it. */
async function recorded(
  tool: string,
  args: JsonObject,
  answer: "yes" | "no" = "yes",
): Promise<{ decided: StoredEntry; outcome?: StoredEntry | undefined }> {
  const from = (await recordsOf(kit.place.state)).length;
  const stop = new AbortController();
  answering(kit, answer, stop.signal);
  await post(kit, "/api/execute", { tool, arguments: args });
  stop.abort();
  const records = (await recordsOf(kit.place.state)).slice(from);
  const decided = records.find((one) => one.what === "call.decided");
  assert.ok(decided !== undefined);
  return { decided, outcome: records.find((one) => one.kind === "outcome") };
}

test("R-FS-4: each access is in the ledger with its path, kind, bytes and result", { skip }, async () => {
  const done = async (tool: string, args: JsonObject): Promise<readonly unknown[]> => {
    const { outcome } = await recorded(tool, args);
    const { path, access, bytes, digest } = outcome?.data ?? {};
    return [outcome?.target, outcome?.result, path, access, bytes, digest];
  };
  const [hello, hullo] = [sha256("hello\n"), sha256("hullo\n")];
  assert.deepEqual(await done("write", { path: "a.txt", content: "hello\n" }), [
    "write",
    "ok",
    at("a.txt"),
    "write",
    6,
    hello,
  ]);
  assert.deepEqual(await done("read", { path: "./x/../a.txt" }), ["read", "ok", at("a.txt"), "read", 6, hello]);
  assert.deepEqual(await done("edit", { path: "a.txt", old: "e", new: "u" }), [
    "edit",
    "ok",
    at("a.txt"),
    "write",
    6,
    hullo,
  ]);
  const [tool, result, path, access, bytes] = await done("list", {});
  assert.deepEqual(
    [tool, result, path, access, bytes],
    ["list", "ok", kit.place.workspace, "read", "a.txt  6 bytes".length],
  );
  const found = await done("search", { pattern: "hullo" });
  assert.deepEqual(found.slice(0, 5), ["search", "ok", kit.place.workspace, "read", "a.txt:1: hullo".length]);
});

test("R-FS-4: an access that failed, was denied or was refused by a person is in the ledger too, with its path", {
  skip,
}, async () => {
  const failed = await recorded("edit", { path: "a.txt", old: "not in it", new: "x" });
  const { path, access, bytes, code } = failed.outcome?.data ?? {};
  assert.deepEqual(
    [failed.outcome?.result, path, access, bytes, code],
    ["failed", at("a.txt"), "write", 0, "FILE_NO_MATCH"],
  );
  const resolvedOf = (entry: StoredEntry): unknown => {
    const facts = entry.data?.["facts"] as { paths: { resolved: string; access: string }[] };
    return facts.paths.map((one) => [one.resolved, one.access]);
  };
  const canary = join(kit.place.home, ".ssh", "id_canary");
  const denied = await recorded("read", { path: canary });
  assert.deepEqual([denied.decided.result, denied.outcome], ["denied", undefined]);
  assert.deepEqual(resolvedOf(denied.decided), [[canary, "read"]]);
  fs.writeFileSync(at("his.txt"), "his own\n");
  const refused = await recorded("write", { path: "his.txt", content: "gone" }, "no");
  assert.deepEqual([refused.decided.result, refused.outcome], ["asked", undefined]);
  assert.deepEqual(resolvedOf(refused.decided), [[at("his.txt"), "write"]]);
  const command = await recorded("exec", { command: "cat a.txt > b.txt" });
  const touched = JSON.stringify(resolvedOf(command.decided));
  assert.ok(
    touched.includes(JSON.stringify([at("a.txt"), "read"])) && touched.includes(JSON.stringify([at("b.txt"), "write"])),
    touched,
  );
});

function changedIn(outcome: StoredEntry | undefined): ChangedFiles {
  const changed = outcome?.data?.["changed"];
  assert.ok(changed !== undefined);
  return changed as unknown as ChangedFiles;
}

test("R-FS-4: what a command really changed is in the ledger, whatever its words say", { skip }, async () => {
  fs.writeFileSync(at("gone.txt"), "old\n");
  fs.writeFileSync(at("same.txt"), "same\n");
  await new Promise((resolve) => setTimeout(resolve, 60));
  const script = "sh -c 'd=deep; mkdir $d; echo 12345 >$d/new; ln -s new $d/link; rm gone.txt; cat same.txt'";
  const { outcome } = await recorded("exec", { command: script });
  const { entries, whole } = changedIn(outcome);
  const seen = new Map(entries.map(({ path, kind, bytes }) => [path, `${kind} ${bytes}`]));
  assert.equal(seen.get(at("deep")), "folder 0");
  assert.equal(seen.get(at("deep/new")), "file 6");
  assert.match(seen.get(at("deep/link")) ?? "", /^link/);
  assert.equal(seen.get(kit.place.workspace), "folder 0", "a name went from here");
  assert.ok(!seen.has(at("same.txt")), "the twin: what was only read did not change");
  assert.equal(whole, true);
  fs.mkdirSync(at("node_modules"));
  const large = await recorded("exec", { command: "true" });
  assert.equal(changedIn(large.outcome).whole, false, "what is not looked at is said");
  fs.rmdirSync(at("node_modules"));
});

test("R-FS-4: the times that a program sets itself hide nothing", { skip }, async () => {
  const { outcome } = await recorded("exec", { command: "echo x >stamped; touch -d 1999-01-01 stamped" });
  const { entries } = changedIn(outcome);
  assert.ok(entries.some(({ path }) => path === at("stamped")));
});

test("R-FS-2: what is not an ordinary file is refused by whatever name, and does not hold the gateway", {
  skip,
}, async () => {
  execFileSync("mkfifo", [at("fifo")]);
  fs.mkdirSync(at("folder"));
  fs.writeFileSync(at("sparse"), "");
  fs.truncateSync(at("sparse"), 2 ** 40);
  const long = "n".repeat(300);
  for (const path of [
    "fifo",
    "folder",
    "sparse",
    "/dev/stdin",
    "/dev/fd/0",
    "/dev/fd/3",
    "/proc/self/fd/3",
    "/proc/self/root/etc/passwd",
    "/proc/self/cwd/package.json",
    "/proc/self/environ",
    "/proc/1/root",
    "/dev/mem",
    "/dev/tty",
    `${long}/x`,
    "a.txt/x",
    "a\0b",
    `${"d/".repeat(1500)}x`,
    "",
    ".",
    "..",
  ]) {
    for (const [tool, args] of [
      ["read", { path }],
      ["write", { path, content: "x" }],
    ] as const) {
      const { body } = await post(kit, "/api/execute", { tool, arguments: args });
      assert.notEqual(body["ok"], true, `${tool} ${path.slice(0, 40)}: ${JSON.stringify(body)}`);
    }
  }
  fs.rmSync(at("fifo"));
  fs.rmSync(at("sparse"));
  const { body } = await post(kit, "/api/execute", { tool: "read", arguments: { path: "a.txt" } });
  assert.equal(body["ok"], true, JSON.stringify(body));
});

test("R-FS-2: a file with a second name is asked, and a yes is for these bytes", { skip }, async () => {
  const outside = join(kit.place.root, "outside.txt");
  fs.writeFileSync(outside, "outside\n");
  fs.linkSync(outside, at("linked"));
  const read = { tool: "read", arguments: { path: "linked" } };
  assert.equal((await post(kit, "/api/execute", read)).body["verdict"], "deny", "nobody is there to ask");
  const { decided, outcome } = await recorded("read", { path: "linked" });
  assert.deepEqual([decided.result, outcome?.result], ["asked", "ok"]);
  assert.match(JSON.stringify(decided.data), /"flow.read.second-name"/);
  for (const [tool, args] of [
    ["write", { path: "linked", content: "x" }],
    ["edit", { path: "linked", old: "o", new: "x" }],
  ] as const)
    assert.equal((await recorded(tool, args)).decided.result, "denied");
  assert.equal((await recorded("exec", { command: "cat linked" }, "no")).outcome, undefined);
  assert.equal(fs.readFileSync(outside, "utf8"), "outside\n");
  fs.rmSync(outside);
  assert.equal((await recorded("read", { path: "linked" })).decided.result, "ok", "with one name it is ordinary");
});

test("R-FS-3: a start says which of the state folder's files others can use, and how it is mended", {
  skip,
  timeout: 180_000,
}, async () => {
  const place = makePlace();
  try {
    const said = async (): Promise<string> => {
      const running = await startProcess(place, [CLI, "start", "--port", String(await freePort())]);
      await running.stop();
      return running.said();
    };
    fs.chmodSync(join(place.state, "config.yaml"), 0o644);
    const loose = await said();
    assert.match(loose, /open +\S+config\.yaml can be used by others \(mode 0644\)/);
    assert.match(loose, /vambrace doctor --fix/);
    fs.chmodSync(join(place.state, "config.yaml"), 0o600);
    assert.doesNotMatch(await said(), /can be used by others/);
  } finally {
    place.remove();
  }
});
