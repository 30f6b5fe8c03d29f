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
import { Fault, toFault } from "../core/fault.ts";
import { COMMANDS, type CommandName } from "./commands.ts";
import type { Command, Flags, Io } from "./command.ts";

// Before anything else parses text that a stranger wrote: no pattern may take more than linear time.
setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
// WebAssembly checks the policies, once: code that is made quickly and stays small serves that best.
for (const flag of ["--no-wasm-tier-up", "--no-wasm-dynamic-tiering"]) setFlagsFromString(flag);

useNearModules();

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort(new Error(signal)));

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
    const fault = toFault(thrown);
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
  const group = groupOf(argv[0] ?? "");
  throw new Fault("COMMAND_UNKNOWN", {
    message: `there is no command \`${argv.slice(0, 2).join(" ").slice(0, 60)}\``,
    hint: group.length > 0 ? `one of: ${group.map((name) => `vambrace ${name}`).join(", ")}` : "see `vambrace --help`",
  });
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
    return { args: positionals, flags: { ...values } };
  } catch (cause) {
    throw new Fault("COMMAND_USAGE", {
      message: cause instanceof Error ? lowerFirst(cause.message) : "the words of the command are off",
      hint: `usage: ${command.usage}`,
      cause,
    });
  }
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1).replace(/\.$/, "");
}

function showHelp(command: Command): number {
  io.out(`${command.summary}\n\nusage: ${command.usage}`);
  const names = Object.keys(command.options);
  if (names.length > 0)
    io.out(`\noptions:\n${names.map((name) => `  --${name.padEnd(14)} ${command.help[name] ?? ""}`).join("\n")}`);
  io.out(`\nexample: ${command.example}`);
  return 0;
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
    io.out(`  ${command.name.padEnd(18)} ${command.summary}`);
  }
  io.out("\n`vambrace COMMAND --help` shows its options and an example. Begin with: vambrace start --chat");
  return 0;
}
