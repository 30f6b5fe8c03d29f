/**
 * `backup` of the configuration: what has to fit together, and the values that
 * a backup is made by.
 *
 * @module
 */
import { Cron } from "croner";
import { Fault } from "../../core/fault.ts";
import { parseReference } from "../../core/secret-ref.ts";
import type { LockTo } from "../../ops/backup/envelope.ts";
import type { Keep } from "../../ops/backup/keep.ts";
import type { Environment } from "./environment.ts";
import { expand, overlap, type Places } from "./places.ts";
import { missing } from "./references.ts";
import type { Config } from "./schema.ts";
import { agentSettings } from "./settings.ts";

export type BackupSettings = {
  /** Absolute. */
  readonly destination: string;
  readonly lockTo: LockTo;
  readonly keep: Keep;
  /** Absolute, by the agent's id; empty where they are not saved. */
  readonly workspaces: ReadonlyMap<string, string>;
};

type Refusal = { readonly path: readonly string[]; readonly says: string; readonly hint: string };

export function* checkBackup(config: Config, places: Places): Generator<Refusal> {
  const { destination, recipients, passphrase, schedule } = config.backup;
  const path = ["backup", "destination"];
  if (destination !== undefined) {
    const folder = expand(destination, places);
    const own: readonly (readonly [string, string])[] = [
      [places.home, "the state folder, which it saves"],
      [places.installation, "the installation"],
      ...agentSettings(config, places).map(
        ({ workspace }) => [workspace, "a workspace, which tools can write"] as const,
      ),
      ...config.tools.fs.allowedPaths.map((each) => [expand(each, places), "a folder that tools can use"] as const),
    ];
    const other = own.find(([each]) => overlap(folder, each));
    if (other !== undefined)
      yield {
        path,
        says: `lies above, in or at ${other[1]}`,
        hint: "choose a folder of its own, best on another disk",
      };
  }
  if (passphrase !== undefined && passphraseVariable(passphrase) === undefined)
    yield {
      path: ["backup", "passphrase"],
      says: "is kept in a place that a backup has to be opened for",
      hint: "write a variable of the environment, `${NAME}`, and keep its value elsewhere too",
    };
  if (recipients.length > 0 && passphrase !== undefined)
    yield {
      path: ["backup", "passphrase"],
      says: "stands beside `recipients`",
      hint: "age takes one or the other: keep `recipients`",
    };
  if (schedule === undefined) return;
  if (!isSchedule(schedule))
    yield {
      path: ["backup", "schedule"],
      says: "is not a schedule",
      hint: "write five fields, as `30 3 * * *` for half past three each night",
    };
  if (destination === undefined || (recipients.length === 0 && passphrase === undefined))
    yield {
      path: ["backup", "schedule"],
      says: "needs a destination and who can open it",
      hint: "write `backup.destination` and `backup.recipients` (`vambrace backup key FILE` makes one)",
    };
}

function isSchedule(text: string): boolean {
  try {
    return new Cron(text, { mode: "5-part" }).nextRun() !== null;
  } catch (thrown) {
    if (thrown instanceof Error) return false;
    throw thrown;
  }
}

/** The next time after `afterMs`; null where there is none. */
export function nextBackup({ backup: { schedule } }: Config, afterMs: number): number | null {
  if (schedule === undefined) return null;
  return new Cron(schedule, { mode: "5-part" }).nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** The folder where backups are, absolute; undefined where none is named. */
export function backupFolder({ backup: { destination } }: Config, places: Places): string | undefined {
  return destination === undefined ? undefined : expand(destination, places);
}

/** @throws Fault BACKUP_OFF where it is not said where to or for whom; CONFIG_VARIABLE_MISSING. */
export function backupSettings(config: Config, places: Places, env: Environment): BackupSettings {
  const { keep, workspace } = config.backup;
  const destination = backupFolder(config, places);
  if (destination === undefined)
    throw off("it is not said where backups go", "`vambrace config set backup.destination DIR`, best on another disk");
  const workspaces = workspace
    ? agentSettings(config, places).map(({ id, workspace: folder }) => [id, folder] as const)
    : [];
  return { destination, lockTo: lockTo(config, env), keep, workspaces: new Map(workspaces) };
}

/** The variable that holds the passphrase; undefined where the reference names another place. */
export function passphraseVariable(reference: string): string | undefined {
  const ref = parseReference(reference);
  return ref?.source === "env" ? ref.name : undefined;
}

function lockTo({ backup: { recipients, passphrase } }: Config, env: Environment): LockTo {
  if (recipients.length > 0) return { kind: "recipients", recipients };
  if (passphrase === undefined) {
    throw off(
      "it is not said who can open backups",
      "`vambrace backup key FILE` makes a key and says how to set `backup.recipients`; or set `backup.passphrase` to `${NAME}`",
    );
  }
  const name = passphraseVariable(passphrase) ?? "";
  const value = env.variable(name);
  if (value === undefined) missing("`backup.passphrase`", name);
  return { kind: "passphrase", passphrase: value };
}

function off(message: string, hint: string): Fault {
  return new Fault("BACKUP_OFF", { message, hint });
}
