/**
 * Labels of files: as the last recorded writer left them, by path and content.
 *
 * A file that nobody recorded has the label of its folder, as the operator said
 * at set-up (default: written by anybody, private).
 *
 * What a command wrote has the join of the call and of all that it may have
 * read. A command that was understood read and wrote the paths that it names;
 * any other may have copied anything into anything of what was mounted for it.
 * Unrecorded files of these places are taken for that from then on, for good.
 *
 * @module
 */
import type { PathFact } from "../../core/call.ts";
import type { Mount } from "../../core/decision.ts";
import type { Digest } from "../../core/json.ts";
import { type Confidentiality, join, joinAll, type Label, type Trust } from "../../core/label.ts";
import type { FileLabelStore, StateStore } from "../../core/ports/store.ts";
import { createFloors, parents } from "./floors.ts";

export type FolderTrust = {
  readonly path: string;
  readonly trust: Trust;
  readonly confidentiality: Confidentiality;
  /** Who may know what lies there beside the owner. */
  readonly audience?: readonly string[];
};

export type FileLabels = {
  ofFile(path: string, digest: Digest): Promise<Label>;
  ofFolder(path: string): Promise<Label>;
  /** Of what was found in these files of a folder: of all that was ever recorded of each. */
  ofFound(folder: string, paths: readonly string[]): Promise<Label>;
  /** Of all that a command may read. */
  ofMounts(mounts: readonly Mount[]): Promise<Label>;
  wrote(path: string, digest: Digest, label: Label): Promise<void>;
  /** To be noted before the command starts. */
  commandWrote(mounts: readonly Mount[], label: Label, command: CommandTouched): Promise<void>;
};

/** What the judge found out about a command. */
export type CommandTouched = {
  /** Whether it can have touched nothing but `paths`. */
  readonly isKnown: boolean;
  readonly paths: readonly PathFact[];
};

export function createFileLabels(parts: {
  readonly labels: FileLabelStore;
  readonly state: StateStore;
  readonly folders: readonly FolderTrust[];
  /** Who may know what lies in these folders. */
  readonly owner: string;
}): FileLabels {
  const { labels, folders, owner } = parts;
  const floors = createFloors(parts.state);
  // The longest path first: the nearest folder decides.
  const byLength = [...folders].sort((a, b) => b.path.length - a.path.length);

  const ofFolder = async (path: string): Promise<Label> => {
    let label = declared(path, byLength, owner);
    for (const folder of parents(path)) {
      const floor = await floors.of(folder);
      if (floor !== undefined) label = join(label, floor);
    }
    return label;
  };

  /** Whatever lies in there: the folder's own label, that of named folders inside, and of all that was ever written there. */
  const ofAllIn = async (path: string): Promise<Label> => {
    const inside = byLength.filter((folder) => folder.path.startsWith(`${path}/`));
    const holds = await floors.heldIn(path);
    const labelsInside = inside.map((folder) => declared(folder.path, byLength, owner));
    return [...labelsInside, ...(holds === undefined ? [] : [holds])].reduce(join, await ofFolder(path));
  };

  const ofPath = async ({ resolved, kind, digest }: PathFact): Promise<Label> => {
    if (kind === "file" && digest !== undefined) return (await labels.get(resolved, digest)) ?? ofFolder(resolved);
    return ofAllIn(resolved);
  };

  return {
    ofFile: async (path, digest) => (await labels.get(path, digest)) ?? ofFolder(path),
    ofFolder,
    ofFound: async (folder, paths) =>
      (await Promise.all([...new Set(paths)].map(ofAllIn))).reduce(join, await ofFolder(folder)),
    ofMounts: async (mounts) => joinAll(await Promise.all(mounts.map(({ path }) => ofAllIn(path)))),
    async wrote(path, digest, label) {
      await floors.note(path, label);
      await labels.set(path, digest, label);
    },
    async commandWrote(mounts, label, { isKnown, paths }) {
      const read = isKnown
        ? await Promise.all(paths.map(ofPath))
        : await Promise.all(mounts.map(({ path }) => ofAllIn(path)));
      const made = read.reduce(join, label);
      const written = isKnown
        ? paths.filter(({ access }) => access !== "read").map(({ resolved }) => resolved)
        : mounts.filter(({ access }) => access === "write").map(({ path }) => path);
      for (const path of written) {
        await floors.note(path, made);
        await floors.lower(path, made);
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
    audience: { kind: "persons", persons: [...new Set([owner, ...(folder?.audience ?? [])])] },
    sources: [{ kind: "file", id: path, trust }],
  };
}
