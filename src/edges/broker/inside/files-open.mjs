/**
 * Opening one file exactly: the last component is not followed, and the
 * descriptor's own path must be the path that was asked for.
 *
 * @module
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { isProtectedPath } from "./protected-names.mjs";

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants;

export class Refusal extends Error {
  /** @param {string} code @param {string} message @param {string} hint */
  constructor(code, message, hint) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** @param {Uint8Array} bytes */
export const digestOf = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** @param {string} path */
export function refuseProtected(path) {
  if (!isProtectedPath(path)) return;
  throw new Refusal(
    "FILE_PROTECTED",
    `\`${path}\` is run by editors, shells or git without asking, so no tool may write it`,
    "change it yourself, in a terminal",
  );
}

/**
 * A descriptor of exactly this folder: no component is a link, now or since it was looked at.
 *
 * @param {string} path
 */
export function openFolder(path) {
  if (fs.lstatSync(path).isSymbolicLink())
    throw new Refusal("FILE_LINKED", `\`${path}\` is a link`, "use the folder that it leads to");
  const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY | fs.constants.O_NOFOLLOW);
  if (fs.readlinkSync(`/proc/self/fd/${fd}`) === path) return fd;
  fs.closeSync(fd);
  throw new Refusal("FILE_LINKED", `\`${path}\` passes through a link`, "use the folder that it leads to");
}

/**
 * The bytes of an ordinary file.
 *
 * @param {string} path @param {number} most
 */
export function opened(path, most) {
  // Without O_NONBLOCK a fifo would hold the helper until its time is up.
  const fd = fs.openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    const stat = fs.fstatSync(fd);
    checkKind(path, stat, fd);
    if (stat.size > most)
      throw new Refusal(
        "FILE_TOO_LARGE",
        `\`${path}\` has ${stat.size} bytes`,
        "use a command that reads a part of it",
      );
    const bytes = fs.readFileSync(fd);
    const view = { path, kind: "file", bytes: bytes.length, digest: digestOf(bytes) };
    return { bytes, view, mode: stat.mode, links: stat.nlink };
  } finally {
    fs.closeSync(fd);
  }
}

/** @param {string} path @param {fs.Stats} stat @param {number} fd */
function checkKind(path, stat, fd) {
  if (stat.isDirectory()) throw new Refusal("FILE_KIND", `\`${path}\` is a folder`, "name a file in it, or list it");
  if (!stat.isFile())
    throw new Refusal("FILE_KIND", `\`${path}\` is neither a file nor a folder`, "only ordinary files can be used");
  if (fs.readlinkSync(`/proc/self/fd/${fd}`) !== path)
    throw new Refusal("FILE_LINKED", `\`${path}\` passes through a link`, "use the file that it leads to");
}

/** @param {string} path */
export function statView(path) {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return { path, kind: "absent" };
  if (stat.isFile()) {
    const { view, links } = opened(path, 1024 * 1024 * 1024);
    return { ...view, links };
  }
  const kind = stat.isDirectory() ? "folder" : stat.isSymbolicLink() ? "link" : "special";
  return { path, kind, bytes: stat.size };
}

/** The text, or null where it is not text: NUL bytes, or not UTF-8. @param {Buffer} bytes */
export function textOf(bytes) {
  if (bytes.subarray(0, 8192).includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
