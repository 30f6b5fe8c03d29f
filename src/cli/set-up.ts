/**
 * What is asked once: where the workspace is, and how its files are trusted.
 * Without a terminal, and for every empty answer, the safe default stands.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { stateFolder } from "../app/config/environment.ts";
import { homeAt } from "../app/home.ts";
import { checkWorkspace, proposedWorkspace, writeFirstConfig } from "../app/config/first.ts";
import type { Where } from "../app/config/load.ts";
import { toFault } from "../core/fault.ts";
import { TRUST_LEVELS, type Trust } from "../core/label.ts";
import type { Io } from "./command.ts";
import { printable } from "./style.ts";
import { askLine } from "./typed.ts";

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
  await askSetUp(io, where, { workspace: proposedWorkspace(where), folderTrust: "none" }, async (answers) => {
    writeFirstConfig(where, answers);
  });
}

/** Asks until `take` takes the answers; what cannot be taken is said and asked again. */
export async function askSetUp(
  io: Io,
  where: Where,
  standing: SetUp,
  take: (answers: SetUp) => Promise<void>,
): Promise<void> {
  for (;;) {
    try {
      const workspace =
        (await askLine(io, `  folder that the agent works in [${standing.workspace}] > `)) || standing.workspace;
      checkWorkspace(where, workspace);
      await take({ workspace, folderTrust: await askTrust(io, standing.folderTrust) });
      return;
    } catch (thrown) {
      const fault = toFault(thrown);
      // Another answer helps only where it is the answer that was wrong.
      if (!fault.code.startsWith("CONFIG_")) throw fault;
      io.err(`  ${printable(fault.message)}\n  hint: ${fault.hint}`);
    }
  }
}

async function askTrust(io: Io, standing: Trust): Promise<Trust> {
  io.err("  who wrote the files there? `none`: anybody (downloads, clones); `full`: only you");
  for (;;) {
    const said = (await askLine(io, `  how far they are trusted [${standing}] > `)) || standing;
    const level = TRUST_LEVELS.find((one) => one === said);
    if (level !== undefined) return level;
    io.err(`  one of, from the least to the most: ${TRUST_LEVELS.join(", ")}`);
  }
}
