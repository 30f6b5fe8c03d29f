/**
 * A world for tests: files as a plain object, nothing real behind it.
 *
 * @module
 */
import { COMMAND_ENVIRONMENT } from "../../../core/command-environment.ts";
import { sha256 } from "../../../core/json.ts";
import { commandFinder } from "./command.ts";
import type { CommandFinder, CommandOptions, FilePort, FileStatus } from "./types.ts";

/** Text: a file. `->` and a path: a link. `hard:` and text: a file with a second name. `socket`: neither. */
export type Tree = Readonly<Record<string, string | Uint8Array>>;

export function fakeFiles(tree: Tree): FilePort {
  const folders = new Set<string>(["/"]);
  for (const path of Object.keys(tree)) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) folders.add(path.slice(0, at));
  }
  const bytesOf = (path: string): Uint8Array | null => {
    const content = tree[path];
    if (content === undefined || isOther(content)) return null;
    return typeof content === "string" ? new TextEncoder().encode(content) : content;
  };
  return {
    lstat: async (path) => (folders.has(path) ? FOLDER : statusOf(tree[path], path)),
    readlink: async (path) => linkTarget(tree[path]),
    readdir: async (path, most) => {
      if (!folders.has(path)) return null;
      const prefix = path === "/" ? "/" : `${path}/`;
      const below = [...Object.keys(tree), ...folders].filter((one) => one.startsWith(prefix) && one !== path);
      const names = [...new Set(below.map((one) => one.slice(prefix.length).split("/")[0] ?? ""))].filter(
        (n) => n !== "",
      );
      return names.length > most ? null : names;
    },
    readAt: async (path, offset, length) => bytesOf(path)?.slice(offset, offset + length) ?? null,
    digest: async (path) => {
      const bytes = bytesOf(path);
      return bytes === null ? null : sha256(bytes);
    },
  };
}

const FOLDER: FileStatus = { kind: "folder", size: 0, links: 2, executable: true };

function isOther(content: string | Uint8Array): boolean {
  return content === "socket" || (typeof content === "string" && content.startsWith("->"));
}

function linkTarget(content: string | Uint8Array | undefined): string | null {
  return typeof content === "string" && content.startsWith("->") ? content.slice(2) : null;
}

function statusOf(content: string | Uint8Array | undefined, path: string): FileStatus | null {
  if (content === undefined) return null;
  const executable = /\/bin\/|\.sh$/.test(path);
  if (linkTarget(content) !== null) return { kind: "link", size: 0, links: 1, executable };
  if (content === "socket") return { kind: "other", size: 0, links: 1, executable };
  const links = typeof content === "string" && content.startsWith("hard:") ? 2 : 1;
  return { kind: "file", size: content.length, links, executable };
}

export const HOME = "/home/ana";
export const WORKSPACE = "/home/ana/vambrace";

const PROGRAMS = "ls cat rm git grep sh bash env xargs find awk sed tar python3 curl id sort make echo".split(" ");

/** A finder in a workspace with a few files, and the usual programs. */
export function fakeFinder(tree: Tree = {}): CommandFinder {
  const programs = Object.fromEntries(PROGRAMS.map((name) => [`/usr/bin/${name}`, `program ${name}`]));
  const world = {
    files: fakeFiles({ [`${WORKSPACE}/a.txt`]: "a", [`${WORKSPACE}/sub/c.txt`]: "c", ...programs, ...tree }),
    home: HOME,
    workspace: WORKSPACE,
    path: ["/usr/local/bin", "/usr/bin", "/bin"],
    environment: new Map([...Object.entries(COMMAND_ENVIRONMENT), ["HOME", HOME]]),
  };
  return commandFinder(world);
}

export function asked(allow: readonly string[] = [], block: readonly string[] = []): CommandOptions {
  return { cwd: WORKSPACE, allow, block };
}
