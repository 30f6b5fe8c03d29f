/**
 * Files of the state folder, read by whoever comes by. A pipe in the place of
 * one would hold a command for ever, and a device would fill its memory: only
 * a plain file is read, looked at by the very descriptor that is read.
 *
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { Fault } from "../core/fault.ts";

/** No file that is read whole comes near it. */
const MOST_BYTES = 64 * 1024 * 1024;

/** @throws Fault STATE_UNAVAILABLE for what is no plain file, or too large for one; else what the disk says, as ENOENT. */
export function readPlain(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw unusable(path, "is no plain file");
    if (found.size > MOST_BYTES) throw unusable(path, "is far too large");
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

export function readPlainText(path: string): string {
  return readPlain(path).toString("utf8");
}

function unusable(path: string, says: string): Fault {
  return new Fault("STATE_UNAVAILABLE", {
    message: `\`${path}\` ${says}`,
    hint: "look at it (`ls -ld`), move it away, and put back what belongs there from a backup: `vambrace backup restore`",
  });
}

const FRESH = constants.O_NONBLOCK | constants.O_NOCTTY;

/** For a log: at its end, made where it is missing; a pipe in its place is refused (ENXIO), not waited for. */
export function openToAppend(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | FRESH, 0o600);
}

/** The same, from its beginning. */
export function openAnew(path: string): number {
  return openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | FRESH, 0o600);
}
