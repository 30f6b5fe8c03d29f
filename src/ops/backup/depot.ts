/**
 * The folder that backups go to, as few operations as that takes, so that a
 * test can fail each in turn. It may be a mounted disk or share, and nothing
 * in it is believed: links and whatever is not a plain file are refused.
 *
 * Paths are relative and made by us, never read from a backup.
 *
 * @module
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";

export type DepotFile = {
  /** One behind the other. */
  write(parts: readonly Uint8Array[]): Promise<void>;
  /** Returns when its contents are on the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
};

export type Depot = {
  /** For messages. */
  readonly name: string;
  /** Sorted; empty where there is no such folder. */
  names(folder: string): Promise<readonly string[]>;
  /** Undefined where there is no such file. @throws Fault BACKUP_DAMAGED where it is larger than `most`. */
  read(path: string, most: number): Promise<Buffer | undefined>;
  /** In pieces, each good until the next is asked for. @throws Fault BACKUP_MISSING */
  stream(path: string): AsyncIterable<Buffer>;
  /** Bytes; undefined where there is no such plain file. */
  size(path: string): Promise<number | undefined>;
  makeFolder(path: string): Promise<void>;
  /** A file that is not there yet; mode 600. */
  create(path: string): Promise<DepotFile>;
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  syncFolder(path: string): Promise<void>;
};

const PIECE = 256 * 1024;

/** @param dir absolute; made with mode 700 where it is missing. */
export function folderDepot(dir: string): Depot {
  const at = (path: string): string => join(dir, path);
  return {
    name: dir,
    names: async (folder) => ((await unlessAbsent(() => readdir(at(folder)))) ?? []).sort(),
    read: (path, most) => unlessAbsent(() => readWhole(at(path), path, most)),
    stream: (path) => streamOf(at(path), path),
    size: async (path) => {
      const found = await unlessAbsent(() => lstat(at(path)));
      return found?.isFile() === true ? found.size : undefined;
    },
    makeFolder: async (path) => {
      await onDisk(() => mkdir(at(path), { recursive: true, mode: 0o700 }));
    },
    create: (path) => onDisk(() => createFile(at(path))),
    rename: (from, to) => onDisk(() => rename(at(from), at(to))),
    remove: (path) => onDisk(() => rm(at(path), { force: true })),
    syncFolder: (path) =>
      onDisk(async () => {
        const folder = await open(at(path), constants.O_RDONLY | constants.O_DIRECTORY);
        try {
          await folder.sync();
        } finally {
          await folder.close();
        }
      }),
  };
}

async function readWhole(path: string, name: string, most: number): Promise<Buffer> {
  const file = await openPlain(path, name);
  try {
    if ((await file.stat()).size > most) throw damagedFile(name, "it is larger than such a file can be");
    return await file.readFile();
  } finally {
    await file.close();
  }
}

async function* streamOf(path: string, name: string): AsyncGenerator<Buffer> {
  const file = await unlessAbsent(() => openPlain(path, name));
  if (file === undefined) throw missing(name);
  let [next, other] = [Buffer.allocUnsafeSlow(PIECE), Buffer.allocUnsafeSlow(PIECE)];
  const read = (): Promise<number> => file.read(next, 0, PIECE).then(({ bytesRead }) => bytesRead);
  let reading = read();
  try {
    for (;;) {
      const piece = next.subarray(0, await reading);
      if (piece.length === 0) return;
      [next, other] = [other, next];
      // The next one while this one is dealt with; whatever becomes of it is heard of when it is asked for.
      reading = read();
      reading.catch(() => undefined);
      yield piece;
    }
  } finally {
    await Promise.allSettled([reading]);
    await file.close();
  }
}

async function openPlain(path: string, name: string): ReturnType<typeof open> {
  // Not blocking: a pipe in the place of a file would hold us for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (cause: unknown) => {
      if (isCode(cause, "ELOOP")) throw damagedFile(name, "it is a link");
      throw cause;
    },
  );
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw damagedFile(name, "it is not a plain file");
}

async function createFile(path: string): Promise<DepotFile> {
  const file = await open(path, "wx", 0o600);
  return {
    write: (parts) =>
      onDisk(async () => {
        const { bytesWritten } = await file.writev([...parts]);
        const whole = parts.reduce((sum, part) => sum + part.length, 0);
        if (bytesWritten === whole) return;
        // A disk that is nearly full takes a part and refuses the rest only when asked again.
        const rest = Buffer.concat(parts);
        for (let done = bytesWritten; done < whole; ) done += (await file.write(rest, done)).bytesWritten;
      }),
    sync: () => onDisk(() => file.sync()),
    close: () => onDisk(() => file.close()),
  };
}

export async function onDisk<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    const full = isCode(cause, "ENOSPC") || isCode(cause, "EDQUOT");
    throw new Fault(full ? "BACKUP_FULL" : "BACKUP_FAILED", {
      message: full
        ? "the disk that the backup is written to is full; backups that were there are untouched"
        : `the backup could not be written: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: full
        ? "make room there, or keep fewer (`backup.keep`); the next backup clears away what this one left"
        : "look at the owner and mode of the folder, and whether its disk is there",
      cause,
    });
  }
}

export async function unlessAbsent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

export function isCode(thrown: unknown, code: string): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === code;
}

function missing(name: string): Fault {
  return new Fault("BACKUP_MISSING", {
    message: `the backup's file \`${name}\` is missing`,
    hint: "`vambrace backup verify` names everything that is missing; restore an older backup, or from a copy",
  });
}

function damagedFile(name: string, what: string): Fault {
  return new Fault("BACKUP_DAMAGED", {
    message: `the backup's file \`${name}\`: ${what}`,
    hint: "somebody changed the folder; restore from a copy of it",
  });
}
