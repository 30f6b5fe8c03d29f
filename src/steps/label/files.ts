/**
 * Labels of files: as the last recorded writer left them, by path and content.
 *
 * A file that nobody recorded has the label of its folder, as the operator said
 * at set-up (default: written by anybody, private). A command may have written
 * anything in what was mounted for it, so each run lowers what unrecorded files
 * of that folder are taken for, for good.
 *
 * @module
 */
import type { Mount } from "../../core/decision.ts";
import { type Digest, isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import {
  CONFIDENTIALITY_LEVELS,
  type Confidentiality,
  join,
  type Label,
  TRUST_LEVELS,
  type Trust,
  UNKNOWN_LABEL,
} from "../../core/label.ts";
import type { FileLabelStore, StateStore } from "../../core/ports/store.ts";

export type FolderTrust = { readonly path: string; readonly trust: Trust; readonly confidentiality: Confidentiality };

export type FileLabels = {
  ofFile(path: string, digest: Digest): Promise<Label>;
  ofFolder(path: string): Promise<Label>;
  wrote(path: string, digest: Digest, label: Label): Promise<void>;
  commandWrote(mounts: readonly Mount[], label: Label): Promise<void>;
};

export function createFileLabels(parts: {
  readonly labels: FileLabelStore;
  readonly state: StateStore;
  readonly folders: readonly FolderTrust[];
  /** Who may know what lies in these folders. */
  readonly owner: string;
}): FileLabels {
  const { labels, state, folders, owner } = parts;
  // The longest path first: the nearest folder decides.
  const byLength = [...folders].sort((a, b) => b.path.length - a.path.length);

  const ofFolder = async (path: string): Promise<Label> => {
    let label = declared(path, byLength, owner);
    for (const folder of parents(path)) {
      const floor = readLabel(await state.get(floorKey(folder)));
      if (floor !== undefined) label = join(label, floor);
    }
    return label;
  };

  return {
    ofFile: async (path, digest) => (await labels.get(path, digest)) ?? ofFolder(path),
    ofFolder,
    wrote: (path, digest, label) => labels.set(path, digest, label),
    async commandWrote(mounts, label) {
      for (const { path, access } of mounts) {
        if (access === "write") await state.set(floorKey(path), writeLabel(join(await ofFolder(path), label)));
      }
    },
  };
}

function declared(path: string, folders: readonly FolderTrust[], owner: string): Label {
  const folder = folders.find((one) => path === one.path || path.startsWith(`${one.path}/`));
  const trust = folder?.trust ?? "none";
  return {
    trust,
    confidentiality: folder?.confidentiality ?? "private",
    audience: { kind: "persons", persons: [owner] },
    sources: [{ kind: "file", id: path, trust }],
  };
}

function floorKey(folder: string): string {
  return `folder-floor:${folder}`;
}

function parents(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = path; at !== ""; at = at.slice(0, at.lastIndexOf("/"))) found.push(at);
  return found;
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
