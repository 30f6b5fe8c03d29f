/** One JSON request a line in, one answer a line out, in order. @module */
import { createInterface } from "node:readline";
import type { z } from "zod";
import { toFault } from "../core/fault.ts";
import type { Io } from "./command.ts";

/** Longest line in bytes; what is longer is answered with a fault and the next line is read. */
const LINE_LIMIT = 4 * 1024 * 1024;

/**
 * A line that cannot be read is answered with `{"id":null,"error":…}` in its place, so that the rest still count.
 *
 * @returns the exit status: 0 when every line was answered, 1 when one could not be.
 */
export async function eachJsonLine<T>(io: Io, schema: z.ZodType<T>, answer: (request: T) => unknown): Promise<number> {
  let status = 0;
  for await (const line of createInterface({ input: io.stdin, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.trim() === "") continue;
    try {
      if (line.length > LINE_LIMIT) throw new RangeError("the line is too long");
      io.out(JSON.stringify(await answer(schema.parse(JSON.parse(line)))));
    } catch (thrown) {
      status = 1;
      io.out(JSON.stringify({ id: idOf(line), error: describe(thrown) }));
    }
  }
  return status;
}

function idOf(line: string): string | number | null {
  const found = /"id"\s*:\s*(?:"([^"\\]{0,200})"|(\d{1,15}))/.exec(line.slice(0, 4096));
  if (found === null) return null;
  return found[1] ?? Number(found[2]);
}

function describe(thrown: unknown): { readonly code: string; readonly message: string; readonly hint: string } {
  if (
    thrown instanceof SyntaxError ||
    thrown instanceof RangeError ||
    (thrown instanceof Error && thrown.name === "ZodError")
  ) {
    return {
      code: "REQUEST_MALFORMED",
      message: thrown.message.slice(0, 300),
      hint: "one JSON object a line; see --help",
    };
  }
  return toFault(thrown).toJSON();
}
