/** What opens a backup, as the command line is told it: never as a word of the command. @module */
import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import { stateFolder } from "../app/config/environment.ts";
import { loadConfig } from "../app/config/load.ts";
import { passphraseVariable } from "../app/config/backup.ts";
import { Fault } from "../core/fault.ts";
import type { Unlock } from "../ops/backup/envelope.ts";
import { type Flags, flagText, type Io } from "./command.ts";
import { askHidden } from "./typed.ts";

export const UNLOCK_OPTIONS = { identity: { type: "string" }, "passphrase-file": { type: "string" } } as const;
export const UNLOCK_HELP = {
  identity: "a file with the key whose recipient it was made for; - for standard input",
  "passphrase-file": "a file with the passphrase; - for standard input",
} as const;

/** @returns undefined where nothing was said and the configuration names no passphrase. */
export async function unlockOf(io: Io, flags: Flags): Promise<Unlock | undefined> {
  const identity = flagText(flags, "identity");
  const file = flagText(flags, "passphrase-file");
  if (identity !== undefined && file !== undefined) throw usage("say --identity or --passphrase-file, not both");
  if (identity !== undefined) return { kind: "identities", identities: identitiesIn(await readSecret(io, identity)) };
  if (file !== undefined) return { kind: "passphrase", passphrase: (await readSecret(io, file)).replace(/\r?\n$/, "") };
  return fromConfig(io);
}

/** @throws Fault BACKUP_KEY_WRONG where nothing opens it. */
export async function neededUnlock(io: Io, flags: Flags): Promise<Unlock> {
  const unlock = await unlockOf(io, flags);
  if (unlock !== undefined) return unlock;
  if (!io.isTerminal) {
    throw new Fault("BACKUP_KEY_WRONG", {
      message: "it is not said what opens the backup",
      hint: "give the key's file with --identity, or the passphrase's with --passphrase-file",
    });
  }
  return { kind: "passphrase", passphrase: await askHidden(io, "  passphrase of the backup > ") };
}

function fromConfig(io: Io): Unlock | undefined {
  const named = configured(io);
  const name = named === undefined ? undefined : passphraseVariable(named);
  const value = name === undefined ? undefined : io.env.variable(name);
  return value === undefined ? undefined : { kind: "passphrase", passphrase: value };
}

/** A machine on which everything was lost has no configuration, or one that cannot be read. */
function configured(io: Io): string | undefined {
  try {
    return loadConfig({ home: stateFolder(io.env), env: io.env }).config.backup.passphrase;
  } catch (thrown) {
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}

async function readSecret(io: Io, path: string): Promise<string> {
  if (path === "-") return readAll(io.stdin);
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Fault("COMMAND_USAGE", {
      message: `cannot read \`${path.slice(0, 200)}\``,
      hint: "name a file that exists",
      cause,
    });
  }
}

function identitiesIn(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const found = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (found.length > 0) return found;
  throw usage("the file of --identity holds no key");
}

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: "see `vambrace backup --help`" });
}
