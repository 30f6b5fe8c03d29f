/**
 * Floors: what folders and files were lowered to, for good, by what was written
 * in them; kept in the store.
 *
 * @module
 */
import { canonicalJson, isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { CONFIDENTIALITY_LEVELS, join, type Label, TRUST_LEVELS, UNKNOWN_LABEL } from "../../core/label.ts";
import type { StateStore } from "../../core/ports/store.ts";

export type Floors = {
  /** What unrecorded files at or below this path were lowered to. */
  of(path: string): Promise<Label | undefined>;
  /** The least of all that was ever recorded at or below this path. */
  heldIn(folder: string): Promise<Label | undefined>;
  lower(path: string, label: Label): Promise<void>;
  /** The path itself and every folder above remember the least that they ever held. */
  note(path: string, label: Label): Promise<void>;
};

export function createFloors(state: StateStore): Floors {
  const lower = async (key: string, label: Label): Promise<void> => {
    const before = readLabel(await state.get(key));
    const now = writeLabel(before === undefined ? label : join(before, label));
    if (before === undefined || canonicalJson(writeLabel(before)) !== canonicalJson(now)) await state.set(key, now);
  };
  return {
    of: async (path) => readLabel(await state.get(floorKey(path))),
    heldIn: async (folder) => readLabel(await state.get(holdsKey(folder))),
    lower: (path, label) => lower(floorKey(path), label),
    async note(path, label) {
      for (const folder of parents(path)) await lower(holdsKey(folder), label);
    },
  };
}

/** The path itself, then each folder above it. */
export function parents(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) found.push(at);
  return found;
}

function floorKey(folder: string): string {
  return `folder-floor:${folder}`;
}

function holdsKey(folder: string): string {
  return `folder-holds:${folder}`;
}

/** Without its sources: they would grow with each run, and the folder itself says enough. */
function writeLabel({ trust, confidentiality, audience }: Label): JsonObject {
  return { trust, confidentiality, audience: audience.kind === "anyone" ? null : [...audience.persons] };
}

/** A stored label that cannot be read is the least trusted there is. */
function readLabel(row: JsonObject | undefined): Label | undefined {
  if (row === undefined) return undefined;
  const trust = TRUST_LEVELS.find((level) => level === row["trust"]);
  const confidentiality = CONFIDENTIALITY_LEVELS.find((level) => level === row["confidentiality"]);
  if (!isObject(row) || trust === undefined || confidentiality === undefined) return UNKNOWN_LABEL;
  return { trust, confidentiality, audience: readAudience(row["audience"]), sources: [] };
}

function readAudience(value: JsonValue | undefined): Label["audience"] {
  if (value === null) return { kind: "anyone" };
  const persons = isArray(value) ? value.filter((one) => typeof one === "string") : [];
  return { kind: "persons", persons };
}
