/**
 * `vambrace check command`, `path`, `url` and `call`: what the gate would say.
 * Nothing is run, written, sent or resolved.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { Verdict } from "../core/decision.ts";
import { Fault } from "../core/fault.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { eachLine, parseJson, parseWith } from "./json-lines.ts";
import { existing, groundOf } from "./judging.ts";
import { type Names, openQuestions, type Questions } from "./questions.ts";
import { oneLine, paint } from "./style.ts";
import { readInput } from "./typed.ts";

const id = z.union([z.string(), z.number()]);
const who = { person: z.string().optional(), cwd: z.string().optional() };
const CommandRequest = z.strictObject({
  id,
  command: z.string(),
  ...who,
  allow: z.array(z.string()).max(1000).optional(),
});
const PathRequest = z.strictObject({ id, path: z.string(), access: z.enum(["read", "write"]), ...who });
const UrlRequest = z.strictObject({
  id,
  url: z.string(),
  method: z.string().optional(),
  person: z.string().optional(),
});

const COMMON = {
  jsonl: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  config: { type: "string" },
} as const;
const WHO = { person: { type: "string" }, cwd: { type: "string" } } as const;
const COMMON_HELP = {
  jsonl: "one request a line on standard input, one answer a line out, in the same order",
  json: "only the answer as JSON, without a line for a person",
  config: "judge by this configuration file instead",
};
const WHO_HELP = {
  person: "on whose behalf, by id; the owner unless said",
  cwd: "the folder that it starts in; the workspace unless said",
};

export const checkCommand: Command = {
  name: "check command",
  words: Number.POSITIVE_INFINITY,
  summary: "what the gate would say to a shell command, and what the command would touch",
  usage:
    "vambrace check command [--cwd DIR] [--person P] [--allow NAME]… [--config FILE] [--json] -- CMD… | --jsonl < FILE",
  example: "vambrace check command -- 'git log | wc -l'   # exit 3 where it would be asked or denied",
  options: { ...COMMON, ...WHO, allow: { type: "string", multiple: true } },
  help: {
    ...COMMON_HELP,
    ...WHO_HELP,
    allow: "judge as if this program were the allowlist; may be given several times",
  },
  async run(args, flags, io) {
    const questions = await openQuestions(groundOf(io, flags));
    if (flagOn(flags, "jsonl")) {
      return jsonl({ io, args, command: checkCommand }, questions, async (value) => {
        const { id, ...ask } = parseWith(CommandRequest, value);
        return { id, ...(await questions.command(ask)) };
      });
    }
    const answer = await questions.command({
      command: asShell(needed(args, checkCommand)),
      ...whoOf(flags),
      allow: allowOf(flags),
    });
    show(io, flags, answer);
    return answer.verdict === "allow" ? 0 : 3;
  },
};

export const checkPath: Command = {
  name: "check path",
  words: 1,
  summary: "what the gate would say to reading or writing a path, and where it really leads",
  usage:
    "vambrace check path PATH [--access read|write] [--cwd DIR] [--person P] [--config FILE] [--json] | --jsonl < FILE",
  example: "vambrace check path notes/../../.ssh/id_ed25519",
  options: { ...COMMON, ...WHO, access: { type: "string", default: "read" } },
  help: { ...COMMON_HELP, ...WHO_HELP, access: "read or write; read unless said" },
  async run(args, flags, io) {
    const questions = await openQuestions(groundOf(io, flags));
    if (flagOn(flags, "jsonl")) {
      return jsonl({ io, args, command: checkPath }, questions, async (value) => {
        const { id, ...ask } = parseWith(PathRequest, value);
        return { id, ...(await questions.path(ask)) };
      });
    }
    const access = flagText(flags, "access");
    if (access !== "read" && access !== "write") throw usage("--access is read or write", checkPath);
    show(io, flags, await questions.path({ path: single(args, checkPath), access, ...whoOf(flags) }));
    return 0;
  },
};

export const checkUrl: Command = {
  name: "check url",
  words: 1,
  summary: "what the gate would say to fetching an address, and which host it means",
  usage: "vambrace check url URL [--method M] [--resolve FILE] [--person P] [--config FILE] [--json] | --jsonl < FILE",
  example: "vambrace check url http://2130706433/   # an address of this machine, written as a number",
  options: { ...COMMON, person: WHO.person, method: { type: "string" }, resolve: { type: "string" } },
  help: {
    ...COMMON_HELP,
    person: WHO_HELP.person,
    method: "GET unless said",
    resolve: 'a JSON file {"name":["address",…]}: names count as these addresses; nothing is looked up',
  },
  async run(args, flags, io) {
    const questions = await openQuestions(groundOf(io, flags), namesIn(flagText(flags, "resolve")));
    if (flagOn(flags, "jsonl")) {
      return jsonl({ io, args, command: checkUrl }, questions, async (value) => {
        const { id, ...ask } = parseWith(UrlRequest, value);
        return { id, ...(await questions.url(ask)) };
      });
    }
    const ask = { url: single(args, checkUrl), method: flagText(flags, "method"), person: flagText(flags, "person") };
    show(io, flags, await questions.url(ask));
    return 0;
  },
};

export const checkCallCommand: Command = {
  name: "check call",
  words: 1,
  summary: "what the gate would say to one call of a recorded session",
  usage: "vambrace check call FILE|- [--config FILE] [--json] | --jsonl < FILE",
  example: "vambrace check call session.json   # a session as `vambrace replay` reads it, ending in the call",
  options: COMMON,
  help: COMMON_HELP,
  async run(args, flags, io) {
    const questions = await openQuestions(groundOf(io, flags));
    if (flagOn(flags, "jsonl")) {
      return jsonl({ io, args, command: checkCallCommand }, questions, (value) => questions.call(value));
    }
    const name = single(args, checkCallCommand);
    const text = name === "-" ? await readInput(io) : readFileSync(existing(name, "file"), "utf8");
    show(io, flags, await questions.call(parseJson(text)));
    return 0;
  },
};

/** Lines that came together are answered from one look at the files, which is never older than they are. */
async function jsonl(
  { io, args, command }: { readonly io: Io; readonly args: readonly string[]; readonly command: Command },
  { lookAgain }: Questions,
  answer: (value: unknown) => Promise<unknown>,
): Promise<number> {
  if (args.length > 0) throw usage("with --jsonl the requests come from standard input", command);
  return eachLine(io, { input: io.stdin, came: lookAgain }, async (value) => [await answer(value)]);
}

