/**
 * Edits of config.yaml (R-OPS-1): checked as a whole before anything is
 * written, put in place in one step, and the text from before kept with who
 * changed it and why. What changed is left for the ledger before it changes.
 *
 * Two editors at once: one waits for the other, so none overwrites what it has
 * not read. The lock is the kernel's and ends with its holder.
 *
 * @module
 */
import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { type Digest, isObject, type JsonObject, sha256 } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { holdLock } from "../../edges/store/lock.ts";
import { type Change, changeText } from "./change.ts";
import { CONFIG_NAME } from "./document.ts";
import { makeFile, makeFolder, replaceFile } from "./durable.ts";
import { leavePending } from "../pending.ts";
import { type Loaded, parseConfig, readText, type Where } from "./load.ts";

export const HISTORY_NAME = "config.history";
const LOCK_NAME = "config.lock";
const LOCK_WAIT_MS = 15_000;
const NUMBER = /^([0-9]{6})\.json$/;

export type EditOptions = Omit<Where, "home"> & {
  readonly clock: Clock;
  /** A person's id. */
  readonly who: string;
  readonly why: string;
  /** Digest of the text that the changes were made for; another text in the file is CONFIG_CONFLICT. */
  readonly baseDigest?: Digest;
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
    const version = keep(home, before, options);
    const { who, why, clock } = options;
    const { paths: places, after } = result;
    leavePending(home, {
      kind: "config",
      who,
      why,
      atMs: clock.wallMs(),
      paths: places,
      before: digest,
      after,
      version,
    });
    replaceFile(path, text);
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

export type Version = {
  readonly version: number;
  readonly who: string;
  readonly why: string;
  readonly atMs: number;
  readonly digest: string;
};

/** The text and who replaced it; the text first, so that an entry never lacks its text. */
function keep(home: string, text: string, { who, why, clock }: EditOptions): number {
  const folder = join(home, HISTORY_NAME);
  makeFolder(folder);
  const version = (numbers(folder).at(-1) ?? 0) + 1;
  const name = join(folder, String(version).padStart(6, "0"));
  replaceFile(`${name}.yaml`, text);
  const entry: JsonObject = { version, who, why: why.slice(0, 1_000), atMs: clock.wallMs(), digest: sha256(text) };
  makeFile(`${name}.json`, `${JSON.stringify(entry)}\n`);
  return version;
}

function numbers(folder: string): readonly number[] {
  return readdirSync(folder)
    .flatMap((name) => NUMBER.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Past texts, newest first: each with who replaced it, when and why. */
export function configHistory(home: string): readonly Version[] {
  const folder = join(home, HISTORY_NAME);
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return numbers(folder)
    .map((number) => versionFrom(readFileSync(join(folder, `${String(number).padStart(6, "0")}.json`), "utf8"), number))
    .reverse();
}

/** @throws Fault CONFIG_MALFORMED where there is no such version, or its text is not the one that was kept. */
export function configVersion(home: string, version: number): string {
  const text = readText(join(home, HISTORY_NAME, `${String(version).padStart(6, "0")}.yaml`));
  const entry = configHistory(home).find((each) => each.version === version);
  if (text !== undefined && entry?.digest === sha256(text)) return text;
  throw new Fault("CONFIG_MALFORMED", {
    message: `there is no version ${version} of the configuration, or its text was changed`,
    hint: "`vambrace config history` lists the versions",
  });
}

function versionFrom(text: string, version: number): Version {
  const entry: unknown = JSON.parse(text);
  const field = (name: string): unknown => (isObject(entry) ? entry[name] : undefined);
  const word = (name: string): string => {
    const value = field(name);
    return typeof value === "string" ? value : "";
  };
  const atMs = field("atMs");
  return {
    version,
    who: word("who"),
    why: word("why"),
    atMs: typeof atMs === "number" ? atMs : 0,
    digest: word("digest"),
  };
}

function conflict(what: string, hint: string): Fault {
  return new Fault("CONFIG_CONFLICT", { message: `${CONFIG_NAME}: ${what}`, hint });
}
