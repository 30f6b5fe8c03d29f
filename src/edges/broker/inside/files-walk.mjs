/**
 * Listing and searching below a folder. Links are named, never followed.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { opened, openFolder, Refusal, textOf } from "./files-open.mjs";

const MOST_ENTRIES = 5000;
const MOST_FOLDERS = 20_000;
const MOST_FILE = 4 * 1024 * 1024;
const MOST_LINE = 500;
const MOST_MATCHES = 1000;

/** @typedef {{ path: string, [key: string]: unknown }} Request */

/** @param {Request} request */
export function list({ path, depth }) {
  const deepest = typeof depth === "number" ? Math.min(Math.max(1, depth), 8) : 1;
  const entries = [];
  let cut = false;
  for (const { full, entry } of walk(path, deepest, () => true)) {
    if (entries.length >= MOST_ENTRIES) {
      cut = true;
      break;
    }
    const kind = kindOf(entry);
    const bytes = kind === "file" ? (fs.lstatSync(full, { throwIfNoEntry: false })?.size ?? 0) : undefined;
    entries.push({ path: full.slice(path === "/" ? 1 : path.length + 1), kind, bytes });
  }
  return { path, entries, cut };
}

/** @param {Request} request */
export function search({ path, pattern, regex, glob, limit, shared }) {
  const matches = matcher(pattern, regex === true);
  const fits = typeof glob === "string" ? globMatcher(glob) : () => true;
  const most = typeof limit === "number" && limit > 0 ? Math.min(limit, MOST_MATCHES) : 200;
  const found = [];
  let files = 0;
  const start = fs.lstatSync(path);
  const places = start.isDirectory() ? walk(path, 64, (name) => name !== ".git" && name !== "node_modules") : [];
  const candidates = start.isDirectory() ? onlyFiles(places, path, fits) : [path];
  for (const full of candidates) {
    const text = textIfSmall(full, full === path ? shared : undefined);
    if (text === null) continue;
    files += 1;
    for (const [i, line] of text.split("\n").entries()) {
      if (!matches(line)) continue;
      found.push({ path: full, line: i + 1, text: line.slice(0, MOST_LINE) });
      if (found.length >= most) return { path, matches: found, files, cut: true };
    }
  }
  return { path, matches: found, files, cut: false };
}

/** @param {Iterable<{ full: string, entry: fs.Dirent }>} places @param {string} root @param {(path: string) => boolean} fits */
function* onlyFiles(places, root, fits) {
  for (const { full, entry } of places) {
    if (entry.isFile() && (fits(entry.name) || fits(full.slice(root.length + 1)))) yield full;
  }
}

/** @param {string} full @param {unknown} shared digest of the one with a second name that a person said yes to */
function textIfSmall(full, shared) {
  try {
    const { bytes, links, view } = opened(full, MOST_FILE);
    return links > 1 && view.digest !== shared ? null : textOf(bytes);
  } catch {
    return null; // vanished, closed to us or too large: a search goes on
  }
}

/** @param {unknown} pattern @param {boolean} regex @returns {(line: string) => boolean} */
function matcher(pattern, regex) {
  if (typeof pattern !== "string" || pattern === "")
    throw new Refusal("FILE_REQUEST", "`pattern` is not a text", "send the text to look for");
  if (!regex) return (line) => line.includes(pattern);
  // V8's linear engine: whatever the pattern, its time grows only with the line.
  setFlagsFromString("--enable-experimental-regexp-engine");
  try {
    const linear = "l"; // V8's own flag, known once its engine is switched on
    const compiled = new RegExp(pattern, linear);
    return (line) => compiled.test(line);
  } catch {
    throw new Refusal(
      "FILE_PATTERN",
      "the pattern cannot be searched in linear time",
      "leave out look-around and back-references",
    );
  }
}

/** `*` and `?` stay within a name, `**` does not. @param {string} glob @returns {(name: string) => boolean} */
function globMatcher(glob) {
  const parts = glob.split(/(\*\*\/?|\*|\?)/).map((part) => {
    if (part.startsWith("**")) return ".*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : RegExp.escape(part);
  });
  const compiled = new RegExp(`^${parts.join("")}$`, "s");
  return (name) => name.length < 4096 && compiled.test(name);
}

/**
 * Breadth first, in the order of names.
 *
 * @param {string} root @param {number} depth @param {(name: string) => boolean} enter
 */
function* walk(root, depth, enter) {
  const queue = [{ folder: root, left: depth }];
  for (let at = 0; at < queue.length && at < MOST_FOLDERS; at++) {
    const { folder, left } = queue[at] ?? { folder: root, left: 0 };
    for (const entry of entriesOf(folder, at === 0)) {
      const full = join(folder, entry.name);
      yield { full, entry };
      if (entry.isDirectory() && left > 1 && enter(entry.name)) queue.push({ folder: full, left: left - 1 });
    }
  }
}

/** @param {string} folder @param {boolean} first */
function entriesOf(folder, first) {
  let fd;
  try {
    fd = openFolder(folder);
    const entries = fs.readdirSync(`/proc/self/fd/${fd}`, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (first) throw error;
    return []; // vanished, a link by now, or closed to us: the walk goes on
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
}

/** @param {fs.Dirent} entry */
function kindOf(entry) {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  return entry.isSymbolicLink() ? "link" : "special";
}
