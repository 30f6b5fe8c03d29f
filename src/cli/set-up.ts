/**
 * What is asked once: where the workspace is, and how its files are trusted.
 * Without a terminal, and for every empty answer, the safe default stands.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { stateFolder } from "../app/config/environment.ts";
import { homeAt } from "../app/home.ts";
import { proposedWorkspace, writeFirstConfig } from "../app/config/first.ts";
import { toFault } from "../core/fault.ts";
import { TRUST_LEVELS, type Trust } from "../core/label.ts";
import type { Io } from "./command.ts";

export type SetUp = { readonly workspace: string; readonly folderTrust: Trust };

export async function setUpOnce(io: Io): Promise<void> {
  const home = homeAt(stateFolder(io.env));
  if (existsSync(home.config)) return;
  const where = { home: home.root, env: io.env };
  if (!io.isTerminal) {
    writeFirstConfig(where);
    return;
  }
  io.err("first start: two questions, Enter takes the safe answer");
  await askSetUp(io, { workspace: proposedWorkspace(where), folderTrust: "none" }, async (answers) => {
    writeFirstConfig(where, answers);
  });
}

/** Asks until `take` takes the answers; what it refuses is said and asked again. */
export async function askSetUp(io: Io, standing: SetUp, take: (answers: SetUp) => Promise<void>): Promise<void> {
  const terminal = createInterface({ input: io.stdin, output: process.stderr, terminal: true });
  try {
    for (;;) {
      const said = (await terminal.question(`  folder that the agent works in [${standing.workspace}] > `)).trim();
      const folderTrust = await askTrust(terminal, io, standing.folderTrust);
      try {
        await take({ workspace: said || standing.workspace, folderTrust });
        return;
      } catch (thrown) {
        const fault = toFault(thrown);
        io.err(`  ${fault.message}\n  hint: ${fault.hint}`);
      }
    }
  } finally {
    terminal.close();
  }
}

async function askTrust(
  terminal: { question(prompt: string): Promise<string> },
  io: Io,
  standing: Trust,
): Promise<Trust> {
  io.err("  who wrote the files there? `none`: anybody (downloads, clones); `full`: only you");
  for (;;) {
    const said = (await terminal.question(`  how far they are trusted [${standing}] > `)).trim() || standing;
    const level = TRUST_LEVELS.find((one) => one === said);
    if (level !== undefined) return level;
    io.err(`  one of: ${TRUST_LEVELS.join(", ")}`);
  }
}
