/**
 * Paths: where a path lies once every link is resolved.
 *
 * Zones, first match wins: *blocked* is what configuration forbids, credentials
 * and the insides of the system; *protected* what starts by itself inside the
 * workspace; then *workspace*, *allowed*, *outside*. Blocked wins over allowed.
 * The folders that programs live in are `outside`: nothing personal lies there.
 *
 * @module
 */
import { posix } from "node:path";
import type { PathFact, PathZone } from "../../../core/call.ts";
import { plainName } from "../../../core/plain-name.ts";
import type { Posture } from "../../../core/posture.ts";
import { hasGitCopy } from "./git-copy.ts";
import { isWithin, type Resolved, resolvePath } from "./resolve.ts";
import type { FilePort, FileStatus, PathAccess, PathFinder } from "./types.ts";

type Places = Posture["fs"];

/** Blocked whatever is allowed; a workspace that was put inside one of them stays usable. */
const SYSTEM_FOLDERS = ["/etc", "/var", "/proc", "/sys", "/dev", "/run", "/boot", "/root", "/lost+found"];
/** Devices that hold nothing. */
const HARMLESS_DEVICES: ReadonlySet<string> = new Set([
  "/dev/null",
  "/dev/zero",
  "/dev/full",
  "/dev/random",
  "/dev/urandom",
]);

/** Files and folders that an editor, a shell, git or a package manager obeys when somebody merely works there. */
const START_UP = new Set(
  (
    ".envrc .direnvrc .bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin " +
    ".zlogout .kshrc .cshrc .tcshrc .login .logout .inputrc .vimrc .gvimrc .nvimrc .exrc .nvim.lua .emacs .emacs.el .dir-locals.el " +
    ".nanorc .screenrc .tmux.conf .gdbinit .lldbinit .pythonrc .irbrc .pryrc .npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs .pypirc " +
    ".netrc .curlrc .wgetrc .ssh .gnupg .vscode .idea .vim .devcontainer .husky .mise.toml .cargo " +
    ".autoenv .autoenv.zsh .claude .cursor .dir-locals-2.el .emacs.d .fleet .gitconfig .helix .lvimrc .mcp.json .mkshrc " +
    ".pam_environment .xinitrc .xprofile .xsession .zed"
  ).split(" "),
);
const START_UP_ENDINGS = [".code-workspace", ".sublime-project"];
/** Inside a `.git`: what git runs, or takes settings from. */
const GIT_OWN = new Set(["hooks", "config", "config.worktree", "commondir", "gitdir", "info"]);

/** @param places the paths of the configuration; the workspace and the roots are resolved here, once for each call. */
export function pathFinder(files: FilePort, places: Places): PathFinder {
  return async (written, access, pointer, cwd) => {
    const resolved = await resolvePath(absolute(written, cwd, places.home), files);
    const kind = kindOf(resolved);
    const zone = await zoneOf(resolved, access, { files, places });
    const plain = resolved.ok && kind === "file" && zone !== "blocked";
    // Of one with a second name too: a person's yes to it is for these bytes.
    const isFile = resolved.ok && resolved.status?.kind === "file" && zone !== "blocked";
    const digest = isFile ? await files.digest(resolved.path) : null;
    const hasCopy = plain && access !== "read" && zone === "workspace" && (await copied(resolved.path, files, places));
    return {
      pointer,
      written,
      resolved: resolved.path,
      access,
      zone,
      kind,
      hasCopy,
      ...(digest === null ? {} : { digest }),
    };
  };
}

/** `~` is the home folder; `~name` and everything else stands for itself. */
function absolute(written: string, cwd: string, home: string): string {
  if (written === "~" || written.startsWith("~/")) return home + written.slice(1);
  return written.startsWith("/") ? written : `${cwd}/${written}`;
}

function kindOf(resolved: Resolved): PathFact["kind"] {
  if (!resolved.ok) return "other";
  if (resolved.status === null) return "absent";
  // A second name of the same file may lie anywhere. BUG(second-name): a command that is given the folder reads it
  // unasked; the broker would have to look at every file of the workspace to cover those.
  if (resolved.status.kind === "file") return resolved.status.links > 1 ? "other" : "file";
  return resolved.status.kind === "folder" ? "folder" : "other";
}

type World = { readonly files: FilePort; readonly places: Places };

async function zoneOf(resolved: Resolved, access: PathAccess, world: World): Promise<PathZone> {
  if (!resolved.ok) return "blocked";
  const { places, files } = world;
  const path = resolved.path;
  if (HARMLESS_DEVICES.has(path)) return "allowed";
  const workspace = await real(places.workspace, files);
  if (await isBlocked(path, workspace, world)) return "blocked";
  if (isWithin(path, workspace)) {
    if (isProtected(path.slice(workspace.length), access)) return "protected";
    return access === "write" && writesThrough(resolved.status) ? "blocked" : "workspace";
  }
  if (access === "write" && writesThrough(resolved.status)) return "blocked";
  for (const allowed of places.allowedPaths) if (isWithin(path, await real(allowed, files))) return "allowed";
  return "outside";
}

/** Writing a file that has another name changes that one too; writing a device or a socket is no file access. */
function writesThrough(status: FileStatus | null): boolean {
  return status !== null && (status.kind === "other" || (status.kind === "file" && status.links > 1));
}

async function isBlocked(path: string, workspace: string, world: World): Promise<boolean> {
  const { places, files } = world;
  for (const folder of [...places.forbiddenPaths, ...places.blockedPaths]) {
    if (isWithin(path, folder) || isWithin(path, await real(folder, files))) return true;
  }
  const home = await real(places.home, files);
  const inWorkspace = isWithin(path, workspace);
  const roots = SYSTEM_FOLDERS.filter((folder) => !(isWithin(home, folder) && isWithin(path, home)));
  if (roots.some((folder) => isWithin(path, folder) && !(inWorkspace && isWithin(workspace, folder)))) return true;
  const hidden = isWithin(path, home) && home !== "/" ? /^\/(\.[^/]+)/.exec(path.slice(home.length))?.[1] : undefined;
  if (hidden === undefined) return false;
  return !(inWorkspace && isWithin(workspace, posix.join(home, hidden)));
}

/** @param below the path below the workspace, with its leading slash. */
export function isProtected(below: string, access: PathAccess): boolean {
  const parts = below.split("/").map(plainName);
  if (parts.some((part) => START_UP.has(part) || START_UP_ENDINGS.some((ending) => part.endsWith(ending)))) return true;
  const git = parts.findIndex((part) => part === ".git" || part === "git~1");
  if (git < 0) return false;
  const inside = parts.slice(git + 1);
  // Whoever removes or replaces `.git` replaces what is in it.
  return inside.length === 0 ? access !== "read" : inside.some((part) => GIT_OWN.has(part));
}

async function real(path: string, files: FilePort): Promise<string> {
  const resolved = await resolvePath(path, files);
  return resolved.ok ? resolved.path : path;
}

async function copied(path: string, files: FilePort, places: Places): Promise<boolean> {
  return hasGitCopy(path, await real(places.workspace, files), files);
}
