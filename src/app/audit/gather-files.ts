/** Files and modes: the state folder, the program, the home folder, allowed programs. @module */
import { basename, dirname, join } from "node:path";
import { COMMAND_PATH } from "../../core/command-environment.ts";
import type { FileFacts, PathFacts, ProgramFacts, TreeFacts } from "../../ops/audit/facts-files.ts";
import { checkStateModes } from "../config/modes.ts";
import { isWithin } from "../config/places.ts";
import type { Home } from "../home.ts";
import { lyingOf } from "./lying.ts";
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
};

export function gatherFiles(parts: FileParts): FileFacts {
  const me = process.getuid?.() ?? -1;
  const { home, userHome, installation } = parts;
  return {
    state: lyingOf(home.root, me),
    home: lookAt(userHome) ?? { path: userHome, kind: "other", mode: 0, uid: me },
    installationOpen: openIn(installation, me, parts.isDeep),
    nodeOpen: [process.execPath, dirname(process.execPath)].flatMap((path) => open(path, me)),
    openKeys: privateKeys(userHome).filter(({ mode }) => (mode & 0o077) !== 0),
    leftovers: leftovers(home, parts.nowMs),
    openStartup: STARTUP.flatMap((name) => open(join(userHome, name), me)),
    programs: parts.allowed.map((entry) => programOf(entry, parts)),
    openProgramFolders: COMMAND_PATH.flatMap((path) => open(path, me)),
  };
}

const STARTUP: readonly string[] = [
  ".profile",
  ".bash_profile",
  ".bash_login",
  ".bashrc",
  ".bash_logout",
  ".zshenv",
  ".zprofile",
  ".zshrc",
  ".zlogin",
  ".config/fish/config.fish",
  ".config/environment.d",
  ".config/systemd/user",
  ".config/autostart",
  ".pam_environment",
  ".gitconfig",
  ".npmrc",
];

function open(path: string, me: number): readonly PathFacts[] {
  const facts = lookAt(path);
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

/** Files that are private keys by their name, where people keep them. */
function privateKeys(userHome: string): readonly PathFacts[] {
  const ssh = namesIn(join(userHome, ".ssh"))
    .filter((name) => /^id_|\.pem$|_(?:rsa|ed25519|ecdsa)$/.test(name) && !name.endsWith(".pub"))
    .map((name) => join(userHome, ".ssh", name));
  const more = [
    ".config/age/keys.txt",
    ".config/vambrace/vault.key",
    ".config/sops/age/keys.txt",
    ".aws/credentials",
    ".kube/config",
    ".netrc",
    ".git-credentials",
  ];
  return [...ssh, ...more.map((name) => join(userHome, name))].flatMap((path) => {
    const facts = lookAt(path);
    return facts?.kind === "file" ? [facts] : [];
  });
}

function leftovers(home: Home, nowMs: number): FileFacts["leftovers"] {
  return namesIn(home.root).flatMap((name) => {
    if (name !== basename(home.login) && !name.endsWith(".draft")) return [];
    const path = join(home.root, name);
    const found = statOf(path);
    return found?.isFile() === true ? [{ path, ageMs: nowMs - found.mtimeMs }] : [];
  });
}

/** Where a bare name is found, as commands look it up. */
function programOf(entry: string, { workspaces }: FileParts): ProgramFacts {
  const [name = ""] = entry.trim().split(/\s+/);
  const paths = name.startsWith("/") ? [name] : COMMAND_PATH.map((folder) => join(folder, name));
  const file = paths.map((path) => lookAt(path)).find((facts) => facts !== null) ?? null;
  return { entry, file, inWorkspace: file !== null && workspaces.some((folder) => isWithin(file.path, folder)) };
}
