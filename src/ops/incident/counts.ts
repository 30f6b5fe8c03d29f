/**
 * How many records an incident has, how many of them are kept, and what the
 * others are: a bundle has room for so many, and says what it does not hold.
 *
 * @module
 */
import { z } from "zod";
import { RECORD_KINDS } from "../../core/ports/ledger.ts";
import type { Case } from "./case.ts";
import type { Left } from "./choice.ts";

/** Absent in bundles of before: those hold the newest records. */
export const COUNTS = "counts.json";

const natural = z.int().nonnegative();
const countsFile = z.strictObject({
  kept: natural,
  leftOut: natural,
  byKind: z.array(z.strictObject({ kind: z.enum(RECORD_KINDS), records: natural, first: natural, last: natural })),
  /** The command that shows what is left out, as far as the ledger still has it. */
  shownBy: z.string().nullable(),
});
export type Counts = Readonly<z.output<typeof countsFile>>;

export function countsOf({ id }: Pick<Case, "id">, kept: number, left: readonly Left[]): Counts {
  const leftOut = left.reduce((sum, { records }) => sum + records, 0);
  const newest = left.reduce((most, { last }) => Math.max(most, last), -1);
  const shownBy = leftOut === 0 ? null : `vambrace incident timeline ${id} --before ${newest + 1}`;
  return { kept, leftOut, byKind: [...left], shownBy };
}

export function writeCounts(counts: Counts): string {
  return `${JSON.stringify(counts, null, 2)}\n`;
}

/** Undefined where it is none. */
export function parseCounts(text: string): Counts | undefined {
  try {
    return countsFile.parse(JSON.parse(text));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** In one sentence. */
export function keptWords({ kept, leftOut, byKind, shownBy }: Counts): string {
  if (shownBy === null) return `${kept} records, all that there are`;
  const kinds = byKind.map(({ kind, records }) => `${records} ${kind}`).join(", ");
  return `${kept} of ${kept + leftOut} records; not kept: ${kinds} (\`${shownBy}\`)`;
}
