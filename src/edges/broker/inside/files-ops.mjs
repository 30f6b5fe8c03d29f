/**
 * The operations of the file tools, each on a path that must be exactly what
 * it says: no component is a link, then or when it is used; the last is an
 * ordinary file or folder. What was judged is what is used. Writing replaces a
 * file whole, by renaming over it, and never one that has a second name
 * elsewhere.
 *
 * @module
 */
import * as fs from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { digestOf, opened, openFolder, Refusal, refuseProtected, statView, textOf } from "./files-open.mjs";

const { O_CREAT, O_EXCL, O_WRONLY } = fs.constants;
const MOST_CONTENT = 1024 * 1024;
const MOST_FILE = 64 * 1024 * 1024;
const MOST_REQUEST = 8 * 1024 * 1024;

/** @typedef {{ path: string, [key: string]: unknown }} Request */

/** @type {Record<string, (request: Request) => object | Promise<object>>} */
const OPS = {
  read,
  write,
  edit,
  stat: ({ path }) => statView(path),
  list: async (request) => (await import("./files-walk.mjs")).list(request),
  search: async (request) => (await import("./files-walk.mjs")).search(request),
};

/** @param {Request} request */
function read({ path, offset, limit, shared }) {
  const { bytes, view, links } = opened(path, MOST_FILE);
  if (links > 1 && shared !== view.digest)
    throw new Refusal(
      "FILE_HARD_LINKED",
      `\`${path}\` has a second name, which may lie elsewhere`,
      "ask again: a person has to say yes to such a file",
    );
  const text = textOf(bytes);
  if (text === null) return { ...view, binary: true };
  const lines = text.split("\n");
  const last = lines.at(-1) === "" ? lines.length - 1 : lines.length;
  const first = Math.max(1, whole(offset, 1));
  const wanted = lines.slice(first - 1, first - 1 + whole(limit, 2000));
  const taken = [];
  let size = 0;
  for (const line of wanted) {
    size += line.length + 1;
    if (size > MOST_CONTENT && taken.length > 0) break;
    taken.push(line);
  }
  // One line longer than an answer may be: its beginning, and it says so.
  const content = taken.join("\n").slice(0, MOST_CONTENT);
  const to = Math.min(first - 1 + taken.length, last);
  return { ...view, binary: false, content, lines: last, from: first, to, cut: to < last || size > MOST_CONTENT };
}

/** @param {Request} request */
function write({ path, content, mode, expect, encoding }) {
  if (typeof content !== "string") throw new Refusal("FILE_REQUEST", "`content` is not a text", "send text");
  if (encoding !== undefined && encoding !== "base64")
    throw new Refusal("FILE_REQUEST", "`encoding` is not known", "leave it out, or send base64");
  if (mode !== "create" && mode !== "replace" && mode !== "append")
    throw new Refusal("FILE_REQUEST", "`mode` is none of create, replace, append", "say which of them it is");
  refuseProtected(path);
  makeFolder(dirname(path));
  const old = before(path);
  checkExpected(old, expect);
  if (mode === "create" && old !== null)
    throw new Refusal("FILE_EXISTS", `\`${path}\` exists already`, "use `edit`, or replace it on purpose");
  const bytes = Buffer.from(content, encoding ?? "utf8");
  const whole = mode === "append" && old !== null ? Buffer.concat([old.bytes, bytes]) : bytes;
  return put(path, whole, old);
}

/** @param {Request} request */
function edit({ path, old: from, new: to, all, expect }) {
  if (typeof from !== "string" || from === "" || typeof to !== "string")
    throw new Refusal("FILE_REQUEST", "`old` or `new` is not a text", "send both as text");
  refuseProtected(path);
  const old = before(path);
  if (old === null) throw new Refusal("FILE_MISSING", `\`${path}\` does not exist`, "list the folder to see the names");
  checkExpected(old, expect);
  const text = textOf(old.bytes);
  if (text === null) throw new Refusal("FILE_BINARY", `\`${path}\` is not text`, "edit text files only");
  const parts = text.split(from);
  const count = parts.length - 1;
  if (count === 0) throw new Refusal("FILE_NO_MATCH", "`old` does not occur in the file", "read the file again");
  if (count > 1 && all !== true)
    throw new Refusal("FILE_MANY_MATCHES", `\`old\` occurs ${count} times`, "make `old` longer, or say `all`");
  return { ...put(path, Buffer.from(parts.join(to), "utf8"), old), replaced: count };
}

/** @param {string} path @returns {ReturnType<typeof opened> | null} */
function before(path) {
  if (fs.lstatSync(path, { throwIfNoEntry: false }) === undefined) return null;
  const old = opened(path, MOST_FILE);
  if (old.links > 1)
    throw new Refusal("FILE_HARD_LINKED", `\`${path}\` has a second name elsewhere`, "write a new file instead");
  return old;
}

