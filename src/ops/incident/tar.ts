/**
 * Snapshots as tar archives (ustar), so that anybody can open them: every
 * regular file of a folder, as its bytes were when they were read. Links are
 * kept as links and never followed; what is left out is listed with why.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import type { DiskFile } from "../../core/ports/disk.ts";

export type Snapped = {
  readonly path: string;
  readonly kind: "file" | "link" | "left out";
  readonly bytes: number;
  readonly mode: string;
  readonly changed: string;
  /** SHA-256; of a link: where it leads; of what was left out: why. */
  readonly says: string;
};

export type SnapshotLimits = { readonly bytes: number; readonly files: number };
export const SNAPSHOT_LIMITS: SnapshotLimits = { bytes: 2 * 1024 ** 3, files: 100_000 };

const BLOCK = 512;
/** Magic and version. */
const USTAR = ["ustar", "00"].join("\0");
const PIECE = 256 * 1024;

/**
 * Writes an archive of these folders and files.
 *
 * @param roots each with the name that it has in the archive; what is not there is left out and said.
 * @param left names that are not gone into, absolute.
 */
export async function snapshot(
  archive: Pick<DiskFile, "write">,
  roots: readonly { readonly name: string; readonly path: string }[],
  options: { readonly limits?: SnapshotLimits; readonly without?: readonly string[] } = {},
): Promise<readonly Snapped[]> {
  const state: State = {
    archive,
    at: 0,
    files: 0,
    limits: options.limits ?? SNAPSHOT_LIMITS,
    without: new Set(options.without),
    found: [],
  };
  for (const { name, path } of roots) await take(state, name, path);
  write(state, Buffer.alloc(2 * BLOCK));
  return state.found;
}

type State = {
  readonly archive: Pick<DiskFile, "write">;
  at: number;
  files: number;
  readonly limits: SnapshotLimits;
  readonly without: ReadonlySet<string>;
  readonly found: Snapped[];
};

async function take(state: State, name: string, path: string): Promise<void> {
  if (state.without.has(path)) return;
  const info = await lstat(path).catch((thrown: unknown) => whyNot(thrown));
  if (typeof info === "string") return leave(state, name, undefined, info);
  if (info.isDirectory()) {
    const names = await readdir(path).catch((thrown: unknown) => whyNot(thrown));
    if (typeof names === "string") return leave(state, name, info, names);
    for (const one of names.sort()) await take(state, `${name}/${one}`, join(path, one));
    return;
  }
  if (info.isSymbolicLink()) {
    const to = await readlink(path).catch((thrown: unknown) => whyNot(thrown));
    state.found.push({ ...about(name, info), kind: "link", says: to });
    return;
  }
  if (!info.isFile()) return leave(state, name, info, "neither a file nor a folder");
  if (state.files >= state.limits.files) return leave(state, name, info, `more than ${state.limits.files} files`);
  if (state.at + info.size > state.limits.bytes)
    return leave(state, name, info, `the snapshot would be larger than ${state.limits.bytes} bytes`);
  await takeFile(state, name, path);
}

async function takeFile(state: State, name: string, path: string): Promise<void> {
  // Not followed where it became a link meanwhile, and not waited for where it became a pipe.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (thrown: unknown) => whyNot(thrown),
  );
  if (typeof file === "string") return leave(state, name, undefined, file);
  try {
    const info = await file.stat();
    if (!info.isFile()) return leave(state, name, info, "it changed while it was read");
    state.files += 1;
    write(state, headerOf(name, info));
    const copied = await copy(state, file, info.size);
    if ("lost" in copied) leave(state, name, info, `${copied.lost}; from byte ${copied.from} on there are zeros`);
    else state.found.push({ ...about(name, info), kind: "file", says: copied.digest });
  } finally {
    await file.close();
  }
}

type Copied = { readonly digest: string } | { readonly lost: string; readonly from: number };

/**
 * Exactly as many bytes as the header said: a file that grows is cut, one that shrinks is filled up with zeros. One that
 * a broken disk does not give is filled up too, so that those behind it are kept, and is said.
 */
async function copy(state: State, file: FileHandle, size: number): Promise<Copied> {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(PIECE);
  let lost: { readonly lost: string; readonly from: number } | undefined;
  for (let left = size; left > 0; ) {
    const most = Math.min(PIECE, left);
    const read = lost === undefined ? await file.read(buffer, 0, most).catch((thrown: unknown) => whyNot(thrown)) : "";
    if (typeof read === "string") lost ??= { lost: read, from: size - left };
    const isThere = typeof read !== "string" && read.bytesRead > 0;
    const piece = isThere ? buffer.subarray(0, read.bytesRead) : Buffer.alloc(most);
    hash.update(piece);
    write(state, piece);
    left -= piece.length;
  }
  write(state, Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK));
  return lost ?? { digest: hash.digest("hex") };
}

function write(state: State, bytes: Buffer): void {
  state.archive.write(bytes, state.at);
  state.at += bytes.length;
}

type Named = { readonly prefix: string; readonly name: string };

/** A name that fits nowhere comes before, as an entry of its own: GNU's way, which every tar reads. */
function headerOf(path: string, info: Pick<Stats, "mode" | "size" | "mtimeMs">): Buffer {
  const named = splitName(path);
  if (named !== undefined) return block(named, info, "0");
  const long = Buffer.from(`${path}\0`, "utf8");
  const filled = Buffer.concat([long, Buffer.alloc((BLOCK - (long.length % BLOCK)) % BLOCK)]);
  const before = block({ prefix: "", name: "././@LongLink" }, { mode: 0o644, size: long.length, mtimeMs: 0 }, "L");
  return Buffer.concat([
    before,
    filled,
    block({ prefix: "", name: path.slice(-40).toWellFormed().slice(-20) }, info, "0"),
  ]);
}

function block({ prefix, name }: Named, info: Pick<Stats, "mode" | "size" | "mtimeMs">, type: string): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void =>
    void header.write(
      `${Math.floor(value)
        .toString(8)
        .padStart(length - 1, "0")}\0`,
      at,
      "latin1",
    );
  header.write(name, 0, "utf8");
  octal(info.mode & 0o7777, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(info.size, 124, 12);
  octal(Math.max(0, info.mtimeMs / 1_000), 136, 12);
  header.write("        ", 148, "latin1");
  header.write(type, 156, "latin1");
  header.write(USTAR, 257, "latin1");
  header.write(prefix, 345, "utf8");
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  header.write(" ", 155, "latin1");
  return header;
}

/** A name of at most 100 bytes, behind a prefix of at most 155. */
function splitName(name: string): Named | undefined {
  if (Buffer.byteLength(name) <= 100) return { prefix: "", name };
  for (let cut = name.indexOf("/"); cut >= 0; cut = name.indexOf("/", cut + 1)) {
    const [prefix, rest] = [name.slice(0, cut), name.slice(cut + 1)];
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(rest) <= 100) return { prefix, name: rest };
  }
  return undefined;
}

function about(path: string, info: Stats): Pick<Snapped, "path" | "bytes" | "mode" | "changed"> {
  return {
    path,
    bytes: info.size,
    mode: (info.mode & 0o7777).toString(8),
    changed: new Date(info.mtimeMs).toISOString(),
  };
}

function leave(state: State, path: string, info: Stats | undefined, says: string): void {
  const known = info === undefined ? { path, bytes: 0, mode: "", changed: "" } : about(path, info);
  state.found.push({ ...known, kind: "left out", says });
}

function whyNot(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string"
    ? thrown.code
    : "it cannot be read";
}
