/**
 * Files that are whole or not there: written under another name, brought to the
 * disk, and only then put in place.
 *
 * @module
 */
import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Fault } from "../../core/fault.ts";
import type { Disk, DiskFile, DurableFiles } from "../../core/ports/disk.ts";

export const nodeDisk: Disk = {
  makeFolder(path) {
    try {
      mkdirSync(path, { mode: 0o700 });
    } catch (thrown) {
      // Made by somebody else meanwhile.
      if (!isCode(thrown, "EEXIST")) throw thrown;
    }
  },
  create: (path) => fileOf(openSync(path, "wx", 0o600)),
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  syncFolder(path) {
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
};

function fileOf(descriptor: number): DiskFile {
  return {
    write(bytes, at) {
      // A disk that is nearly full takes a part and refuses the rest only when asked again.
      for (let done = 0; done < bytes.length; )
        done += writeSync(descriptor, bytes, done, bytes.length - done, at + done);
    },
    sync: () => fsyncSync(descriptor),
    close: () => closeSync(descriptor),
  };
}

export function durableOn(disk: Disk): DurableFiles {
  const writeWhole = (path: string, content: string): void => {
    const file = disk.create(path);
    try {
      file.write(Buffer.from(content, "utf8"), 0);
      file.sync();
    } finally {
      file.close();
    }
  };
  /** @param draft what a failure leaves half written, to be taken away again. */
  const onDisk = <T>(body: () => T, draft?: string): T => {
    try {
      return body();
    } catch (cause) {
      if (draft !== undefined && !isCode(cause, "EEXIST")) takeAway(disk, draft);
      throw faultOf(cause);
    }
  };
  return {
    replaceFile(path, content) {
      const draft = `${path}.draft`;
      onDisk(() => {
        disk.remove(draft);
        writeWhole(draft, content);
        disk.rename(draft, path);
      }, draft);
      keepName(disk, path);
    },
    makeFile: (path, content) =>
      onDisk(() => {
        writeWhole(path, content);
        disk.syncFolder(dirname(path));
      }, path),
    makeFolder: (path) => onDisk(() => makeMissing(disk, path)),
    create(path) {
      const file = onDisk(() => disk.create(path));
      return {
        write: (bytes, at) => onDisk(() => file.write(bytes, at)),
        sync: () =>
          onDisk(() => {
            file.sync();
            disk.syncFolder(dirname(path));
          }),
        close: () => onDisk(() => file.close()),
      };
    },
    remove: (path) => onDisk(() => disk.remove(path)),
  };
}

/** On the disk of this machine. */
export const durable: DurableFiles = durableOn(nodeDisk);
export const { replaceFile, makeFile, makeFolder } = durable;

/** Without the words of a fault. */
export function makeFolders(path: string): void {
  makeMissing(nodeDisk, path);
}

/**
 * One after the other: Node's own `recursive` never returns where a system call says that a folder is missing although
 * the one above it is there, as below /proc.
 */
function makeMissing(disk: Disk, path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); lstatSync(at, { throwIfNoEntry: false }) === undefined; at = dirname(at)) {
    missing.unshift(at);
  }
  for (const folder of missing) {
    disk.makeFolder(folder);
    try {
      disk.syncFolder(dirname(folder));
    } catch (thrown) {
      // Of others, to be entered and not to be read: nobody but its owner can do more.
      if (!isCode(thrown, "EACCES")) throw thrown;
    }
  }
  if (!statSync(path).isDirectory()) throw new Error(`${path} is not a folder`);
}

/** The new file stands by now; what fails here does not bring the old one back, and must not say so. */
function keepName(disk: Disk, path: string): void {
  try {
    disk.syncFolder(dirname(path));
  } catch (cause) {
    throw new Fault("STATE_UNAVAILABLE", {
      message: `\`${path}\` was written, and it is not known whether it would outlast a loss of power`,
      hint: "look at the disk (`dmesg`), then at what the file says, before you do it again",
      cause,
    });
  }
}

function faultOf(cause: unknown): Fault {
  if (isCode(cause, "ENOSPC") || isCode(cause, "EDQUOT")) {
    return new Fault("STATE_FULL", {
      message: "the disk that holds the state folder is full; nothing was changed",
      hint: "make room on that disk and try again",
      cause,
    });
  }
  return new Fault("STATE_UNAVAILABLE", {
    message: `the state folder cannot be written: ${cause instanceof Error ? cause.message : "unknown"}`,
    hint: "the user that runs vambrace has to own it: `vambrace doctor` shows what is wrong",
    cause,
  });
}

/** What cannot be taken away is left: the first failure is what the person has to hear of. */
function takeAway(disk: Disk, path: string): boolean {
  try {
    disk.remove(path);
    return true;
  } catch {
    return false;
  }
}

function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}
