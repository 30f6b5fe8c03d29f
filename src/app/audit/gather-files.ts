/** Files and modes: the state folder, the program, the home folder, allowed programs. @module */
import { basename, join } from "node:path";
import type { FileFacts, PathFacts, ProgramFacts, TreeFacts } from "../../ops/audit/facts-files.ts";
import { checkStateModes } from "../config/modes.ts";
import { isWithin, realPath } from "../config/places.ts";
import type { Home } from "../home.ts";
import { keyFiles, startedFrom } from "./home-places.ts";
import { lyingOf, openAbove } from "./lying.ts";
import { isOpen, lookAt, namesIn, statOf, walk } from "./paths.ts";

const STATE_MOST = 100_000;
const PROGRAM_MOST = 4_000;
const PROGRAM_MOST_DEEP = 200_000;

export function gatherState(home: Home): TreeFacts {
  const root = lookAt(home.root);
  if (root === null) return { root, wrong: [], seen: 0, truncated: false };
  // The same walk as `doctor`'s: what it finds is what is wrong.
  const found = checkStateModes(home.root);
  const wrong = [...new Set(found.map(({ path }) => path))].flatMap((path) =>
    path === home.root ? [] : (lookAt(path) ?? []),
  );
  const truncated = found.some(({ says }) => says.includes("too many entries"));
  return { root, wrong, seen: truncated ? STATE_MOST : wrong.length, truncated };
}

export type FileParts = {
  readonly home: Home;
  readonly userHome: string;
  readonly installation: string;
  readonly nowMs: number;
  readonly isDeep: boolean;
  /** Entries of `tools.exec.allow` that the operator wrote. */
  readonly allowed: readonly string[];
  readonly workspaces: readonly string[];
  /** The Node that runs the gateway, and where commands find their programs. */
  readonly node: string;
  readonly programFolders: readonly string[];
};

export function gatherFiles(parts: FileParts): FileFacts {
  const me = process.getuid?.() ?? -1;
  const { home, userHome, installation } = parts;
  return {
    state: lyingOf(home.root, me),
    home: lookAt(userHome) ?? { path: userHome, kind: "other", mode: 0, uid: me },
    installationOpen: [...openAbove(realPath(installation), me), ...openIn(installation, me, parts.isDeep)],
    nodeOpen: [...open(parts.node, me), ...openAbove(realPath(parts.node), me)],
    openKeys: keyFiles(userHome).filter(({ mode }) => (mode & 0o077) !== 0),
    leftovers: leftovers(home, parts.nowMs),
    openStartup: startedFrom(userHome).flatMap((path) => open(path, me)),
    programs: parts.allowed.map((entry) => programOf(entry, parts)),
    openProgramFolders: parts.programFolders.flatMap((path) => open(path, me)),
  };
}

/** What a link leads to is what is used. */
function open(path: string, me: number): readonly PathFacts[] {
  const facts = lookAt(realPath(path));
  return facts !== null && isOpen(facts, me) ? [facts] : [];
}

/** The program's own files first: packages are many. */
function openIn(installation: string, me: number, isDeep: boolean): readonly PathFacts[] {
  const tops = [
    "",
    "bin",
    "src",
    "dist",
    "web",
    "package.json",
    "package-lock.json",
    ".npmrc",
    ".node",
    "node_modules",
  ];
  const roots = tops.flatMap((name) => open(join(installation, name), me));
  const most = isDeep ? PROGRAM_MOST_DEEP : PROGRAM_MOST;
  const inner = ["bin", "src", "dist", "web", "node_modules"].flatMap(
    (name) => walk(join(installation, name), most, (_, depth) => name === "node_modules" && !isDeep && depth > 0).found,
  );
  return [...roots, ...inner.filter((facts) => isOpen(facts, me))];
}

function leftovers(home: Home, nowMs: number): FileFacts["leftovers"] {
  return namesIn(home.root).flatMap((name) => {
    if (name !== basename(home.login) && !name.endsWith(".draft")) return [];
    const path = join(home.root, name);
    const found = statOf(path);
    return found?.isFile() === true ? [{ path, ageMs: nowMs - found.mtimeMs }] : [];
  });
}

/** Where a bare name is found, as commands look it up; of a link what counts is where it leads. */
function programOf(entry: string, { workspaces, programFolders }: FileParts): ProgramFacts {
  const [name = ""] = entry.trim().split(/\s+/);
  const paths = name.startsWith("/") ? [name] : programFolders.map((folder) => join(folder, name));
  const path = paths.find((one) => lookAt(one) !== null);
  const real = path === undefined ? undefined : realPath(path);
  const file = real === undefined ? null : lookAt(real);
  return {
    entry,
    file,
    inWorkspace: file !== null && workspaces.some((folder) => isWithin(file.path, realPath(folder))),
    openAbove: real === undefined ? null : (openAbove(real, process.getuid?.() ?? -1)[0] ?? null),
  };
}
