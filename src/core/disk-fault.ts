/**
 * What a disk answers, in words: a file that belongs to somebody else, a full
 * or read-only disk, a folder where a file should be. Whoever runs the command
 * owns the paths, so they are named; nothing of this goes to anybody else.
 *
 * @module
 */
import { Fault, toFault } from "./fault.ts";

type Words = { readonly says: string; readonly hint: string };

const OWN: Words = {
  says: "this user may not",
  hint: "run it as the user that runs the gateway; what root or somebody else left behind is given back with `chown` (`vambrace doctor` names it)",
};
const FULL: Words = { says: "the disk is full", hint: "make room (`df -h` shows where), then do it again" };
const WRONG_KIND: Words = {
  says: "something of another kind lies in its place",
  hint: "look at it (`ls -ld`), move it away, and put back what belongs there from a backup: `vambrace backup restore`",
};
const HANDLES: Words = { says: "too many files are open", hint: "look at `ulimit -n`, then do it again" };

const WORDS: ReadonlyMap<string, Words> = new Map([
  ["EACCES", OWN],
  ["EPERM", OWN],
  ["ENOSPC", FULL],
  ["EDQUOT", FULL],
  [
    "EROFS",
    { says: "the disk is mounted read-only", hint: "`mount` shows why it is; mount it for writing, then do it again" },
  ],
  ["EIO", { says: "the disk reports an error", hint: "look at it (`dmesg`), and copy away what can still be read" }],
  ["ENOENT", { says: "it is missing", hint: "put it back from a backup: `vambrace backup restore`" }],
  ["EISDIR", WRONG_KIND],
  ["ENOTDIR", WRONG_KIND],
  ["ELOOP", WRONG_KIND],
  ["ENXIO", WRONG_KIND],
  ["EMFILE", HANDLES],
  ["ENFILE", HANDLES],
]);

/**
 * Any thrown value, for an operator at the machine: what a disk said is said with its path, as `toFault` never would.
 *
 * @param called stands for the path where others may read it too.
 */
export function operatorFault(thrown: unknown, called?: string): Fault {
  return diskFault(thrown, called) ?? toFault(thrown);
}

function diskFault(thrown: unknown, called: string | undefined): Fault | undefined {
  if (!(thrown instanceof Error) || !("code" in thrown) || typeof thrown.code !== "string") return undefined;
  const words = WORDS.get(thrown.code);
  const syscall = "syscall" in thrown && typeof thrown.syscall === "string" ? thrown.syscall : undefined;
  if (words === undefined || syscall === undefined || NETWORK.has(syscall)) return undefined;
  const path = "path" in thrown && typeof thrown.path === "string" ? `\`${thrown.path}\`` : "the state folder";
  return new Fault("STATE_UNAVAILABLE", {
    message: `${called ?? path} cannot be used (${syscall}): ${words.says}`,
    hint: words.hint,
    cause: thrown,
  });
}

/** Sockets answer with some of the same words. */
const NETWORK: ReadonlySet<string> = new Set(["connect", "bind", "listen", "accept", "getaddrinfo"]);
