/** Facts about files and folders. @module */

export type PathFacts = {
  /** Absolute. */
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
  /** Permission bits, with those of set-uid, set-gid and sticky. */
  readonly mode: number;
  readonly uid: number;
  /** Its group is its owner's own, with nobody else in it, as many systems make one for each person. */
  readonly ownGroup?: true;
};

/** Which of these bits others than its owner really have. */
export function openBits({ mode, ownGroup }: PathFacts, bits: number): number {
  return mode & bits & (ownGroup === true ? ~0o070 : ~0);
}

/** The state folder. */
export type TreeFacts = {
  /** Null: it is not there yet. */
  readonly root: PathFacts | null;
  /** Entries below it that others can use, that are links, or that belong to somebody else. */
  readonly wrong: readonly PathFacts[];
  /** How many entries were looked at. */
  readonly seen: number;
  readonly truncated: boolean;
};

/** Where a folder lies, as far as that matters to whoever else may see it. */
export type Lying = {
  readonly path: string;
  /** The service that copies it elsewhere: `Dropbox`, `iCloud`. */
  readonly synced: string | null;
  /** Of its file system: `ext4`, `nfs4`. */
  readonly fsType: string;
  /** The git work tree that it lies in; its own root does not count. */
  readonly inGit: string | null;
  /** Folders above it that somebody else may write or owns. */
  readonly openAbove: readonly PathFacts[];
  /** Null: could not be told. */
  readonly freeBytes: number | null;
  readonly freeFiles: number | null;
  /** Whether the block device below is encrypted; null: cannot be told. */
  readonly encrypted: boolean | null;
};

export type FileFacts = {
  readonly state: Lying;
  readonly home: PathFacts;
  /** The program: its root and entries that others or foreign owners may write. */
  readonly installationOpen: readonly PathFacts[];
  readonly nodeOpen: readonly PathFacts[];
  /** Private keys in `~/.ssh` and the like that others may read. */
  readonly openKeys: readonly PathFacts[];
  /** Files with a login, a token or a draft in the state folder that are left over: path and age. */
  readonly leftovers: readonly { readonly path: string; readonly ageMs: number }[];
  /** Start-up files of the user's shells that others may write. */
  readonly openStartup: readonly PathFacts[];
  /** Programs that `tools.exec.allow` names, with where they were found and who may change them. */
  readonly programs: readonly ProgramFacts[];
  /** Folders of programs for commands that others may write. */
  readonly openProgramFolders: readonly PathFacts[];
};

export type ProgramFacts = {
  /** As the entry is written. */
  readonly entry: string;
  /** Where links lead to. Null: no such program. */
  readonly file: PathFacts | null;
  readonly inWorkspace: boolean;
  /** A folder above it that somebody else may write; null: none. */
  readonly openAbove: PathFacts | null;
};

export type WorkspaceFacts = {
  readonly agent: string;
  readonly path: string;
  /** Null: not there. */
  readonly root: PathFacts | null;
  readonly lying: Lying | null;
  /** Links that lead out of it, as `link -> target`. */
  readonly linksOut: readonly string[];
  readonly setUid: readonly PathFacts[];
  /** Names with a second hard link. */
  readonly hardLinks: readonly string[];
  /** Files in it that programs start by themselves, and that are active: git hooks, `.envrc`. */
  readonly startup: readonly string[];
  /** Sockets in it: doors to other programs. */
  readonly sockets: readonly string[];
  /** Names of files that hold credentials: `.env`, `id_rsa`, and whether git has them. */
  readonly credentialFiles: readonly { readonly path: string; readonly tracked: boolean }[];
  /** Remote addresses of its git repository that carry a password. */
  readonly gitRemotesWithPassword: readonly string[];
  readonly seen: number;
  readonly truncated: boolean;
};
