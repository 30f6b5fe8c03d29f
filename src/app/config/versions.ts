/**
 * Past texts of config.yaml, each with who replaced it, when, why, and what
 * that meant. Version N is the text before change N.
 *
 * Beside them lies the text that counted last: another one in config.yaml was
 * put there by an editor, and becomes a change like any other.
 *
 * @module
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { type Digest, type JsonObject, sha256 } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { makeFile, makeFolder, replaceFile } from "./durable.ts";
import { readText } from "./load.ts";
import { readPlainText } from "../plain-file.ts";

export const HISTORY_NAME = "config.history";
const LAST_TEXT = "last.yaml";
const NUMBER = /^([0-9]{6})\.json$/;
const MEANING_LINES = 100;

const ENTRY = z.looseObject({
  who: z.string().catch(""),
  why: z.string().catch(""),
  atMs: z.number().catch(0),
  /** Of the text that was replaced. */
  digest: z.string().catch(""),
  /** Of the text that replaced it; absent in entries of earlier versions of the program. */
  after: z.string().optional().catch(undefined),
  meaning: z.array(z.string()).catch([]),
});

export type Version = {
  readonly version: number;
  readonly who: string;
  readonly why: string;
  readonly atMs: number;
  readonly digest: string;
  readonly after: string | undefined;
  readonly meaning: readonly string[];
};

export type Said = {
  readonly who: string;
  readonly why: string;
  readonly atMs: number;
  readonly after: Digest;
  readonly meaning: readonly string[];
};

/** The text and who replaced it; the text first, so that an entry never lacks its text. */
export function keep(home: string, text: string, { who, why, atMs, after, meaning }: Said): number {
  const folder = join(home, HISTORY_NAME);
  makeFolder(folder);
  const version = (numbers(folder).at(-1) ?? 0) + 1;
  const name = join(folder, padded(version));
  replaceFile(`${name}.yaml`, text);
  const entry: JsonObject = {
    version,
    who,
    why: why.slice(0, 1_000),
    atMs,
    digest: sha256(text),
    after,
    meaning: meaning.slice(0, MEANING_LINES).map((line) => line.slice(0, 1_000)),
  };
  makeFile(`${name}.json`, `${JSON.stringify(entry)}\n`);
  return version;
}

/** What counts now. */
export function noteText(home: string, text: string): void {
  makeFolder(join(home, HISTORY_NAME));
  replaceFile(join(home, HISTORY_NAME, LAST_TEXT), text);
}

/** Called while nobody else edits. A text that no edit put there is kept as one that replaced the text before it. */
export function keepFound(home: string, now: string, clock: Pick<Clock, "wallMs">): void {
  const last = readText(join(home, HISTORY_NAME, LAST_TEXT));
  if (last === now) return;
  const after = sha256(now);
  // After a crash between an edit and the note of it, the edit itself says that the text is its own.
  const isEdit = configHistory(home)[0]?.after === after;
  if (last !== undefined && !isEdit) keep(home, last, { ...FOUND, atMs: clock.wallMs(), after, meaning: [] });
  noteText(home, now);
}

const FOUND = { who: "-", why: "found: somebody changed the file by hand" } as const;

function numbers(folder: string): readonly number[] {
  return readdirSync(folder)
    .flatMap((name) => NUMBER.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

/** Newest first. */
export function configHistory(home: string): readonly Version[] {
  const folder = join(home, HISTORY_NAME);
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return numbers(folder)
    .map((number) => versionFrom(readPlainText(join(folder, `${padded(number)}.json`)), number))
    .reverse();
}

/** @throws Fault CONFIG_MALFORMED where there is no such version, or its text is not the one that was kept. */
export function configVersion(home: string, version: number): string {
  const text = readText(join(home, HISTORY_NAME, `${padded(version)}.yaml`));
  const entry = configHistory(home).find((each) => each.version === version);
  if (text !== undefined && entry?.digest === sha256(text)) return text;
  throw new Fault("CONFIG_MALFORMED", {
    message: `there is no version ${version} of the configuration, or its text was changed`,
    hint: "`vambrace config history` lists the versions",
  });
}

function versionFrom(text: string, version: number): Version {
  const { who, why, atMs, digest, after, meaning } = ENTRY.parse(JSON.parse(text));
  return { version, who, why, atMs, digest, after, meaning };
}

const padded = (version: number): string => String(version).padStart(6, "0");
