/**
 * The table, by name.
 *
 * @module
 */
import { ARCHIVES } from "./archives.ts";
import { BUILDERS } from "./builders.ts";
import { FILES } from "./files.ts";
import { INTERPRETERS } from "./interpreters.ts";
import { NETWORK } from "./network.ts";
import { SYSTEM } from "./system.ts";
import type { Program, Table } from "./table.ts";
import { TEXT } from "./text.ts";
import { VIEWERS } from "./viewers.ts";
import { WRAPPERS } from "./wrappers.ts";

export const TABLES: readonly Table[] = [
  TEXT,
  FILES,
  ARCHIVES,
  WRAPPERS,
  INTERPRETERS,
  BUILDERS,
  NETWORK,
  SYSTEM,
  VIEWERS,
];

const BY_NAME: ReadonlyMap<string, Program> = new Map(
  TABLES.flatMap((table) =>
    Object.entries(table).flatMap(([names, program]) =>
      names.split(" ").map((name): [string, Program] => [name, program]),
    ),
  ),
);

/** `python3.11` and `gcc-12` are `python` and `gcc`; `g`-prefixed GNU tools are what they are elsewhere. */
export function programNamed(name: string): Program | undefined {
  const exact = BY_NAME.get(name);
  if (exact !== undefined) return exact;
  const bare = name.replace(/-?\d+(?:\.\d+)*$/, "");
  return bare === name || bare === "" ? undefined : BY_NAME.get(bare);
}
