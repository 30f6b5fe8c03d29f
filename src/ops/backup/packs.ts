/**
 * Packs: pieces one behind the other in files of some size, because a disk
 * takes few large files faster than many small ones.
 *
 * Writing goes on behind who adds: one write under way while the next is
 * gathered, and one pack on its way to the disk while the next is filled. What
 * fails there is heard of at the next `add`, or at `end`; nothing counts as
 * written before `end`.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { parseDigest } from "../../core/json.ts";
import type { Random } from "../../core/ports/random.ts";
import { type Crew, crew, letGo } from "./ahead.ts";
import { type PackFacts, packPath } from "./chain.ts";
import type { Depot, DepotFile } from "./depot.ts";
import type { Seal } from "./envelope.ts";
import { sealer } from "./payload.ts";

/** Plain bytes after which a new one begins. */
const PACK_BYTES = 64 * 1024 * 1024;
/** What is written together; twice as much is held at most. */
const WRITE_BYTES = 512 * 1024;

/** A sealed file that is being written. */
export type SealedFile = {
  add(bytes: Uint8Array): Promise<void>;
  /** On the disk when it resolves. */
  end(): Promise<{ readonly sha256: PackFacts["sha256"]; readonly bytes: number }>;
  /** Closes it where something failed. */
  drop(): Promise<void>;
};

export async function sealedFile(depot: Depot, path: string, seal: Seal, random: Random): Promise<SealedFile> {
  const file = await depot.create(path);
  const one = sealer(seal, Buffer.from(random.bytes(16)));
  const writing: Writing = { file, hash: createHash("sha256"), bytes: 0, gathered: [], held: 0, behind: crew(1) };
  gather(writing, [one.head]);
  return {
    async add(bytes) {
      gather(writing, one.add(bytes));
      if (writing.held >= WRITE_BYTES) await write(writing);
    },
    async end() {
      gather(writing, one.end());
      await write(writing);
      await writing.behind.end();
      await file.sync();
      await file.close();
      return { sha256: parseDigest(writing.hash.digest("hex")), bytes: writing.bytes };
    },
    async drop() {
      await writing.behind.settle();
      await file.close();
    },
  };
}

type Writing = {
  readonly file: DepotFile;
  readonly hash: Hash;
  readonly behind: Crew;
  bytes: number;
  gathered: Buffer[];
  /** Bytes that are gathered. */
  held: number;
};

function gather(writing: Writing, segments: readonly Buffer[]): void {
  for (const bytes of segments) {
    writing.hash.update(bytes);
    writing.gathered.push(bytes);
    writing.held += bytes.length;
  }
  writing.bytes += segments.reduce((sum, { length }) => sum + length, 0);
}

async function write(writing: Writing): Promise<void> {
  const { gathered } = writing;
  writing.gathered = [];
  writing.held = 0;
  await writing.behind.begin(async () => {
    await writing.file.write(gathered);
    for (const bytes of gathered) letGo(bytes);
  });
}

export type PackWriter = {
  /** @returns the pack, and where in it the piece begins. */
  add(piece: Uint8Array): Promise<{ readonly pack: string; readonly offset: number }>;
  end(): Promise<readonly PackFacts[]>;
  /** Takes away what was written, where something failed. */
  drop(): Promise<void>;
};

type Current = { readonly name: string; readonly file: SealedFile; filled: number };

export function packWriter(depot: Depot, seal: Seal, random: Random, packBytes = PACK_BYTES): PackWriter {
  const done: PackFacts[] = [];
  const begun: string[] = [];
  let current: Current | undefined;
  const behind = crew(1);
  /** Not closed yet. */
  const open = new Set<SealedFile>();
  const finish = async (): Promise<void> => {
    if (current === undefined) return;
    const { name, file } = current;
    current = undefined;
    await behind.begin(async () => {
      done.push({ name, ...(await file.end()) });
      open.delete(file);
    });
  };
  const begin = async (): Promise<Current> => {
    const name = Buffer.from(random.bytes(16)).toString("hex");
    begun.push(packPath(name));
    const file = await sealedFile(depot, packPath(name), seal, random);
    open.add(file);
    current = { name, file, filled: 0 };
    return current;
  };
  return {
    async add(piece) {
      if (current !== undefined && current.filled + piece.length > packBytes) await finish();
      const pack = current ?? (await begin());
      const offset = pack.filled;
      await pack.file.add(piece);
      pack.filled += piece.length;
      return { pack: pack.name, offset };
    },
    async end() {
      await finish();
      await behind.end();
      if (done.length > 0) await depot.syncFolder("packs");
      return done;
    },
    async drop() {
      await behind.settle();
      for (const file of open) await file.drop();
      for (const path of begun) await depot.remove(path);
    },
  };
}