function show(io: Io, flags: Flags, answer: { readonly verdict: Verdict; readonly says: string }): void {
  io.out(JSON.stringify(answer));
  if (flagOn(flags, "json")) return;
  const colour = { allow: "green", ask: "yellow", deny: "red" } as const;
  io.err(`${paint(io, colour[answer.verdict], answer.verdict)}: ${oneLine(answer.says, 300)}`);
}

/** One word is shell text as it stands; several are words that a shell took apart already. */
function asShell(words: readonly string[]): string {
  const [only, ...more] = words;
  return only !== undefined && more.length === 0 ? only : words.map(quoted).join(" ");
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function whoOf(flags: Flags): { readonly person: string | undefined; readonly cwd: string | undefined } {
  return { person: flagText(flags, "person"), cwd: flagText(flags, "cwd") };
}

function allowOf(flags: Flags): readonly string[] | undefined {
  const given = flags["allow"];
  return Array.isArray(given) ? given.map(String) : undefined;
}

const Table = z.record(z.string(), z.array(z.string()));

function namesIn(path: string | undefined): Names {
  if (path === undefined) return new Map();
  const table = parseWith(Table, parseJson(readFileSync(existing(path, "file"), "utf8")));
  return new Map(Object.entries(table).map(([name, addresses]) => [name.toLowerCase(), addresses]));
}

function needed(args: readonly string[], command: Command): readonly string[] {
  if (args.length > 0) return args;
  throw usage("say what to ask about", command);
}

function single(args: readonly string[], command: Command): string {
  const [only, ...more] = needed(args, command);
  if (only !== undefined && more.length === 0) return only;
  throw usage("one at a time; many go in with --jsonl", command);
}

function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
