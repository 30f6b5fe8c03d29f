/**
 * Bodies on their way to a server, looked through for handles.
 *
 * @module
 */
import { type Readable, Transform, type TransformCallback } from "node:stream";

export class FoundHandle extends Error {}

/** Passes a body on as it comes; one that holds any of these texts, also over two pieces, is broken off before they pass. */
export function refusing(texts: readonly Buffer[]): Transform {
  const keep = Math.max(0, ...texts.map((text) => text.length - 1));
  let held: Buffer = Buffer.alloc(0);
  return new Transform({
    transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback) {
      const all = Buffer.concat([held, chunk]);
      if (texts.some((text) => all.includes(text))) return done(new FoundHandle());
      const from = Math.max(0, all.length - keep);
      held = all.subarray(from);
      done(null, all.subarray(0, from));
    },
    flush: (done) => done(null, held),
  });
}

/** The whole body; null where it is longer. */
export async function wholeBody(source: Readable, mostBytes: number): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    if (!(chunk instanceof Buffer)) continue;
    size += chunk.length;
    if (size > mostBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
