/**
 * Frames: what the gateway and its helpers say to each other over the socket
 * pair that a helper is born with. A frame is a 4-byte big-endian length, one
 * byte that says what follows, and the body: JSON, or a channel number and raw
 * bytes.
 *
 * A stream that breaks the form is closed: after that nothing in it has a
 * meaning.
 *
 * @module
 */
import { Fault } from "./fault.ts";
import type { JsonValue } from "./json.ts";

/** Largest body in bytes; what is longer is refused on both sides. */
export const FRAME_LIMIT = 8 * 1024 * 1024;

const JSON_FRAME = 0x4a;
const BYTES_FRAME = 0x42;

export type Frame =
  | { readonly kind: "json"; readonly value: JsonValue }
  | { readonly kind: "bytes"; readonly channel: number; readonly bytes: Uint8Array };

/** @throws Fault FRAME_MALFORMED where the value is larger than a frame may be. */
export function jsonFrame(value: JsonValue): Uint8Array {
  return seal(JSON_FRAME, Buffer.from(JSON.stringify(value), "utf8"));
}

/** @param channel unsigned 32-bit: which job or request the bytes belong to. */
export function bytesFrame(channel: number, bytes: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(channel);
  return seal(BYTES_FRAME, Buffer.concat([head, bytes]));
}

function seal(kind: number, body: Uint8Array): Uint8Array {
  if (body.length > FRAME_LIMIT) throw malformed(`a body of ${body.length} bytes`);
  const frame = Buffer.allocUnsafe(5 + body.length);
  frame.writeUInt32BE(body.length);
  frame[4] = kind;
  frame.set(body, 5);
  return frame;
}

/** Takes a stream's chunks as they come and answers the frames that are complete. */
export function frameReader(): (chunk: Uint8Array) => Frame[] {
  let chunks: Uint8Array[] = [];
  let held = 0;
  let wanted = 5;
  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    if (held < wanted) return [];
    let rest: Buffer = Buffer.concat(chunks);
    const frames: Frame[] = [];
    wanted = 5;
    while (rest.length >= 5) {
      const length = rest.readUInt32BE(0);
      if (length > FRAME_LIMIT) throw malformed(`a body of ${length} bytes`);
      if (rest.length < 5 + length) {
        wanted = 5 + length;
        break;
      }
      frames.push(open(rest[4] ?? 0, rest.subarray(5, 5 + length)));
      rest = rest.subarray(5 + length);
    }
    chunks = rest.length > 0 ? [rest] : [];
    held = rest.length;
    return frames;
  };
}

function open(kind: number, body: Buffer): Frame {
  if (kind === JSON_FRAME) return { kind: "json", value: parseBody(body) };
  if (kind === BYTES_FRAME && body.length >= 4) {
    return { kind: "bytes", channel: body.readUInt32BE(0), bytes: body.subarray(4) };
  }
  throw malformed(`a frame of kind ${kind}`);
}

function parseBody(body: Buffer): JsonValue {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw malformed("a body that is not JSON", cause);
  }
}

function malformed(what: string, cause?: unknown): Fault {
  return new Fault("FRAME_MALFORMED", {
    message: `the other process sent something that is not a frame: ${what}`,
    hint: "restart the gateway; if it happens again, report it with `vambrace doctor --json`",
    cause,
  });
}
