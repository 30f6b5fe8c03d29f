import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { sha256 } from "../../core/json.ts";
import { parseManifest, writeManifest } from "./manifest.ts";
import { type Snapped, snapshot, type SnapshotLimits } from "./tar.ts";

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "snapshot-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function snap(folder: string, from: string, limits?: SnapshotLimits): Promise<readonly Snapped[]> {
  const descriptor = openSync(join(folder, "out.tar"), "w");
  const write = (bytes: Uint8Array, at: number): void => void writeSync(descriptor, bytes, 0, bytes.length, at);
  try {
    return await snapshot({ write }, [{ name: "kept", path: from }], {
      ...(limits === undefined ? {} : { limits }),
      without: [join(from, "left")],
    });
  } finally {
    closeSync(descriptor);
  }
}

test("R-IR-2: a snapshot holds every file as it was; the system's own tar opens it", async (t) => {
  const folder = folderFor(t);
  const from = join(folder, "from");
  const long = `${"d".repeat(90)}/${"e".repeat(60)}/${"f".repeat(90)}`;
  for (const [path, text] of [
    ["a.txt", "a"],
    ["empty", ""],
    ["b/c.bin", "\0".repeat(1_500)],
    ["ümläut \n", "u"],
    [long, "deep"],
    ["left/x", "no"],
  ] as const) {
    mkdirSync(join(from, path, ".."), { recursive: true });
    writeFileSync(join(from, path), text);
  }
  symlinkSync("/etc/passwd", join(from, "link"));
  const found = await snap(folder, from);
  const out = join(folder, "opened");
  mkdirSync(out);
  assert.equal(spawnSync("tar", ["xf", join(folder, "out.tar"), "-C", out]).status, 0);
  for (const one of found)
    if (one.kind === "file") assert.equal(sha256(readFileSync(join(out, one.path))), one.says, one.path);
  assert.equal(found.filter((one) => one.kind === "file").length, 5);
  assert.deepEqual(
    found.filter((one) => one.kind === "link").map((one) => one.says),
    ["/etc/passwd"],
  );
  assert.ok(!found.some((one) => one.path.includes("left")));
});

test("R-IR-2: what does not fit or is no file is left out and said, and never waited for", async (t) => {
  const folder = folderFor(t);
  const from = join(folder, "from");
  mkdirSync(from);
  writeFileSync(join(from, "a"), "x".repeat(2_000));
  writeFileSync(join(from, "b"), "x".repeat(2_000));
  spawnSync("mkfifo", [join(from, "pipe")]);
  const found = await snap(folder, from, { bytes: 4_000, files: 10 });
  assert.deepEqual(
    found.map((one) => [one.path, one.kind]),
    [
      ["kept/a", "file"],
      ["kept/b", "left out"],
      ["kept/pipe", "left out"],
    ],
  );
  const none = await snap(folder, join(folder, "absent"));
  assert.deepEqual(
    none.map((one) => [one.kind, one.says]),
    [["left out", "ENOENT"]],
  );
});

/** A file with a size, of which the kernel gives not one byte: what a broken disk does, without one. */
const UNREADABLE = "/sys/class/net/lo/speed";

function isUnreadable(): boolean {
  try {
    if (!statSync(UNREADABLE).isFile() || statSync(UNREADABLE).size === 0) return false;
    readFileSync(UNREADABLE);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code !== "ENOENT";
  }
}

test("R-IR-2: a file that its disk does not give is said, and those behind it are kept", {
  skip: isUnreadable() ? false : "this kernel has no file that cannot be read",
}, async (t) => {
  const folder = folderFor(t);
  const from = "/sys/class/net/lo";
  const found = await snap(folder, join(from, "speed"));
  assert.deepEqual([found[0]?.kind, found.length], ["left out", 1]);
  assert.match(found[0]?.says ?? "", /^E[A-Z]+; from byte 0 on there are zeros$/);
  // The archive is whole: its size is that of the header, and whatever comes behind is where it belongs.
  assert.equal(spawnSync("tar", ["tf", join(folder, "out.tar")], { encoding: "utf8" }).stdout, "kept\n");
});

test("R-IR-2: a manifest has one spelling, and names nothing outside of its folder", () => {
  const files = [
    { path: "b", digest: sha256("b"), bytes: 1 },
    { path: "a", digest: sha256("a"), bytes: 1 },
  ];
  const text = writeManifest(files);
  assert.deepEqual(
    parseManifest(text)?.map((file) => file.path),
    ["a", "b"],
  );
  const [first, a = "", b = ""] = text.split("\n");
  for (const bad of [
    "",
    `${first}\n${b}\n${a}\n`,
    `${text}\n`,
    text.replace("  1  a", "  01  a"),
    text.replace("  a", "  ../a"),
    text.replace("  a", "  x/a"),
    `${first}\n${a}\n${a}\n`,
    text.slice(0, -1),
  ]) {
    assert.equal(parseManifest(bad), undefined, JSON.stringify(bad));
  }
});
