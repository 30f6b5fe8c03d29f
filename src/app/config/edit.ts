/**
 * Edits of config.yaml (R-OPS-1): checked as a whole before anything is
 * written, put in place in one step, and the text from before kept with who
 * changed it and why (`versions.ts`). What changed is left for the ledger
 * before it changes.
 *
 * Two editors at once: one waits for the other, so none overwrites what it has
 * not read. The lock is the kernel's and ends with its holder.
 *
 * @module
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { type Digest, sha256 } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { holdLock } from "../../edges/store/lock.ts";
import { type Change, changeText } from "./change.ts";
import { CONFIG_NAME } from "./document.ts";
import { makeFolder, replaceFile } from "./durable.ts";
import { leavePending } from "../pending.ts";
import { type Loaded, parseConfig, readText, type Where } from "./load.ts";
import { keep, keepFound, noteText } from "./versions.ts";

const LOCK_NAME = "config.lock";
const LOCK_WAIT_MS = 15_000;

export type EditOptions = Omit<Where, "home"> & {
  readonly clock: Clock;
  /** A person's id. */
  readonly who: string;
  readonly why: string;
  /** Digest of the text that the changes were made for; another text in the file is CONFIG_CONFLICT. */
  readonly baseDigest?: Digest;
  /** What it means, one sentence each; kept with the version and in the ledger. */
  readonly meaning?: readonly string[];
};

export type Edited = {
  readonly changed: boolean;
  /** Of the text before, under which it can be found again; null where nothing changed. */
  readonly version: number | null;
  /** Places that were changed, without their values. */
  readonly paths: readonly string[];
  readonly before: Digest;
  readonly after: Digest;
  readonly loaded: Loaded;
};

/**
 * @throws Fault CONFIG_CONFLICT, STATE_FULL, STATE_UNAVAILABLE, and all of `loadConfig` where the result would not be
 *   a configuration that starts; nothing was changed then.
 */
export async function editConfig(home: string, changes: readonly Change[], options: EditOptions): Promise<Edited> {
  return rewrite(home, options, (text) => changeText(text, changes), strictly);
}

/** Puts a whole text in place of the file's, under the same rules: for a rollback, or a file from elsewhere. */
export async function replaceConfig(home: string, text: string, options: EditOptions): Promise<Edited> {
  return rewrite(home, options, () => ({ text, paths: [[]] }), strictly);
}

/**
 * Puts a past text back without asking whether a gateway would start with it: what was there before may have been
 * refused. Nothing starts on it unchecked: each start reads it as strictly as any other.
 *
 * @throws Fault CONFIG_CONFLICT where the file no longer has the text of `baseDigest`.
 */
export function restoreConfig(home: string, text: string, options: EditOptions): void {
  rewrite(
    home,
    options,
    () => ({ text, paths: [[]] }),
    (_, after) => ({ digest: sha256(after) }),
  );
}

export type Planned = {
  /** As it stands; undefined where it cannot be used. */
  readonly before: Loaded | undefined;
  readonly beforeText: string;
  readonly after: Loaded;
  /** Of the text before: what an edit is bound to. */
  readonly baseDigest: Digest;
};

/**
 * What an edit would come to; nothing is written.
 *
 * @param change the changes, or the whole text that it would be.
 * @throws Fault as `editConfig`.
 */
export function planEdit(where: Where, change: readonly Change[] | string): Planned {
  const beforeText = readText(join(where.home, CONFIG_NAME)) ?? "";
  const text = typeof change === "string" ? change : changeText(beforeText, change).text;
  return {
    before: usable(beforeText, where),
    beforeText,
    after: parseConfig(text, where),
    baseDigest: sha256(beforeText),
  };
}

function usable(text: string, where: Where): Loaded | undefined {
  try {
    return parseConfig(text, where);
  } catch (thrown) {
    // Somebody is mending it: there is nothing to compare with.
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}

type Rewrite = (text: string) => { readonly text: string; readonly paths: readonly (readonly (string | number)[])[] };

type Read<T> = (options: Where, text: string) => T;

const strictly: Read<Loaded> = (where, text) => parseConfig(text, where);

/** Without an await while the lock is held: nothing else of this process comes in between. */
function rewrite<T extends { readonly digest: Digest }>(
  home: string,
  options: EditOptions,
  change: Rewrite,
  read: Read<T>,
): Omit<Edited, "loaded"> & { readonly loaded: T } {
  makeFolder(home);
  const lock = holdLock(join(home, LOCK_NAME), LOCK_WAIT_MS);
  if (lock === "busy")
    throw conflict("somebody else is changing it", "wait until the other change is done, then try again");
  try {
    const path = join(home, CONFIG_NAME);
    refuseLink(path);
    const before = readText(path) ?? "";
    const digest = sha256(before);
    if (options.baseDigest !== undefined && options.baseDigest !== digest) {
      throw conflict(
        "it was changed since it was read",
        "read it again (`vambrace config get`), then make the change anew",
      );
    }
    const { text, paths } = change(before);
    const loaded = read({ ...options, home }, text);
    const result = { paths: paths.map((steps) => steps.join(".")), before: digest, after: loaded.digest, loaded };
    if (text === before) return { ...result, changed: false, version: null, paths: [] };
    const { who, why, clock, meaning = [] } = options;
    const { paths: places, after } = result;
    keepFound(home, before, clock);
    const version = keep(home, before, { who, why, atMs: clock.wallMs(), after, meaning });
    leavePending(home, {
      kind: "config",
      who,
      why,
      atMs: clock.wallMs(),
      paths: places,
      before: digest,
      after,
      version,
      meaning: [...meaning],
    });
    replaceFile(path, text);
    noteText(home, text);
    return { ...result, changed: true, version };
  } finally {
    lock.release();
  }
}

/** A link would be replaced by a file, and whoever keeps the file behind it would not notice. */
function refuseLink(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  throw new Fault("CONFIG_UNSAFE", {
    message: `${CONFIG_NAME} is a link`,
    hint: "change the file that it leads to by hand, or put a plain file in its place",
  });
}

/** A text that is there and that no edit put there becomes a version, where nobody is editing now. */
export function keepFoundText(home: string, text: string, clock: Clock): void {
  const lock = holdLock(join(home, LOCK_NAME), 0);
  if (lock === "busy") return;
  try {
    keepFound(home, text, clock);
  } finally {
    lock.release();
  }
}

function conflict(what: string, hint: string): Fault {
  return new Fault("CONFIG_CONFLICT", { message: `${CONFIG_NAME}: ${what}`, hint });
}
