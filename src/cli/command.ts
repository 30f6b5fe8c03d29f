/**
 * What a command is: data, and one function. stdout is the result, stderr is
 * what a person reads. Exit: 0 done, 1 failed, 2 usage, 3 denied or findings,
 * 4 verification failed.
 *
 * @module
 */
import type { ParseArgsOptionsConfig } from "node:util";
import type { Readable } from "node:stream";
import type { Environment } from "../app/config/environment.ts";

export type Io = {
  /** One line of result. */
  out(line: string): void;
  /** One line for a person. */
  err(line: string): void;
  /** A piece of a line, where text streams. */
  write(piece: string): void;
  readonly stdin: Readable;
  /** Whether a person sits at both ends: colours, questions and progress only then. */
  readonly isTerminal: boolean;
  readonly env: Environment;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
};

export type Flags = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export type Command = {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  /** How many words it takes beside its options, at most; infinite where it looks at each itself. */
  readonly words: number;
  /** One line that a person can copy, and what it does. */
  readonly example: string;
  readonly options: ParseArgsOptionsConfig;
  /** What each option means, by its name; every option has one. */
  readonly help: Readonly<Record<string, string>>;
  /** Everything after `--` is kept apart as `rest`. */
  run(args: readonly string[], flags: Flags, io: Io): Promise<number>;
};

export function flagText(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

export function flagOn(flags: Flags, name: string): boolean {
  return flags[name] === true;
}
