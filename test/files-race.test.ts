/**
 * Races: while folders and files are exchanged for links, hard links and pipes
 * from outside, no tool reads or changes what they lead to.
 *
 * A sample in `npm test`, the whole with `VAMBRACE_CAMPAIGN=full`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { filePort } from "../src/app/world.ts";
import { sha256, type JsonObject } from "../src/core/json.ts";
import { answering, type Kit, post, startKit } from "./gateway-kit.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
const FULL = process.env["VAMBRACE_CAMPAIGN"] === "full";
const SEED = Number(process.env["VAMBRACE_SEED"] ?? Date.now() % 1_000_000);
const SWAPPER = fileURLToPath(new URL("files-swapper.mjs", import.meta.url));
const OPENED = new URL("../src/edges/broker/inside/files-open.mjs", import.meta.url).href;
const CANARY = "CANARY-OUTSIDE-3b1d\n";

type Scene = { readonly workspace: string; readonly outside: string; readonly was: fs.Stats };

/** `folder/file` and `file` in the workspace; beside it a folder of the same form, whose file is the canary. */
function setScene(root: string, workspace: string): Scene {
  const outside = join(root, "outside");
  for (const folder of [join(workspace, "folder"), outside]) fs.mkdirSync(folder, { recursive: true });
  for (const name of ["folder/file", "file"]) fs.writeFileSync(join(workspace, name), "inside\n");
  fs.writeFileSync(join(outside, "file"), CANARY);
  return { workspace, outside, was: fs.statSync(join(outside, "file")) };
}

async function swapping({ workspace, outside }: Scene, t: TestContext): Promise<ChildProcess> {
  t.diagnostic(`seed ${SEED}`);
  const child = spawn(process.execPath, [SWAPPER, workspace, outside, String(SEED)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  await new Promise<void>((resolve) => child.stdout?.once("data", () => resolve()));
  return child;
}

/** The canary is what it was, where it was, and nothing came to lie beside it. */
function untouched({ outside, was }: Scene): void {
  assert.deepEqual(fs.readdirSync(outside), ["file"]);
  const now = fs.statSync(join(outside, "file"));
  assert.deepEqual([now.ino, now.size, now.mtimeMs, now.mode], [was.ino, was.size, was.mtimeMs, was.mode]);
  assert.equal(fs.readFileSync(join(outside, "file"), "utf8"), CANARY);
}

test("R-FS-2: while paths are exchanged for links, what is opened is what was named: the helper's way, and the judge's, where all is in reach", async (t) => {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-race-")));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const scene = setScene(root, join(root, "work"));
  const { opened, openFolder } = await import(OPENED);
  const files = filePort();
  const child = await swapping(scene, t);
  const seen = { read: 0, refused: 0, digest: 0 };
  const canary = sha256(CANARY);
  for (let i = 0; i < (FULL ? 200_000 : 8_000); i++) {
    const path = join(scene.workspace, i % 2 === 0 ? "folder/file" : "file");
    try {
      const { bytes, links } = opened(path, 1e6);
      // A hard link is that file; the helper refuses one by its count of names.
      if (links === 1) assert.equal(bytes.toString(), "inside\n");
      seen.read += 1;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
      seen.refused += 1;
    }
    try {
      const fd = openFolder(join(scene.workspace, "folder"));
      assert.ok(fs.readlinkSync(`/proc/self/fd/${fd}`).startsWith(scene.workspace));
      fs.closeSync(fd);
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error;
    }
    const digest = i % 4 === 0 ? await files.digest(join(scene.workspace, "folder/file")) : null;
    assert.notEqual(digest, canary);
    seen.digest += digest === null ? 0 : 1;
  }
  assert.equal(child.exitCode, null, "it was swapped until the end");
  assert.ok(seen.read > 100 && seen.refused > 10 && seen.digest > 10, JSON.stringify(seen));
  t.diagnostic(JSON.stringify(seen));
  child.kill("SIGKILL");
  untouched(scene);
});

const attempts = (round: number): readonly (readonly [string, JsonObject])[] => [
  ["read", { path: "folder/file" }],
  ["read", { path: "file" }],
  ["list", { path: "folder" }],
  ["search", { pattern: "CANARY", path: "folder" }],
  ["search", { pattern: "CANARY" }],
  ["write", { path: `folder/new-${round}`, content: "planted\n" }],
  ["write", { path: `folder/deep-${round}/er/new`, content: "planted\n" }],
  ["write", { path: "file", content: "inside\n" }],
  ["edit", { path: "folder/file", old: "inside", new: "inside" }],
  ["edit", { path: "file", old: "CANARY", new: "stolen" }],
  ["exec", { command: "cat folder/file" }],
  ["exec", { command: "echo inside > folder/file" }],
];

test("R-FS-2: while paths are exchanged for links and hard links, no tool of a running gateway reads or changes what they lead to", {
  skip,
  timeout: FULL ? 3_600_000 : 300_000,
}, async (t) => {
  let scene: Scene | undefined;
  const kit: Kit = await startKit((place) => {
    scene = setScene(place.root, place.workspace);
    return {
      agents: { defaults: { workspace: place.workspace } },
      folders: [{ path: place.workspace, trust: "full", confidentiality: "internal" }],
    };
  });
  t.after(() => kit.close());
  assert.ok(scene !== undefined);
  const child = await swapping(scene, t);
  const stop = new AbortController();
  // A yes would be a yes to what he was shown, the other file by its own content.
  answering(kit, "no", stop.signal);
  const done = new Map<string, number>();
  for (let i = 0; i < (FULL ? 6_000 : 48); i++) {
    const all = attempts(Math.floor(i / 12));
    const [tool, args] = all[i % all.length] ?? ["list", {}];
    const { body } = await post(kit, "/api/execute", { tool, arguments: args });
    const told = JSON.stringify(body).replaceAll('"CANARY"', "");
    assert.ok(!told.includes("CANARY-OUTSIDE"), `${tool} ${JSON.stringify(args)}: ${told}`);
    if (body["ok"] === true) done.set(tool, (done.get(tool) ?? 0) + 1);
  }
  stop.abort();
  assert.equal(child.exitCode, null, "it was swapped until the end");
  child.kill("SIGKILL");
  t.diagnostic(JSON.stringify([...done]));
  untouched(scene);
  const { search: _search, ...swapped } = Object.fromEntries(done);
  assert.ok(Object.keys(swapped).length > 0, "something that was swapped worked in between");
  for (const name of ["file", "folder", "file.kept", "folder.kept"])
    fs.rmSync(join(scene.workspace, name), { recursive: true, force: true });
  setScene(join(scene.workspace, "elsewhere"), scene.workspace);
  for (const [tool, args] of attempts(99).slice(0, 3))
    assert.equal(
      (await post(kit, "/api/execute", { tool, arguments: args })).body["ok"],
      true,
      `${tool}, when all is quiet`,
    );
});
