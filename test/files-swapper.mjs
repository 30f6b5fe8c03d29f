/**
 * Exchanges what the race test's tools work on, as fast as it can, from
 * outside of any sandbox: a folder for a link, a file for a link, for a hard
 * link and for a pipe, all of which lead to the canary.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { linkSync, renameSync, symlinkSync, unlinkSync } from "node:fs";
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

process.stdout.write("swapping\n");
for (;;) {
  const name = next(2) === 0 ? "file" : "folder";
  const ways = name === "file" ? FILES : FOLDERS;
  renameSync(at(name), at(`${name}.kept`));
  ways[next(ways.length)]?.();
  for (let i = next(100_000); i > 0; i--);
  unlinkSync(at(name));
  renameSync(at(`${name}.kept`), at(name));
  for (let i = next(600_000); i > 0; i--);
}
