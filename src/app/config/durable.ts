/**
 * Files that are whole or not there: written under another name, brought to the
 * disk, and only then put in place.
 *
 * @module
 */
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { Fault } from "../../core/fault.ts";

/** Replaces a file; whoever reads meanwhile sees the old one or the new one. Mode 600. */
export function replaceFile(path: string, content: string): void {
  const draft = `${path}.draft`;
  onDisk(() => {
    rmSync(draft, { force: true });
    writeWhole(draft, content);
    renameSync(draft, path);
    syncFolder(dirname(path));
  }, draft);
}

/** Makes a file that is not there yet. Mode 600. */
export function makeFile(path: string, content: string): void {
  onDisk(() => {
    writeWhole(path, content);
    syncFolder(dirname(path));
  }, path);
}

/** Makes a folder for the owner alone, and those above it that are missing. */
export function makeFolder(path: string): void {
  onDisk(() => makeFolders(path));
}

/**
 * One after the other: Node's own `recursive` never returns where a system call says that a folder is missing although
 * the one above it is there, as below /proc.
 */
export function makeFolders(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); lstatSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) {
    missing.unshift(at);
  }
  for (const folder of missing) {
    try {
      mkdirSync(folder, { mode: 0o700 });
    } catch (thrown) {
      // Made by somebody else meanwhile.
      if (!isCode(thrown, "EEXIST")) throw thrown;
    }
  }
  if (!statSync(path).isDirectory()) throw new Error(`${path} is not a folder`);
}

function writeWhole(path: string, content: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** @param draft what a failure leaves half written, to be taken away again. */
function onDisk(body: () => void, draft?: string): void {
  try {
    body();
  } catch (cause) {
    if (draft !== undefined && !isCode(cause, "EEXIST")) takeAway(draft);
    if (isCode(cause, "ENOSPC") || isCode(cause, "EDQUOT")) {
      throw new Fault("STATE_FULL", {
        message: "the disk that holds the state folder is full; nothing was changed",
        hint: "make room on that disk and try again",
        cause,
      });
    }
    throw new Fault("STATE_UNAVAILABLE", {
      message: `the state folder cannot be written: ${cause instanceof Error ? cause.message : "unknown"}`,
      hint: "the user that runs vambrace has to own it: `vambrace doctor` shows what is wrong",
      cause,
    });
  }
}

/** What cannot be taken away is left: the first failure is what the person has to hear of. */
function takeAway(path: string): boolean {
  try {
    rmSync(path, { force: true });
    return true;
  } catch {
    return false;
  }
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}
