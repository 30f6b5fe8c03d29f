/**
 * Which egress rules count for a call.
 *
 * A rule that names programs counts for a command that was understood and in
 * which every program is one of those, or one of the shipped list that reaches
 * no host. The proxy sees a call and not its programs: so a call with another
 * program in it gets no way to that host at all. For anything but a command it
 * never counts.
 *
 * @module
 */
import { basename, dirname } from "node:path/posix";
import type { CommandFacts, ProgramFact } from "../../core/call.ts";
import { COMMAND_PATH } from "../../core/command-environment.ts";
import type { EgressRule } from "../../core/posture.ts";
import { DEFAULT_ALLOW } from "./facts/default-allow.ts";

const QUIET: ReadonlySet<string> = new Set(DEFAULT_ALLOW.filter((name) => !name.includes(" ")));

export type Ran = Pick<CommandFacts, "programs" | "opaque">;

export function rulesFor(rules: readonly EgressRule[], command: Ran | undefined): readonly EgressRule[] {
  return rules.filter(({ programs }) => programs === undefined || isOnly(programs, command));
}

function isOnly(named: readonly string[], command: Ran | undefined): boolean {
  if (command === undefined || command.opaque.length > 0) return false;
  return command.programs.every((program) => isQuiet(program) || named.some((name) => isNamed(program, name)));
}

/** By a bare name only where programs of the system lie: `./git` is not `git`. */
function isNamed({ path }: ProgramFact, name: string): boolean {
  if (path === null) return false;
  return name.startsWith("/") ? path === name : basename(path) === name && COMMAND_PATH.includes(dirname(path));
}

function isQuiet(program: ProgramFact): boolean {
  // A builtin of the shell has no path.
  if (program.path === null) return QUIET.has(program.name);
  return [...QUIET].some((name) => isNamed(program, name));
}
