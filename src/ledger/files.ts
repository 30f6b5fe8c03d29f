/**
 * The few file operations that the writer needs, small enough that a test can
 * fail each one in turn and lose whatever was not synced.
 *
 * Paths are relative to the ledger's folder. Everything is synchronous on
 * purpose: the writer does one thing at a time, and what arrives meanwhile
 * waits in the socket for the next batch.
 *
 * @module
 */
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { AT_ONCE, readPlainSync } from "./plain.ts";

export type OpenFile = {
  /** All of it at this offset, or it throws. */
  write(bytes: Uint8Array, at: number): void;
  /** Returns when the contents are on the disk. After it threw, nothing about them is known. */
  sync(): void;
  close(): void;
};

export type LedgerFiles = {
  /** Undefined where there is no such file. */
  read(path: string): Buffer | undefined;
  /** Sorted; empty where there is no such folder. */
  names(folder: string): readonly string[];
  /** With the parents that are missing; nothing happens where it exists. */
  makeFolder(path: string): void;
  /** A new file in place of any old one. */
  create(path: string): OpenFile;
  /** A file that is there. */
  open(path: string): OpenFile;
  rename(from: string, to: string): void;
  remove(path: string): void;
  removeFolder(path: string): void;
  /** Makes names in it durable: files made, renamed and removed. */
  syncFolder(path: string): void;
};

const TEMPORARY = "new";
const FRESH = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | AT_ONCE;

/**
 * A file that appears whole or not at all: written aside, synced, renamed.
 *
 * The name itself is durable only after `syncFolder`.
 */
export function putFile(files: LedgerFiles, path: string, ...parts: readonly Uint8Array[]): void {
  const file = files.create(TEMPORARY);
  try {
    let at = 0;
    for (const part of parts) {
      file.write(part, at);
      at += part.length;
    }
    file.sync();
  } finally {
    file.close();
  }
  files.rename(TEMPORARY, path);
}

/** The files of a real folder, which is made where it is missing; only its owner can enter it. */
export function nodeFiles(dir: string): LedgerFiles {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const at = (path: string): string => join(dir, path);
  return {
    read: (path) => unlessAbsent(() => readPlainSync(at(path))),
    names: (folder) => (unlessAbsent(() => readdirSync(at(folder))) ?? []).sort(),
    makeFolder: (path) => {
      mkdirSync(at(path), { recursive: true, mode: 0o700 });
    },
    create: (path) => openFile(openSync(at(path), FRESH, 0o600)),
    open: (path) => openFile(openSync(at(path), constants.O_WRONLY | AT_ONCE)),
    rename: (from, to) => renameSync(at(from), at(to)),
    remove: (path) => unlinkSync(at(path)),
    removeFolder: (path) => rmdirSync(at(path)),
    syncFolder: (path) => {
      const descriptor = openSync(at(path), constants.O_RDONLY | constants.O_DIRECTORY);
      try {
        fsyncSync(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
  };
}

function openFile(descriptor: number): OpenFile {
  return {
    write: (bytes, at) => {
      // A disk that is nearly full takes a part and refuses the rest only when asked again.
      for (let done = 0; done < bytes.length; ) {
        done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
      }
    },
    sync: () => fdatasyncSync(descriptor),
    close: () => closeSync(descriptor),
  };
}

function unlessAbsent<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
