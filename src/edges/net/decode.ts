/**
 * Bodies, decoded as their server coded them, with a cap on what comes out: a
 * small answer can unpack to any size.
 *
 * @module
 */
import { Readable, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from "node:zlib";
import { Fault } from "../../core/fault.ts";

export type Body = { readonly bytes: Uint8Array; readonly truncated: boolean };

const DECODERS = new Map<string, () => Transform>([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
  ["zstd", createZstdDecompress],
]);

/** What a request may say that it understands. */
export const ACCEPTED_CODINGS = "gzip, deflate, br, zstd";

/** One on top of another is odd; more are an attack on the reader. */
const LAYERS = 2;
/** Packed bytes that are read at most, beyond what is kept: some streams unpack to nothing, for ever. */
const SLACK = 1024 * 1024;

/**
 * @param coding value of `Content-Encoding`.
 * @throws Fault WEB_UNREADABLE for a coding that is not known, or a body that is not coded so.
 */
export async function readBody(source: Readable, coding: string, maxBytes: number): Promise<Body> {
  const layers = layersOf(coding);
  if (layers.length > LAYERS) throw unreadable(`it is packed ${layers.length} times`);
  let stream: Readable = capped(source, maxBytes + SLACK);
  for (const name of layers.toReversed()) stream = unpack(stream, name);
  try {
    return await collect(stream, maxBytes);
  } catch (error) {
    throw isPackingError(error) ? unreadable(`it is not packed as ${layers.join(", ")}`) : error;
  } finally {
    source.destroy();
  }
}

/** Decoders for a `Content-Encoding`, in the order in which a body goes through them; null where one is not known. */
export function decodersFor(coding: string): readonly Transform[] | null {
  const layers = layersOf(coding);
  const decoders = layers.toReversed().flatMap((name) => DECODERS.get(name)?.() ?? []);
  return layers.length > LAYERS || decoders.length < layers.length ? null : decoders;
}

function layersOf(coding: string): readonly string[] {
  const names = coding.toLowerCase().split(",");
  return names.map((name) => name.trim()).filter((name) => name !== "" && name !== "identity");
}

function unpack(packed: Readable, name: string): Readable {
  const decoder = DECODERS.get(name)?.();
  if (decoder === undefined) throw unreadable(`it is packed as \`${name.slice(0, 20)}\``);
  packed.once("error", (error) => decoder.destroy(error));
  decoder.once("close", () => packed.destroy());
  return packed.pipe(decoder);
}

function isPackingError(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^(Z_|ERR__ERROR|ZSTD_)/.test(String(error.code));
}

/** Ends early, as if the source had, after this many bytes. */
function capped(source: Readable, limit: number): Readable {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    let left = limit;
    for await (const chunk of source) {
      if (!(chunk instanceof Uint8Array)) continue;
      yield chunk;
      left -= chunk.length;
      if (left < 0) return;
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}

async function collect(stream: Readable, maxBytes: number): Promise<Body> {
  const kept: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) continue;
    kept.push(chunk.subarray(0, maxBytes - size));
    size += chunk.length;
    if (size > maxBytes) return { bytes: Buffer.concat(kept), truncated: true };
  }
  return { bytes: Buffer.concat(kept), truncated: false };
}

function unreadable(why: string): Fault {
  return new Fault("WEB_UNREADABLE", {
    message: `the answer cannot be unpacked: ${why}`,
    hint: "fetch another form of the page",
  });
}
