/** The folders that agents work in, and secrets in them. @module */
import { join, relative } from "node:path";
import type { PathFacts, WorkspaceFacts } from "../../ops/audit/facts-files.ts";
import type { SecretPlace } from "../../ops/audit/facts-state.ts";
import type { AgentSettings } from "../config/settings.ts";
import { isWithin, realPath } from "../config/places.ts";
import { placesIn } from "./gather-config.ts";
import { activeHooks, remotesWithPassword, trackedFiles } from "./git.ts";
import { lyingOf } from "./lying.ts";
import { bytesOf, linkOf, lookAt, statOf, walk } from "./paths.ts";

/** What is fetched anew, and what git keeps: both are large, and neither is what a person wrote here. */
const SKIPPED: ReadonlySet<string> = new Set([
  "node_modules",
  ".git",
  ".venv",
  "venv",
  "target",
  "__pycache__",
  ".cache",
]);

const CREDENTIALS =
  /^(?:\.env(?:\.(?!example$|sample$|template$|dist$).*)?|\.netrc|\.git-credentials|\.pgpass|id_(?:rsa|dsa|ecdsa|ed25519)|.*\.(?:pem|p12|pfx|jks|keystore|kdbx|ppk)|credentials\.json|service-account.*\.json|client_secret.*\.json|\.htpasswd|secrets?\.(?:ya?ml|json|toml)|\.npmrc|\.pypirc|wallet\.dat)$/i;
const STARTUP: ReadonlySet<string> = new Set([
  ".envrc",
  ".vscode/tasks.json",
  ".idea/workspace.xml",
  ".pre-commit-config.yaml",
  ".husky",
  ".mise.toml",
  ".bashrc",
  ".profile",
  ".zshrc",
  ".devcontainer",
]);

export type Form = {
  readonly entries: number;
  readonly files: number;
  readonly fileBytes: number;
  readonly allBytes: number;
};

export const USUAL: Form = { entries: 5_000, files: 1_500, fileBytes: 256 * 1024, allBytes: 6 * 1_048_576 };
export const DEEP: Form = { entries: 500_000, files: 200_000, fileBytes: 4 * 1_048_576, allBytes: 2_000 * 1_048_576 };

export type GatheredWorkspace = { readonly facts: WorkspaceFacts; readonly secrets: readonly SecretPlace[] };

export function gatherWorkspace({ id, workspace }: AgentSettings, form: Form): GatheredWorkspace {
  const me = process.getuid?.() ?? -1;
  const root = lookAt(workspace);
  const isFolder = statOf(realPath(workspace))?.isDirectory() === true;
  const { found, truncated } = isFolder
    ? walk(realPath(workspace), form.entries, (name) => SKIPPED.has(name))
    : { found: [], truncated: false };
  const real = realPath(workspace);
  const tracked = trackedFiles(real);
  const searched = searchSecrets(found, form);
  return {
    facts: {
      agent: id,
      path: workspace,
      root,
      lying: root === null ? null : lyingOf(workspace, me),
      linksOut: found.flatMap((one) => linkOut(one, real)),
      setUid: found.filter(({ kind, mode }) => kind === "file" && (mode & 0o6000) !== 0),
      hardLinks: found
        .filter(({ kind, path }) => kind === "file" && (statOf(path)?.nlink ?? 1) > 1)
        .map(({ path }) => path),
      startup: [
        ...activeHooks(real),
        ...found.filter(({ path }) => STARTUP.has(relative(real, path))).map(({ path }) => path),
      ],
      sockets: found
        .filter(({ kind, path }) => kind === "other" && statOf(path)?.isSocket() === true)
        .map(({ path }) => path),
      credentialFiles: found
        .filter(({ path, kind }) => kind === "file" && CREDENTIALS.test(path.slice(path.lastIndexOf("/") + 1)))
        .map(({ path }) => ({ path, tracked: tracked?.has(relative(real, path)) === true })),
      gitRemotesWithPassword: remotesWithPassword(real),
      seen: found.length,
      truncated: truncated || searched.truncated,
    },
    secrets: searched.secrets,
  };
}

function linkOut({ kind, path }: PathFacts, root: string): readonly string[] {
  if (kind !== "link") return [];
  const target = realPath(path);
  return isWithin(target, root) ? [] : [`${path} -> ${linkOf(path) ?? "?"}`];
}

/** Newest first would need all of them; what is small and near the top is what people put secrets into. */
function searchSecrets(
  found: readonly PathFacts[],
  form: Form,
): { secrets: readonly SecretPlace[]; truncated: boolean } {
  const secrets: SecretPlace[] = [];
  let bytes = 0;
  let files = 0;
  for (const { path, kind, mode } of found) {
    if (kind !== "file") continue;
    if (files >= form.files || bytes >= form.allBytes) return { secrets, truncated: true };
    const content = bytesOf(path, form.fileBytes);
    if (content === undefined || content.subarray(0, 1_024).includes(0)) continue;
    files += 1;
    bytes += content.length;
    secrets.push(...placesIn(content.toString("utf8"), { where: "workspace", path, open: (mode & 0o044) !== 0 }));
  }
  return { secrets, truncated: false };
}

const HISTORIES = [
  ".bash_history",
  ".zsh_history",
  ".history",
  ".sh_history",
  ".local/share/fish/fish_history",
  ".python_history",
  ".node_repl_history",
  ".psql_history",
  ".mysql_history",
];
const STARTUPS = [
  ".profile",
  ".bash_profile",
  ".bashrc",
  ".zshenv",
  ".zprofile",
  ".zshrc",
  ".config/fish/config.fish",
  ".pam_environment",
  ".env",
];
const LAST_BYTES = 512 * 1024;

/** Secrets in the home folder: what was typed, and what is set for every program. */
export function gatherHomeSecrets(userHome: string): readonly SecretPlace[] {
  const from = (names: readonly string[], where: SecretPlace["where"]): readonly SecretPlace[] =>
    names.flatMap((name) => {
      const path = join(userHome, name);
      const found = statOf(path);
      const content = found?.isFile() === true ? bytesOf(path, 16 * 1_048_576) : undefined;
      if (content === undefined || found === undefined) return [];
      const text = content.subarray(Math.max(0, content.length - LAST_BYTES)).toString("utf8");
      return placesIn(text, { where, path, open: (found.mode & 0o044) !== 0 });
    });
  return [...from(HISTORIES, "shell history"), ...from(STARTUPS, "start-up file"), ...gitLogins(userHome)];
}

function gitLogins(userHome: string): readonly SecretPlace[] {
  return [".git-credentials", ".netrc"].flatMap((name): readonly SecretPlace[] => {
    const path = join(userHome, name);
    const found = statOf(path);
    const isFilled = found?.isFile() === true && found.size > 0;
    return isFilled ? [{ where: "git", path, line: 0, what: "logins in clear", open: (found.mode & 0o044) !== 0 }] : [];
  });
}

/** The newest part of each log. */
export function gatherLogSecrets(logs: string, names: readonly string[]): readonly SecretPlace[] {
  return names.flatMap((name) => {
    const path = join(logs, name);
    const content = bytesOf(path, 64 * 1_048_576);
    if (content === undefined) return [];
    return placesIn(content.subarray(Math.max(0, content.length - LAST_BYTES)).toString("utf8"), {
      where: "log",
      path,
      open: false,
    });
  });
}
