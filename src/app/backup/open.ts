/** Finds and opens backups for those who restore or try them. @module */
import { Fault } from "../../core/fault.ts";
import type { VerifierKey } from "../../ledger/note.ts";
import type { ChainNote } from "../../ops/backup/chain.ts";
import { type Depot, folderDepot } from "../../ops/backup/depot.ts";
import { opener, type Unlock } from "../../ops/backup/envelope.ts";
import { openRun, type Run } from "../../ops/backup/open-run.ts";
import { keptNotes, keyOfDepot, readChain } from "../../ops/backup/repository.ts";
import { disproofOf } from "../../ops/backup/verify.ts";
import { backupFolder } from "../config/backup.ts";
import type { Environment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";

export type Kept = { readonly publicKey?: string; readonly checkpoint?: string };

/** @param from absolute; absent: what the configuration says. */
export function depotOf(home: string, env: Environment, from: string | undefined): Depot {
  if (from !== undefined) return folderDepot(from);
  const { config, places } = loadConfig({ home, env });
  const folder = backupFolder(config, places);
  if (folder !== undefined) return folderDepot(folder);
  throw new Fault("BACKUP_OFF", {
    message: "it is not said where backups are",
    hint: "name the folder with --from, or `vambrace config set backup.destination DIR`",
  });
}

export type Listed = {
  readonly own: VerifierKey;
  readonly notes: readonly ChainNote[];
  readonly kept: readonly ChainNote[];
};

/** @throws Fault BACKUP_MISSING, BACKUP_DAMAGED where the chain, or what was kept elsewhere, does not hold. */
export async function listBackups(depot: Depot, kept: Kept = {}): Promise<Listed> {
  const own = await keyOfDepot(depot);
  const { notes, problems } = await readChain(depot, own);
  const disproof = disproofOf(notes, own, kept);
  const problem = problems[0] ?? disproof;
  if (problem === undefined) return { own, notes, kept: keptNotes(notes) };
  throw new Fault("BACKUP_DAMAGED", {
    message: `the folder of the backups was changed: ${problem}`,
    hint: "`vambrace backup verify` says everything; use a copy of the folder that holds",
  });
}

export type OpenedBackup = {
  readonly note: ChainNote;
  readonly run: Run;
  readonly open: (header: Buffer) => Promise<Buffer>;
};

/** @param number absent: the newest. @throws Fault BACKUP_MISSING, BACKUP_DAMAGED, BACKUP_KEY_WRONG */
export async function openBackup(depot: Depot, listed: Listed, unlock: Unlock, number?: number): Promise<OpenedBackup> {
  const note = number === undefined ? listed.kept.at(-1) : listed.kept.find((each) => each.number === number);
  if (note === undefined) {
    throw new Fault("BACKUP_MISSING", {
      message: number === undefined ? "there is no backup in the folder" : `backup ${number} is not there`,
      hint: "`vambrace backup list` shows those that are",
    });
  }
  const open = opener(unlock);
  return { note, open, run: await openRun(depot, note, { open, origin: listed.own.name }) };
}
