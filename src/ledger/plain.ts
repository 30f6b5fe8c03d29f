/**
 * Files of a ledger's folder, read without waiting: a pipe in the place of one
 * would hold the writer, and whoever verifies, for ever.
 *
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename } from "node:path";
import { Fault } from "../core/fault.ts";

/** On a plain file it means nothing. */
export const AT_ONCE = constants.O_NONBLOCK | constants.O_NOCTTY;

/** @throws Fault LEDGER_DAMAGED for what is no plain file; else what the disk says, as ENOENT. */
export function readPlainSync(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | AT_ONCE);
  try {
    if (!fstatSync(file).isFile()) throw strange(path);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** The same, for readers beside whom other work goes on. */
export async function readPlain(path: string): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | AT_ONCE);
  if (!(await file.stat()).isFile()) throw strange(path);
  return await file.readFile();
}

function strange(path: string): Fault {
  return new Fault("LEDGER_DAMAGED", {
    message: `\`${basename(path)}\` is no plain file`,
    hint: "keep the folder as it is for evidence; `vambrace log verify` says what else is wrong; go on with a backup",
    facts: { path },
  });
}
