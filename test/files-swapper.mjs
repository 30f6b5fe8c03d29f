/**
 * Exchanges what the race test's tools work on, as fast as it can, from
 * outside of any sandbox: a folder for a link, a file for a link, for a hard
 * link and for a pipe, all of which lead to the canary.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { linkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const [workspace = "", outside = "", seedText = "1"] = process.argv.slice(2);
const at = (/** @type {string} */ name) => join(workspace, name);
let seed = Number(seedText) >>> 0;
const next = (/** @type {number} */ below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 4_294_967_296) * below);
};

execFileSync("mkfifo", [at("pipe")]);
const canary = join(outside, "file");
/** Each puts something else in the place of `file`. */
const FILES = [
  () => symlinkSync(canary, at("file")),
  () => linkSync(canary, at("file")),
  () => linkSync(at("pipe"), at("file")),
  () => symlinkSync("folder/file", at("file")),
];
const FOLDERS = [
  () => symlinkSync(outside, at("folder")),
  () => symlinkSync("../outside", at("folder")),
  () => symlinkSync("/proc/self/cwd/../outside", at("folder")),
];

/**
 * A tool may make what is not there at this moment: that is taken away, and it is tried again.
 * @param {string} name
 * @param {() => void} step
 */
function where(name, step) {
  for (;;) {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && IN_THE_WAY.has(String(error.code)))) throw error;
      rmSync(at(name), { recursive: true, force: true });
    }
  }
}
const IN_THE_WAY = new Set(["EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR"]);

process.stdout.write("swapping\n");
for (;;) {
  const name = next(2) === 0 ? "file" : "folder";
  const ways = name === "file" ? FILES : FOLDERS;
  const way = ways[next(ways.length)] ?? (() => undefined);
  renameSync(at(name), at(`${name}.kept`));
  where(name, way);
  for (let i = next(100_000); i > 0; i--);
  rmSync(at(name), { recursive: true, force: true });
  where(name, () => renameSync(at(`${name}.kept`), at(name)));
  for (let i = next(600_000); i > 0; i--);
}
