/**
 * The differential campaign: what bash started must be among the programs that
 * the analysis named, or the analysis must have said that it does not know.
 *
 * Alone: `node test/facts-campaign.ts COUNT [SEED]`.
 *
 * @module
 */
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { commandFinder } from "../src/steps/judge/facts/command.ts";
import type { CommandFinder, CommandWorld, FilePort } from "../src/steps/judge/facts/types.ts";
import { COMMAND, ORDINARY } from "./facts-generator.ts";
import { recordPrograms, recorderNames, SANDBOX_HOME } from "./facts-recorder.ts";

/** The files that every command of the campaign finds. */
const FOLDERS: ReadonlyMap<string, readonly string[]> = new Map([
  ["/", ["w", "usr"]],
  ["/w", ["here"]],
  ["/w/here", ["a.txt", "b.txt", "sub"]],
  ["/w/here/sub", ["c.txt"]],
  ["/usr", ["bin"]],
  ["/usr/bin", [...recorderNames()]],
]);

const FILES: FilePort = {
  lstat: async (path) => {
    if (FOLDERS.has(path)) return { kind: "folder", size: 0, links: 1, executable: true };
    const at = path.lastIndexOf("/");
    const there = FOLDERS.get(path.slice(0, at) || "/")?.includes(path.slice(at + 1)) === true;
    return there ? { kind: "file", size: 1, links: 1, executable: path.startsWith("/usr/bin/") } : null;
  },
  readlink: async () => null,
  readdir: async (path) => FOLDERS.get(path) ?? null,
  readAt: async () => null,
  digest: async () => null,
};

const WORLD: CommandWorld = {
  files: FILES,
  home: SANDBOX_HOME,
  workspace: "/w/here",
  path: ["/usr/bin"],
  environment: new Map([
    ["HOME", SANDBOX_HOME],
    ["PATH", "/usr/bin"],
    ["LANG", "C"],
  ]),
};

export type Miss = { readonly command: string; readonly ran: readonly string[]; readonly named: readonly string[] };
export type Campaign = { readonly misses: readonly Miss[]; readonly ran: number; readonly opaque: number };

export function samples(count: number, seed: number): readonly string[] {
  return fc.sample(COMMAND, { numRuns: count, seed });
}

/** @returns null where the sandbox is missing. */
export async function campaign(
  commands: readonly string[],
  find: CommandFinder = commandFinder(WORLD),
): Promise<Campaign | null> {
  const recorded = recordPrograms(commands);
  if (recorded === null) return null;
  const misses: Miss[] = [];
  let ran = 0;
  let opaque = 0;
  for (const [i, command] of commands.entries()) {
    const facts = await find(command, { cwd: "/w/here", allow: [...recorderNames()], block: [] });
    const started = recorded[i] ?? [];
    if (started.length > 0) ran += 1;
    if (facts.opaque.length > 0) {
      opaque += 1;
      continue;
    }
    const named = facts.programs.map((program) => program.name.slice(program.name.lastIndexOf("/") + 1));
    const unseen = started.filter((name) => !named.includes(name) && !throughScript(facts.unlisted));
    if (unseen.length > 0) misses.push({ command, ran: unseen, named });
  }
  return { misses, ran, opaque };
}

/** A script that the command runs is named, and asked about, as a whole. */
function throughScript(unlisted: readonly string[]): boolean {
  return unlisted.some((reason) => /runs the script|obeys its standard input|runs the program/.test(reason));
}

async function main(count: number, seed: number): Promise<void> {
  const step = 500;
  for (let at = 0; at < count; at += step) {
    const commands = samples(Math.min(step, count - at), seed + at);
    const result = await campaign([...commands, ...(at === 0 ? ORDINARY : [])]);
    if (result === null) throw new Error("no sandbox: install bubblewrap");
    console.log(
      `${at + commands.length} commands: ${result.ran} started something, ${result.opaque} opaque, ${result.misses.length} missed`,
    );
    for (const miss of result.misses) console.log(JSON.stringify(miss));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  await main(Number(process.argv[2] ?? 1000), Number(process.argv[3] ?? 1));
