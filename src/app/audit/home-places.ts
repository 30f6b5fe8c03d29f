/**
 * Where in a person's home folder secrets and start-up files lie, by the names
 * that shells and tools give them. A link counts for what it leads to: many
 * keep these files in a repository and link them.
 *
 * @module
 */
import { basename, isAbsolute, join } from "node:path";
import type { PathFacts } from "../../ops/audit/facts-files.ts";
import { realPath } from "../config/places.ts";
import { headOf, lookAt, namesIn, textOf } from "./paths.ts";

const HISTORY = /^\.(?:.*_)?(?:history|hist|histfile|zhistory)$/;
const HISTORIES = [
  ".config/zsh/.zsh_history",
  ".local/share/zsh/history",
  ".local/state/zsh/history",
  ".local/state/bash/history",
  ".config/nushell/history.txt",
  ".local/share/powershell/PSReadLine/ConsoleHost_history.txt",
];

const SHELL_FILES = [
  ".profile",
  ".bash_profile",
  ".bash_login",
  ".bashrc",
  ".bash_aliases",
  ".bash_logout",
  ".zshenv",
  ".zprofile",
  ".zshrc",
  ".zlogin",
  ".zlogout",
  ".config/zsh/.zshenv",
  ".config/zsh/.zprofile",
  ".config/zsh/.zshrc",
  ".config/fish/config.fish",
  ".pam_environment",
  ".xprofile",
  ".xsessionrc",
];
/** Every file in these is read at a login. */
const START_FOLDERS = [".config/fish/conf.d", ".config/environment.d", ".config/systemd/user", ".config/autostart"];

/** Others' right to write these is a right to run something as this person. */
const STARTS = [
  ...SHELL_FILES,
  ...START_FOLDERS,
  ".config",
  ".config/fish",
  ".config/git",
  ".config/git/config",
  ".gitconfig",
  ".npmrc",
  ".local/bin",
  "bin",
  ".ssh",
  ".ssh/authorized_keys",
  ".ssh/config",
  ".ssh/rc",
];

const below = (userHome: string, folder: string): readonly string[] =>
  namesIn(join(userHome, folder)).map((name) => join(userHome, folder, name));

const whole = (userHome: string, names: readonly string[]): readonly string[] =>
  names.map((name) => join(userHome, name));

export function startedFrom(userHome: string): readonly string[] {
  return [...whole(userHome, STARTS), ...START_FOLDERS.flatMap((folder) => below(userHome, folder))];
}

/** Start-up files, and `.env` files that lie beside them. */
export function startupFiles(userHome: string): readonly string[] {
  const dotEnv = namesIn(userHome).filter((name) => /^\.env(?:rc|\..+)?$/.test(name));
  return [
    ...whole(userHome, [...SHELL_FILES, ...dotEnv]),
    ...START_FOLDERS.flatMap((folder) => below(userHome, folder)),
  ];
}

/** Of shells and of programs that ask: by name, where fish keeps its sessions, and where `HISTFILE` says. */
export function histories(userHome: string): readonly string[] {
  const named = namesIn(userHome).filter((name) => HISTORY.test(name));
  const said = SHELL_FILES.flatMap((name) => saidIn(textOf(join(userHome, name)) ?? "", userHome));
  return [
    ...new Set([...whole(userHome, [...named, ...HISTORIES]), ...below(userHome, ".local/share/fish"), ...said]),
  ].filter((path) => basename(path) !== "fish_variables");
}

function saidIn(text: string, userHome: string): readonly string[] {
  return [...text.matchAll(/^\s*(?:export\s+)?HISTFILE=["']?([^"'\s;#]+)/gm)].flatMap(([, said = ""]) => {
    const path = said.replace(/^(?:~|\$\{?(?:HOME|ZDOTDIR)\}?)(?=\/)/, userHome);
    return isAbsolute(path) ? [path] : [];
  });
}

type Logins = readonly (readonly [name: string, holds: RegExp])[];

/** Files in which tools keep a login in clear, and what such a one looks like there. */
const LOGINS: Logins = [
  [".npmrc", /_(?:auth|authToken|password)\s*=\s*(?!\$\{)\S/],
  [".yarnrc.yml", /npmAuth(?:Token|Ident):\s*(?!["']?\$\{)\S/],
  [".pypirc", /^\s*password\s*[:=]\s*\S/m],
  [".docker/config.json", /"(?:auth|identitytoken)"\s*:\s*"[^"]/],
  [".config/containers/auth.json", /"auth"\s*:\s*"[^"]/],
  [".config/gh/hosts.yml", /oauth_token:\s*\S/],
  [".aws/credentials", /secret_access_key\s*=\s*\S/],
  [".config/gcloud/application_default_credentials.json", /"(?:refresh_token|private_key)"/],
  [".kube/config", /(?:client-key-data|token|password):\s*\S/],
  [".pgpass", /^[^#\s][^:]*:.*:./m],
  [".my.cnf", /^\s*password\s*=\s*\S/m],
  [".cargo/credentials.toml", /token\s*=\s*"/],
  [".gem/credentials", /:\s*\S/],
  [".terraform.d/credentials.tfrc.json", /"token"/],
  [".config/rclone/rclone.conf", /^\s*(?:pass|token|secret_access_key|client_secret)\s*=\s*\S/m],
  [".vault-token", /\S/],
  [".cache/huggingface/token", /\S/],
];
/** Made for logins alone. */
const GIT_LOGINS = [".git-credentials", ".config/git/credentials", ".netrc"];

export function loginFiles(userHome: string): readonly string[] {
  return LOGINS.flatMap(([name, holds]) =>
    holds.test(textOf(join(userHome, name)) ?? "") ? [join(userHome, name)] : [],
  );
}

export function gitLoginFiles(userHome: string): readonly string[] {
  return whole(userHome, GIT_LOGINS).filter((path) => (textOf(path) ?? "").trim() !== "");
}

const KEYS = [".config/age/keys.txt", ".config/vambrace/vault.key", ".config/sops/age/keys.txt"];

/** Private keys, by what they are and not by their name, and every file with a login. */
export function keyFiles(userHome: string): readonly PathFacts[] {
  const ssh = below(userHome, ".ssh").filter((path) =>
    /^-----BEGIN .*PRIVATE KEY/.test(headOf(path, 100)?.toString() ?? ""),
  );
  const all = [...ssh, ...whole(userHome, KEYS), ...gitLoginFiles(userHome), ...loginFiles(userHome)];
  return all.flatMap((path) => {
    const facts = lookAt(realPath(path));
    return facts?.kind === "file" ? [facts] : [];
  });
}