/** @param {ReturnType<typeof before>} old @param {unknown} expect */
function checkExpected(old, expect) {
  if (expect === undefined) return;
  const is = old === null ? "absent" : old.view.digest;
  if (is !== expect)
    throw new Refusal("FILE_CHANGED", "the file is not what it was when this was decided", "read it again and retry");
}

/**
 * Writes a neighbour and renames it over the file, in the folder that was opened: nobody can exchange it meanwhile.
 *
 * @param {string} path @param {Buffer} bytes @param {ReturnType<typeof before>} old
 */
function put(path, bytes, old) {
  const folder = openFolder(dirname(path));
  const at = `/proc/self/fd/${folder}`;
  const fresh = `${at}/.${basename(path).slice(0, 200)}.${process.pid}-${Date.now()}.new`;
  const fd = fs.openSync(fresh, O_WRONLY | O_CREAT | O_EXCL, 0o644);
  try {
    fs.writeFileSync(fd, bytes);
    if (old !== null) fs.fchmodSync(fd, old.mode & 0o777);
    fs.fsyncSync(fd);
    // A link fails where the name exists, a rename does not: what was absent must still be.
    if (old === null) {
      fs.linkSync(fresh, `${at}/${basename(path)}`);
      fs.unlinkSync(fresh);
    } else fs.renameSync(fresh, `${at}/${basename(path)}`);
  } catch (error) {
    fs.rmSync(fresh, { force: true });
    throw error;
  } finally {
    fs.closeSync(fd);
  }
  const view = { path, kind: "file", bytes: bytes.length, digest: digestOf(bytes) };
  return { ...view, created: old === null, before: old === null ? null : old.view.digest };
}

/** Each missing folder in the one above it, which is opened exactly: `mkdir -p` would follow links. @param {string} path */
function makeFolder(path) {
  if (fs.lstatSync(path, { throwIfNoEntry: false }) !== undefined) return;
  makeFolder(dirname(path));
  const above = openFolder(dirname(path));
  fs.mkdirSync(`/proc/self/fd/${above}/${basename(path)}`);
  fs.closeSync(above);
}

/** @param {unknown} value @param {number} otherwise */
function whole(value, otherwise) {
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : otherwise;
}

/** @type {Map<string, [code: string, why: string, hint: string]>} */
const REASONS = new Map([
  ["EACCES", ["FILE_DENIED", "may not be opened", "choose a file that the workspace lets you use"]],
  ["EEXIST", ["FILE_EXISTS", "exists already", "use `edit`, or replace it on purpose"]],
  ["EISDIR", ["FILE_KIND", "is a folder", "name a file in it"]],
  ["ELOOP", ["FILE_LINKED", "is a link", "use the file that it leads to"]],
  ["ENOENT", ["FILE_MISSING", "does not exist, or lies outside what may be seen", "list the folder to see the names"]],
  ["ENOSPC", ["FILE_NO_SPACE", "could not be written: the disk is full", "free some space"]],
  ["ENOTDIR", ["FILE_KIND", "has a file where a folder should be", "list the folder to see the names"]],
  ["EROFS", ["FILE_READ_ONLY", "is read-only here", "choose a place in the workspace that may be written"]],
]);

/** @param {unknown} error @param {unknown} path */
function refusal(error, path) {
  if (error instanceof Refusal) return { ok: false, code: error.code, message: error.message, hint: error.hint };
  const errno = error instanceof Error && "code" in error ? String(error.code) : "";
  const fallback = ["FILE_FAILED", `could not be used (${errno || "unexpected error"})`, "look at it in a terminal"];
  const [code, why, hint] = REASONS.get(errno) ?? fallback;
  return { ok: false, code, message: `\`${String(path).slice(0, 200)}\` ${why}`, hint };
}

/** @param {string} text @returns {Request} */
function parse(text) {
  if (text.length > MOST_REQUEST) throw new Refusal("FILE_REQUEST", "the request is too long", "send less at once");
  const request = JSON.parse(text);
  if (typeof request?.op !== "string" || !Object.hasOwn(OPS, request.op) || typeof request.path !== "string")
    throw new Refusal("FILE_REQUEST", "not a request of the file tools", "send op and path");
  if (!request.path.startsWith("/") || request.path.includes("\0"))
    throw new Refusal("FILE_REQUEST", "the path is not absolute", "send the path that was judged");
  return { ...request, path: resolve(request.path) };
}

/**
 * One request to its answer; what goes wrong is an answer too.
 *
 * @param {string} text
 */
export async function answerTo(text) {
  let path = "";
  try {
    const request = parse(text);
    path = request.path;
    return { ok: true, ...(await OPS[String(request["op"])]?.(request)) };
  } catch (error) {
    return refusal(error, path);
  }
}
