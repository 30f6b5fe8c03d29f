/**
 * What a reader of its own is, and what most of them begin with.
 *
 * @module
 */
import type { Stream } from "../fields.ts";
import { grammarOf, type Read, readArguments } from "../options.ts";
import type { Program } from "../programs/table.ts";
import { applyMeanings, type Run } from "../roles.ts";

/** @param byTable reads the arguments by another entry of the table. */
export type Special = (run: Run, program: Program, byTable: (program: Program, run: Run) => Stream) => Stream;

export function unclear(run: Run): Stream {
  return { kind: "unknown", why: `\`${run.name}\` prints it` };
}

/** Reads the arguments by an entry; what options mean is done, operands are left. */
export function readBy(program: Program, run: Run): Read {
  const read = readOnly(program, run);
  applyMeanings(
    read.meanings.filter((meaning) => meaning.label !== "operand"),
    run,
  );
  return read;
}

/** Reads the arguments; nothing is done yet but noting options that are not known. */
export function readOnly(program: Program, run: Run): Read {
  const read = readArguments(run.args, grammarOf(program));
  for (const option of read.strange) run.issues.push({ says: `the option \`${option.slice(0, 40)}\`` });
  return read;
}
