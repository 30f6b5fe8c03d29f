/**
 * Fact finders: what the judge may ask about the world before it decides.
 *
 * A finder only looks. It starts nothing, writes nothing and resolves no name.
 * What it cannot decide it reports as such; it never guesses.
 *
 * @module
 */
import type { CommandFacts, HostFact, PathFact } from "../../../core/call.ts";
import type { Digest } from "../../../core/json.ts";

export type CommandOptions = {
  /** Absolute. */
  readonly cwd: string;
  /** `ls`, `/usr/local/bin/tool`, `git status`: a name approves everyday forms, a name with words only forms that begin so. */
  readonly allow: readonly string[];
  readonly block: readonly string[];
};

export type CommandFinder = (command: string, options: CommandOptions) => Promise<CommandFacts>;

export type PathAccess = PathFact["access"];

export type PathFinder = (written: string, access: PathAccess, pointer: string, cwd: string) => Promise<PathFact>;

/** @param command what asks for it, where that is a command. */
export type HostFinder = (
  url: string,
  method: string,
  pointer: string,
  command?: Pick<CommandFacts, "programs" | "opaque">,
) => HostFact;

export type FileStatus = {
  readonly kind: "file" | "folder" | "link" | "other";
  readonly size: number;
  /** Names that the same file has: more than one is a hard link. */
  readonly links: number;
  readonly executable: boolean;
};

/** The files of this machine, to look at. Every function answers null where the thing is absent or may not be seen. */
export type FilePort = {
  /** Of the path itself: a link is not followed. */
  lstat(path: string): Promise<FileStatus | null>;
  readlink(path: string): Promise<string | null>;
  /** Names in a folder; null also where there are more than `most`. */
  readdir(path: string, most: number): Promise<readonly string[] | null>;
  /** Links are not followed. */
  readAt(path: string, offset: number, length: number): Promise<Uint8Array | null>;
  /** SHA-256 of the content, of regular files; null where it is too large to be worth it. */
  digest(path: string): Promise<Digest | null>;
};

/** What a command would find around it in the sandbox. */
export type CommandWorld = {
  readonly files: FilePort;
  readonly home: string;
  readonly workspace: string;
  /** Where program names are looked up, first hit wins. */
  readonly path: readonly string[];
  /** The whole environment that commands start with; a name that is missing is unset. */
  readonly environment: ReadonlyMap<string, string>;
};
