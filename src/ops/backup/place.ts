/**
 * Puts files in place, piece by piece and in whatever order pieces come: a
 * file is made with its first piece, keeps its descriptor, and is made durable
 * through it with its last, many at once.
 *
 * Only below folders that were made by us, and never onto what is there.
 *
 * @module
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { crew } from "./ahead.ts";
import type { FileOut } from "./open-run.ts";

/** A disk makes many files durable in little more time than one. */
const SETTLED_TOGETHER = 32;
/** Files of which pieces are still to come, from another pack. */
const OPEN_MOST = 64;

const EXISTING = constants.O_WRONLY | constants.O_NOFOLLOW;
const FRESH = EXISTING | constants.O_CREAT | constants.O_EXCL;

/** What of a disk is used here, so that a test can fail each operation in turn. */
export type OutFile = {
  write(bytes: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>;
  chmod(mode: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
};
export type OpenOut = (path: string, flags: number, mode: number) => Promise<OutFile>;

export type Placer = {
  /** Several at once; the piece is not looked at any more when it resolves. */
  write(file: FileOut, at: number, piece: Buffer): Promise<void>;
  /** When every file is as long as it has to be, and on the disk. @throws what failed on the way. */
  end(): Promise<void>;
  /** Lets go of what is open, where something failed. */
  drop(): Promise<void>;
};

type Placed = {
  readonly file: FileOut;
  handle: Promise<OutFile> | undefined;
  isMade: boolean;
  /** Writes under way, and bytes that are still to be written. */
  writing: number;
  left: number;
};

export function placer(files: Iterable<FileOut>, pathOf: (file: FileOut) => string, openOut: OpenOut = open): Placer {
  const unfinished = new Map(
    [...files].map((file): [FileOut, Placed] => [
      file,
      { file, handle: undefined, isMade: false, writing: 0, left: file.bytes },
    ]),
  );
  const handles = handlesOf(pathOf, openOut);
  const settling = crew(SETTLED_TOGETHER);
  const finish = (one: Placed): Promise<void> =>
    settling.begin(async () => {
      const handle = await handles.take(one);
      try {
        if (one.file.executable) await handle.chmod(0o700);
        await handle.sync();
      } finally {
        await handle.close();
      }
      unfinished.delete(one.file);
    });
  return {
    async write(file, at, piece) {
      const one = unfinished.get(file);
      if (one === undefined) throw new Error(`there are more pieces of \`${file.path}\` than it has bytes`);
      one.writing += 1;
      await handles.makeRoom();
      await writeAll(await handles.of(one), at, piece);
      one.left -= piece.length;
      if (one.left === 0) await finish(one);
      one.writing -= 1;
    },
    async end() {
      for (const one of unfinished.values()) if (one.file.bytes === 0) await finish(one);
      await settling.end();
      for (const { file } of unfinished.values()) throw new Error(`\`${file.path}\` did not become as long as it was`);
    },
    async drop() {
      await settling.settle();
      await handles.drop();
    },
  };
}

type Handles = {
  of(one: Placed): Promise<OutFile>;
  /** From then on the caller's: it is not closed here any more. */
  take(one: Placed): Promise<OutFile>;
  /** One that waits is closed for others; it is made durable when it is whole. */
  makeRoom(): Promise<void>;
  drop(): Promise<void>;
};

function handlesOf(pathOf: (file: FileOut) => string, openOut: OpenOut): Handles {
  const opened = new Set<Placed>();
  const of = (one: Placed): Promise<OutFile> => {
    if (one.handle !== undefined) return one.handle;
    one.handle = openOut(pathOf(one.file), one.isMade ? EXISTING : FRESH, 0o600);
    one.isMade = true;
    opened.add(one);
    return one.handle;
  };
  const close = async (one: Placed): Promise<void> => {
    const { handle } = one;
    one.handle = undefined;
    opened.delete(one);
    await (await handle)?.close();
  };
  return {
    of,
    take(one) {
      const handle = of(one);
      opened.delete(one);
      return handle;
    },
    async makeRoom() {
      if (opened.size <= OPEN_MOST) return;
      const idle = opened.values().find(({ writing }) => writing === 0);
      if (idle !== undefined) await close(idle);
    },
    async drop() {
      await Promise.allSettled([...opened].map(close));
    },
  };
}

async function writeAll(handle: OutFile, at: number, piece: Buffer): Promise<void> {
  for (let done = 0; done < piece.length; )
    done += (await handle.write(piece, done, piece.length - done, at + done)).bytesWritten;
}
