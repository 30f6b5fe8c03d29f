/**
 * What vetting answered before, kept between starts: the same schema, policies
 * and configuration, read by the same Cedar and the same code, are vetted once.
 *
 * An answer is taken only for the digest of all that it comes from, and only
 * from a file that nobody else can write. Whatever is odd about it is no
 * answer, and everything is vetted as if there were none.
 *
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { isArray, isObject, sha256 } from "../core/json.ts";
import { openVetter, type Vetter } from "../steps/judge/policy/vet-apart.ts";
import type { Vetted, VetWork } from "../steps/judge/policy/vet.ts";
import { replaceFile } from "./config/durable.ts";
import { ownProgram } from "./home.ts";

export type KnownVetterParts = {
  /** Of the state; one that cannot be written costs time and nothing else. */
  readonly folder: string;
  readonly warn: (line: string) => void;
  readonly open?: () => Vetter;
};

/** One answer, as text, and what shows that no byte of it was lost. */
type Kept = { readonly text: string; readonly sum: string };

/** All that takes part in an answer beside its input. */
const VETTING = ["vet.ts", "approvals.ts", "cedar.ts"].map((name) => `steps/judge/policy/${name}`);
/** Configurations of several agents, and what was tried before. */
const MOST_KEPT = 16;
const MOST_BYTES = 8 * 1024 * 1024;

/** Where nothing is known yet, the thread starts at once; else when something new is asked. */
export function openKnownVetter({ folder, warn, open = openVetter }: KnownVetterParts): Vetter {
  const path = join(folder, "vetted.json");
  const known = readKnown(path);
  const by = digestOfVetting();
  let vetter = known.size === 0 ? open() : undefined;
  const keep = (key: string, text: string): void => {
    known.set(key, { text, sum: sumOf(key, text) });
    try {
      replaceFile(path, JSON.stringify([...known].slice(-MOST_KEPT)));
    } catch (thrown) {
      warn(`what was vetted could not be kept: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    }
  };
  return {
    async vet(work) {
      const key = keyOf(work, by);
      const before = answerOf(key, known.get(key));
      if (before !== undefined) return before;
      vetter ??= open();
      const vetted = await vetter.vet(work);
      keep(key, JSON.stringify(vetted));
      return vetted;
    },
    close: async () => vetter?.close(),
  };
}

function keyOf(work: VetWork, by: string): string {
  return sha256(JSON.stringify([by, work]));
}

function sumOf(key: string, text: string): string {
  return sha256(JSON.stringify([key, text]));
}

/** Of the code that vets, and of Cedar's release. */
function digestOfVetting(): string {
  const code = VETTING.map((name) => readFileSync(ownProgram(name), "utf8"));
  const cedar = findPackageJSON("@cedar-policy/cedar-wasm", import.meta.url);
  return sha256(JSON.stringify([code, cedar === undefined ? "" : readFileSync(cedar, "utf8")]));
}

function answerOf(key: string, kept: Kept | undefined): Vetted | undefined {
  if (kept === undefined || kept.sum !== sumOf(key, kept.text)) return undefined;
  const vetted: unknown = JSON.parse(kept.text);
  return isVetted(vetted) ? vetted : undefined;
}

function isVetted(value: unknown): value is Vetted {
  return isObject(value) && isArray(value["policies"]) && isObject(value["schemaJson"]);
}

function readKnown(path: string): Map<string, Kept> {
  try {
    const kept: unknown = JSON.parse(readOwn(path));
    return new Map(Array.isArray(kept) ? kept.filter(isEntry) : []);
  } catch {
    return new Map(); // none, or not one of ours: everything is vetted
  }
}

function isEntry(value: unknown): value is [string, Kept] {
  if (!Array.isArray(value) || value.length !== 2) return false;
  const [key, kept]: unknown[] = value;
  return (
    typeof key === "string" && isObject(kept) && typeof kept["text"] === "string" && typeof kept["sum"] === "string"
  );
}

/** @throws Error where it is not a plain file of ours that nobody else can write */
function readOwn(path: string): string {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = fstatSync(file);
    const ours = found.isFile() && (found.mode & 0o077) === 0 && found.uid === process.geteuid?.();
    if (!ours || found.size > MOST_BYTES) throw new Error("not ours");
    return readFileSync(file, "utf8");
  } finally {
    closeSync(file);
  }
}
