/**
 * The manifest: what a backup holds and where each piece lies. JSON lines: the
 * first says what it is, each other one entry. Read as a stranger's text: a
 * path may lead nowhere but below the folder that is restored.
 *
 * @module
 */
import { z } from "zod";
import { Fault } from "../../core/fault.ts";

/** Bytes of a file that are kept together; a file of another size only at its end. */
export const PIECE_BYTES = 256 * 1024;
/** What a later version may make larger. */
const PIECE_BYTES_MOST = 4 * 1024 * 1024;
const LINE_CHARACTERS = 64 * 1024 * 1024;

/** A piece: its keyed hash, the index of its pack in the backup's list, where it begins there, how long it is. */
const PIECE = z.tuple([
  z.string().regex(/^[0-9a-f]{64}$/),
  z.int().min(0),
  z.int().min(0),
  z.int().min(1).max(PIECE_BYTES_MOST),
]);
export type Piece = z.infer<typeof PIECE>;

const PATH_CHARACTERS = 4_000;
const path = z.string().min(1).max(PATH_CHARACTERS).refine(isPlainPath, "a path that leads elsewhere");

const HEAD = z.strictObject({
  format: z.literal(1),
  number: z.int().min(1),
  /** The chain's name: a manifest of another folder does not fit. */
  origin: z.string(),
  /** What pieces are named with. */
  nameKey: z.string().regex(/^[0-9a-f]{64}$/),
  /** Of the program that made it, for people and the drill. */
  facts: z.record(z.string(), z.json()),
});
export type ManifestHead = z.infer<typeof HEAD>;

const ENTRY = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("folder"), path }),
  z.strictObject({ kind: z.literal("file"), path, executable: z.boolean(), pieces: z.array(PIECE) }),
  z.strictObject({ kind: z.literal("link"), path, target: z.string().min(1).max(PATH_CHARACTERS) }),
]);
export type ManifestEntry = z.infer<typeof ENTRY>;

/** Below the root that is restored, one spelling, nothing hidden in a name. */
export function isPlainPath(text: string): boolean {
  if (text.includes("\0") || text.startsWith("/")) return false;
  return text
    .split("/")
    .every((name) => name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) <= 255);
}

export function headLine(head: ManifestHead): string {
  return `${JSON.stringify(head)}\n`;
}

export function entryLine(entry: ManifestEntry): string {
  return `${JSON.stringify(entry)}\n`;
}

export type Manifest = { readonly head: ManifestHead; readonly entries: AsyncIterable<ManifestEntry> };

/** @throws Fault BACKUP_DAMAGED */
export async function readManifest(text: AsyncIterable<Buffer>): Promise<Manifest> {
  const lines = linesOf(text);
  const first = await lines.next();
  if (first.done === true) throw malformed("it is empty");
  return { head: parsed(HEAD, first.value), entries: entriesOf(lines) };
}

async function* entriesOf(lines: AsyncIterable<string>): AsyncGenerator<ManifestEntry> {
  for await (const line of lines) yield parsed(ENTRY, line);
}

async function* linesOf(text: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let held = "";
  for await (const piece of text) {
    const pieces = `${held}${decoded(decoder, piece)}`.split("\n");
    held = pieces.pop() ?? "";
    if (held.length > LINE_CHARACTERS) throw malformed("a line of it has no end");
    yield* pieces;
  }
  if (held !== "") throw malformed("its last line is cut off");
}

function decoded(decoder: InstanceType<typeof TextDecoder>, bytes: Buffer): string {
  try {
    return decoder.decode(bytes, { stream: true });
  } catch (cause) {
    throw malformed("it is not UTF-8", cause);
  }
}

function parsed<T>(schema: z.ZodType<T>, line: string): T {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw malformed("a line of it is not JSON", cause);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw malformed(`a line of it is not an entry (${result.error.issues[0]?.message ?? "?"})`);
}

function malformed(what: string, cause?: unknown): Fault {
  return new Fault("BACKUP_DAMAGED", {
    message: `the backup's list of contents: ${what}`,
    hint: "it was not made by vambrace, or by a newer one; nothing was restored",
    cause,
  });
}
