#!/usr/bin/env -S MALLOC_MMAP_THRESHOLD_=32768 MALLOC_TRIM_THRESHOLD_=32768 node --max-semi-space-size=1
/**
 * The command line: finds the command, parses its options, and turns faults
 * into words and an exit status.
 *
 * @module
 */
import "../edges/net/lean.ts";
import "../edges/net/undumped.ts";
import { setFlagsFromString } from "node:v8";
import { parseArgs } from "node:util";
import { readEnvironment } from "../app/config/environment.ts";
import { useNearModules } from "../app/near-modules.ts";
import { operatorFault } from "../core/disk-fault.ts";
import { Fault } from "../core/fault.ts";
import { nearest } from "../core/nearest.ts";
import { COMMANDS, type CommandName } from "./commands.ts";
import type { Command, Flags, Io } from "./command.ts";
import { beside, wrapped } from "./style.ts";

// Before anything else parses text that a stranger wrote: no pattern may take more than linear time.
setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
// WebAssembly checks the policies, once: code that is made quickly and stays small serves that best.
for (const flag of ["--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]) setFlagsFromString(flag);

useNearModules();

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => interrupted(signal));

const io: Io = {
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  write: (piece) => process.stdout.write(piece),
  stdin: process.stdin,
  isTerminal: process.stdin.isTTY && process.stdout.isTTY,
  env: readEnvironment(),
  signal: stop.signal,
};

// A reader that went away (`| head`) is no failure, and nobody is left to tell.
process.stderr.on("error", () => undefined);
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await main(process.argv.slice(2));

/** The first time a command may end in order; a person who presses Ctrl-C again does not want to wait for that. */
function interrupted(signal: "SIGINT" | "SIGTERM" | "SIGHUP"): void {
  if (stop.signal.aborted && signal === "SIGINT") process.exit(130);
  stop.abort(new Error(signal));
  if (!io.isTerminal || signal !== "SIGINT") return;
  setTimeout(() => io.err("stopping; Ctrl-C once more ends it at once"), 1000).unref();
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    if (argv.length === 0 || isHelp(argv[0] ?? "") || argv[0] === "help") return await showCommands(argv.slice(1));
    if (isHelp(argv[1] ?? "") && groupOf(argv[0] ?? "").length > 0) return await showCommands(argv.slice(0, 1));
    const { name, rest } = findCommand(argv);
    const command = await COMMANDS[name]();
    if (wantsHelp(rest)) return showHelp(command);
    const { args, flags } = parseFor(command, rest);
    return await command.run(args, flags, io);
  } catch (thrown) {
    const fault = operatorFault(thrown);
    io.err(`error: ${fault.message}`);
    io.err(`hint: ${fault.hint}`);
    if (fault.code === "INTERNAL") io.err(stackOf(fault));
    return fault.exitCode;
  }
}

function stackOf({ facts }: Fault): string {
  const { error } = facts;
  return typeof error === "string" ? error : "";
}

/** `check command`, `check path`, … of `check`. */
function groupOf(word: string): readonly CommandName[] {
  return Object.keys(COMMANDS).filter((name): name is CommandName => isCommand(name) && name.startsWith(`${word} `));
}

function isHelp(word: string): boolean {
  return word === "--help" || word === "-h";
}

/** The longest name that the words begin with: `log verify` before `log`. */
function findCommand(argv: readonly string[]): { readonly name: CommandName; readonly rest: readonly string[] } {
  for (const words of [3, 2, 1]) {
    const name = argv.slice(0, words).join(" ");
    if (isCommand(name)) return { name, rest: argv.slice(words) };
  }
  const [first = "", second = ""] = argv;
  const group = groupOf(first);
  throw new Fault("COMMAND_UNKNOWN", {
    message: `there is no command \`${(group.length > 0 ? `${first} ${second}`.trim() : first).slice(0, 60)}\``,
    hint: nearestCommand(first, second) ?? listOf(group),
  });
}

