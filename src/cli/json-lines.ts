/**
 * One JSON request a line in, one answer a line out, in order.
 *
 * A line ends at a line feed and nowhere else: JSON text may hold U+2028 and
 * its kin, and an answer that slipped by one would be taken for another's. A
 * line that is too long is never held in memory whole.
 *
 * @module
 */
import type { Readable } from "node:stream";
import type { z } from "zod";
import { Fault, toFault } from "../core/fault.ts";
import { isObject } from "../core/json.ts";
import type { Io } from "./command.ts";

/** Longest line in bytes; what is longer is answered with a fault and the next line is read. */
const LINE_LIMIT = 4 * 1024 * 1024;
/** Of a line that is too long: enough to find its id. */
const HEAD = 4096;
const LINE_FEED = 10;
/** Of an id that comes back with a fault. */
const LONGEST_NAME = 1000;

/** `whole` is false where only the beginning was kept. */
type Line = { readonly bytes: Buffer; readonly whole: boolean };

export type Lines = {
  readonly input: Readable;
  /** In bytes; 4 MiB unless said. */
  readonly limit?: number;
  /** The key that names a request: `id` unless said. */
  readonly key?: string;
  /** Told each time that something came, before any line of it is answered. */
  readonly came?: () => void;
};

/**
 * A line that cannot be read is answered with `{"id":…,"error":…}` in its place, so that the rest still count.
 *
 * @returns the exit status: 0 when every line was answered, 1 when one could not be.
 */
export async function eachJsonLine<T>(io: Io, schema: z.ZodType<T>, answer: (request: T) => unknown): Promise<number> {
  return eachLine(io, { input: io.stdin }, async (value) => [await answer(parseWith(schema, value))]);
}

/** As `eachJsonLine`, for requests that have several answers, and parse themselves. */
export async function eachLine(
  io: Io,
  lines: Lines,
  answers: (value: unknown) => Promise<readonly unknown[]>,
): Promise<number> {
  const { input, limit = LINE_LIMIT, key = "id", came = () => undefined } = lines;
  let status = 0;
  const stop = (): void => void input.destroy();
  io.signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const line of linesOf(input, limit, came)) {
      try {
        if (!line.whole) throw malformed(`the line is longer than ${limit} bytes`);
        const text = decode(line.bytes);
        if (text.trim() === "") continue;
        for (const one of await answers(parseJson(text))) io.out(JSON.stringify(one));
      } catch (thrown) {
        status = 1;
        io.out(JSON.stringify({ [key]: nameOf(line, key), error: toFault(thrown).toJSON() }));
      }
    }
  } catch (thrown) {
    // Ctrl-C closes the input; that is the end of it and no failure of a line.
    if (!io.signal.aborted) throw thrown;
    return 1;
  } finally {
    io.signal.removeEventListener("abort", stop);
  }
  return status;
}

/** @throws Fault REQUEST_MALFORMED, naming the key. */
export function parseWith<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const where = first === undefined || first.path.length === 0 ? "the request" : `\`${first.path.join(".")}\``;
  throw malformed(`${where}: ${first?.message ?? "not understood"}`);
}

/** @throws Fault REQUEST_MALFORMED */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (cause) {
    throw malformed("it is not JSON", cause);
  }
}

async function* linesOf(input: Readable, limit: number, came: () => void): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let size = 0;
  const take = (piece: Buffer): void => {
    // Beyond the limit only the beginning is worth keeping.
    if (size <= limit) parts.push(piece);
    size += piece.length;
    if (size > limit && parts.length > 0) parts = [Buffer.from(Buffer.concat(parts).subarray(0, HEAD))];
  };
  const end = (): Line => {
    const line = {
      bytes: parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts),
      whole: size <= limit,
    };
    parts = [];
    size = 0;
    return line;
  };
  for await (const chunk of input) {
    came();
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    let at = 0;
    for (let feed = bytes.indexOf(LINE_FEED); feed >= 0; feed = bytes.indexOf(LINE_FEED, at)) {
      take(bytes.subarray(at, feed));
      yield end();
      at = feed + 1;
    }
    if (at < bytes.length) take(bytes.subarray(at));
  }
  if (size > 0) yield end();
}

/** Bytes that are no UTF-8 would be judged as another text than the one that was meant. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw malformed("it is not UTF-8 text", cause);
  }
}

/** As the request says it, where it can be read; of one that is cut or no JSON, what looks like it. */
function nameOf({ bytes, whole }: Line, key: string): string | number | null {
  if (whole) {
    try {
      return ownName(JSON.parse(decode(bytes)), key);
    } catch {
      // Not JSON: what looks like a name is better than none.
    }
  }
  const pattern = new RegExp(`"${RegExp.escape(key)}"\\s*:\\s*(?:"([^"\\\\]{0,200})"|(-?\\d{1,15})(?![\\d.eE]))`);
  const found = pattern.exec(bytes.subarray(0, HEAD).toString("utf8"));
  if (found === null) return null;
  return found[1] ?? Number(found[2]);
}

function ownName(value: unknown, key: string): string | number | null {
  const name = isObject(value) ? value[key] : null;
  return (typeof name === "string" && name.length <= LONGEST_NAME) || typeof name === "number" ? name : null;
}

function malformed(what: string, cause?: unknown): Fault {
  return new Fault("REQUEST_MALFORMED", {
    message: what.slice(0, 300),
    hint: "one JSON object a line; see --help",
    ...(cause === undefined ? {} : { cause }),
  });
}
