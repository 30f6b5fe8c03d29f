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
import { writeFirstConfig } from "../app/config/first.ts";
import { toFault } from "../core/fault.ts";
import { TRUST_LEVELS, type Trust } from "../core/label.ts";
import type { Io } from "./command.ts";

const DEFAULT_WORKSPACE = "~/vambrace";

export async function setUpOnce(io: Io): Promise<void> {
  const home = homeAt(stateFolder(io.env));
  if (existsSync(home.config)) return;
  if (!io.isTerminal) {
    writeFirstConfig({ home: home.root, env: io.env });
    return;
  }
  const terminal = createInterface({ input: io.stdin, output: process.stderr, terminal: true });
  try {
    io.err("first start: two questions, Enter takes the safe answer");
    for (;;) {
      const workspace = (await terminal.question(`  folder that the agent works in [${DEFAULT_WORKSPACE}] > `)).trim() || DEFAULT_WORKSPACE;
      const folderTrust = await askTrust(terminal, io);
      try {
        writeFirstConfig({ home: home.root, env: io.env }, { workspace, folderTrust });
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

async function askTrust(terminal: { question(prompt: string): Promise<string> }, io: Io): Promise<Trust> {
  io.err("  who wrote the files there? `none`: anybody (downloads, clones); `full`: only you");
  for (;;) {
    const said = (await terminal.question("  how far they are trusted [none] > ")).trim() || "none";
    const level = TRUST_LEVELS.find((one) => one === said);
    if (level !== undefined) return level;
    io.err(`  one of: ${TRUST_LEVELS.join(", ")}`);
  }
}