/** The whole name, or a first word with the group behind it. */
function nearestCommand(first: string, second: string): string | undefined {
  const names = Object.keys(COMMANDS);
  const firstWords = new Set(names.map((name) => name.split(" ", 1)[0] ?? name));
  const near =
    nearest(`${first} ${second}`.trim(), names) ?? (firstWords.has(first) ? undefined : nearest(first, firstWords));
  return near === undefined ? undefined : `did you mean \`vambrace ${near}\`?`;
}

function listOf(group: readonly string[]): string {
  return group.length > 0 ? `one of: ${group.map((name) => `vambrace ${name}`).join(", ")}` : "see `vambrace --help`";
}

function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function wantsHelp(rest: readonly string[]): boolean {
  const end = rest.indexOf("--");
  return (end === -1 ? rest : rest.slice(0, end)).some(isHelp);
}

function parseFor(
  command: Command,
  rest: readonly string[],
): { readonly args: readonly string[]; readonly flags: Flags } {
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      options: command.options,
      allowPositionals: true,
      strict: true,
    });
    // The word itself is not repeated: it may be a secret that belongs elsewhere.
    if (positionals.length > command.words) throw misused(command, tooManyFor(command));
    return { args: positionals, flags: { ...values } };
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw misused(command, optionTrouble(command, cause), cause);
  }
}

function misused({ usage }: Command, message: string, cause?: unknown): Fault {
  return new Fault("COMMAND_USAGE", {
    message,
    hint: `usage: ${usage}`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function tooManyFor({ name, words }: Command): string {
  return words === 0 ? `\`${name}\` takes options only` : `too many words: \`${name}\` takes ${words} and options`;
}

/** What Node's parser says, on one line and without its advice; an option that is not there gets the nearest one. */
function optionTrouble({ name, options }: Command, cause: unknown): string {
  const said = cause instanceof Error ? cause.message : "the words of the command are off";
  const [, unknown] = /^Unknown option '(--?[^'=\s]{1,60})/.exec(said) ?? [];
  if (unknown === undefined) return lowerFirst(said.split(/[.\n]/, 1)[0] ?? said);
  const near = nearest(unknown.replace(/^-+/, ""), Object.keys(options));
  const meant = near === undefined ? "" : `; did you mean \`--${near}\`?`;
  return `\`${name}\` has no option \`${unknown}\`${meant}`;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}

function showHelp(command: Command): number {
  io.out(`${wrapped(command.summary)}\n\n${usageLine(command)}`);
  const names = Object.keys(command.options);
  if (names.length > 0)
    io.out(`\noptions:\n${names.map((name) => beside(`  --${name.padEnd(14)}`, command.help[name] ?? "")).join("\n")}`);
  io.out(`\nexample: ${command.example}`);
  return 0;
}

/** An option and what it takes stay together. */
function usageLine({ usage }: Command): string {
  const whole = usage.replaceAll(/\[[^\]]*\]/g, (option) => option.replaceAll(" ", "\u00a0"));
  return beside("usage:", whole).replaceAll("\u00a0", " ");
}

async function showCommands(words: readonly string[]): Promise<number> {
  const wanted = words.join(" ");
  if (isCommand(wanted)) return showHelp(await COMMANDS[wanted]());
  const group = groupOf(wanted);
  if (wanted !== "" && group.length === 0) findCommand(words);
  io.out("vambrace: an agent with hands, safe by construction\n");
  for (const name of Object.keys(COMMANDS)) {
    if (!isCommand(name) || (group.length > 0 && !group.includes(name))) continue;
    const command = await COMMANDS[name]();
    io.out(beside(`  ${command.name.padEnd(18)}`, command.summary));
  }
  io.out("\n`vambrace COMMAND --help` shows its options and an example. Begin with: vambrace start --chat");
  return 0;
}
