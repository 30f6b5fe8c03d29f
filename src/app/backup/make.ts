/**
 * Makes a backup of a state folder, whether a gateway runs on it or not: what
 * `backup create` and the schedule do.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import { copyDatabase } from "../../edges/store/copy.ts";
import { holdLock, type Lock } from "../../edges/store/lock.ts";
import { copyLedger } from "../../ledger/copy.ts";
import { createBackup, type Created } from "../../ops/backup/create.ts";
import { folderDepot } from "../../ops/backup/depot.ts";
import { sourceOf } from "../../ops/backup/source.ts";
import { backupSettings } from "../config/backup.ts";
import { makeFolder } from "../config/durable.ts";
import type { Environment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { homeAt } from "../home.ts";
import type { Vet } from "../../steps/judge/policy/vet.ts";
import { packageVersion } from "../version.ts";
import { readPolicies } from "../policies.ts";
import { answersOf } from "./answers.ts";
import { BACKUP_NAME, catalogueFile, chainKey, writeCheckpoint } from "./own.ts";

export type MakeParts = {
  /** The state folder. */
  readonly home: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly full?: boolean;
  /** Instead of what the configuration says. */
  readonly destination?: string;
  readonly workspace?: boolean;
  readonly signal?: AbortSignal;
  /** Where policies are vetted; absent: here. */
  readonly vet?: Vet;
};

/** @throws Fault of `createBackup`, `backupSettings` and `loadConfig`; BACKUP_BUSY where another is being made. */
export async function makeBackup(parts: MakeParts): Promise<Created> {
  const { home, env, clock, random } = parts;
  const loaded = loadConfig({ home, env });
  const settings = backupSettings(withOptions(parts, loaded.config), loaded.places, env);
  const lock = takeLock(home);
  const scratch = join(home, "run", `backup-${randomBytes(6).toString("hex")}`);
  try {
    makeFolder(scratch);
    const answers = await answersOf(loaded, readPolicies(homeAt(home).policies), parts.vet);
    const created = await createBackup({
      depot: folderDepot(settings.destination),
      source: sourceOf({
        home,
        workspaces: settings.workspaces,
        copyDatabase: databaseCopier(scratch),
        copyLedger: () => copyLedger(homeAt(home).ledger),
      }),
      lockTo: settings.lockTo,
      key: chainKey(home),
      catalogue: catalogueFile(home),
      clock,
      random,
      keep: settings.keep,
      full: parts.full ?? false,
      facts: { version: packageVersion(), home, answers: answers.digest, asked: answers.asked },
      ...(parts.signal === undefined ? {} : { signal: parts.signal }),
    });
    writeCheckpoint(home, created.note.note);
    return created;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
    lock.release();
  }
}

type Config = ReturnType<typeof loadConfig>["config"];

function withOptions({ destination, workspace }: MakeParts, config: Config): Config {
  return {
    ...config,
    backup: {
      ...config.backup,
      ...(destination === undefined ? {} : { destination }),
      ...(workspace === undefined ? {} : { workspace }),
    },
  };
}

function takeLock(home: string): Lock {
  makeFolder(join(home, BACKUP_NAME));
  const lock = holdLock(join(home, BACKUP_NAME, "backup.lock"), 0);
  if (lock !== "busy") return lock;
  throw new Fault("BACKUP_BUSY", {
    message: "a backup of this state folder is being made",
    hint: "wait until it has ended; `vambrace backup list` shows it then",
  });
}

function databaseCopier(scratch: string): (file: string) => Promise<string> {
  let count = 0;
  return async (file) => {
    const to = join(scratch, `${++count}-${basename(file)}`);
    await copyDatabase(file, to);
    return to;
  };
}
