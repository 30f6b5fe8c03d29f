/**
 * Packs: pieces one behind the other in files of some size, because a disk
 * takes few large files faster than many small ones.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { parseDigest } from "../../core/json.ts";
import type { Random } from "../../core/ports/random.ts";
import { type PackFacts, packPath } from "./chain.ts";
import type { Depot, DepotFile } from "./depot.ts";
import type { Seal } from "./envelope.ts";
import { type Sealer, sealer } from "./payload.ts";

/** Plain bytes after which a new one begins. */
const PACK_BYTES = 64 * 1024 * 1024;

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
  const state = { file, sealer: sealer(seal, Buffer.from(random.bytes(16))), hash: createHash("sha256"), bytes: 0 };
  await put(state, [state.sealer.head]);
  return {
    add: (bytes) => put(state, state.sealer.add(bytes)),
    async end() {
      await put(state, state.sealer.end());
      await state.file.sync();
      await state.file.close();
      return { sha256: parseDigest(state.hash.digest("hex")), bytes: state.bytes };
    },
    drop: () => state.file.close(),
  };
}

type Writing = { readonly file: DepotFile; readonly sealer: Sealer; readonly hash: Hash; bytes: number };

async function put(state: Writing, segments: readonly Buffer[]): Promise<void> {
  if (segments.length === 0) return;
  for (const bytes of segments) {
    state.hash.update(bytes);
    state.bytes += bytes.length;
  }
  await state.file.write(segments);
}

export type PackWriter = {
  /** @returns the pack, and where in it the piece begins. */
  add(piece: Uint8Array): Promise<{ readonly pack: string; readonly offset: number }>;
  end(): Promise<readonly PackFacts[]>;
  /** Takes away what was written, where something failed. */
  drop(): Promise<void>;
};

type Current = { readonly name: string; readonly file: SealedFile; filled: number };

export function packWriter(depot: Depot, seal: Seal, random: Random): PackWriter {
  const done: PackFacts[] = [];
  const begun: string[] = [];
  let current: Current | undefined;
  const finish = async (): Promise<void> => {
    if (current === undefined) return;
    const { name, file } = current;
    done.push({ name, ...(await file.end()) });
    current = undefined;
  };
  const begin = async (): Promise<Current> => {
    const name = Buffer.from(random.bytes(16)).toString("hex");
    begun.push(packPath(name));
    current = { name, file: await sealedFile(depot, packPath(name), seal, random), filled: 0 };
    return current;
  };
  return {
    async add(piece) {
      if (current !== undefined && current.filled + piece.length > PACK_BYTES) await finish();
      const pack = current ?? (await begin());
      const offset = pack.filled;
      await pack.file.add(piece);
      pack.filled += piece.length;
      return { pack: pack.name, offset };
    },
    async end() {
      await finish();
      if (done.length > 0) await depot.syncFolder("packs");
      return done;
    },
    async drop() {
      await current?.file.drop();
      for (const path of begun) await depot.remove(path);
    },
  };
}
