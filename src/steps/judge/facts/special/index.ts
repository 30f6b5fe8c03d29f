/**
 * Readers for programs whose arguments are a language of their own.
 *
 * @module
 */
import type { Stream } from "../fields.ts";
import type { Program } from "../programs/table.ts";
import type { Run } from "../roles.ts";
import { awk } from "./awk.ts";
import { find } from "./find.ts";
import { sed } from "./sed.ts";
import { shell } from "./shell.ts";
import { SMALL } from "./small.ts";
import { dd, git, ssh, tar } from "./tools.ts";
import { env, xargs } from "./wrappers.ts";

export type Special = (run: Run, program: Program) => Stream;

export const SPECIAL: ReadonlyMap<string, Special> = new Map<string, Special>([
  ...SMALL,
  ["awk", awk],
  ["dd", dd],
  ["env", env],
  ["find", find],
  ["git", git],
  ["sed", sed],
  ["shell", shell],
  ["ssh", ssh],
  ["tar", tar],
  ["xargs", xargs],
]);
