/**
 * What git keeps of a folder, read from its own files: git is not started,
 * because a repository can make it run programs.
 *
 * @see https://git-scm.com/docs/index-format
 * @module
 */
import { dirname, join, resolve } from "node:path";
import { bytesOf, namesIn, statOf, textOf } from "./paths.ts";

const INDEX_MOST = 64 * 1_048_576;
const STAT_BYTES = 40;
const EXTENDED = 0x4000;

/** Where git keeps a work tree's own files and what it shares with others: a linked work tree and a submodule have a file that says so. */
function foldersOf(repository: string): { readonly own: string; readonly shared: string } {
  const own = join(repository, ".git");
  const [, named] = statOf(own)?.isFile() === true ? (/^gitdir: (.+)$/m.exec(textOf(own, 4_096) ?? "") ?? []) : [];
  if (named === undefined) return { own, shared: own };
  const real = resolve(repository, named.trim());
  const common = textOf(join(real, "commondir"), 4_096)?.trim();
  return { own: real, shared: common === undefined ? real : resolve(real, common) };
}

/** Repositories among what a walk found, and the folder itself. */
export function repositoriesIn(root: string, paths: readonly string[]): readonly string[] {
  const inner = paths.filter((path) => path.endsWith("/.git")).map((path) => dirname(path));
  return [...new Set([root, ...inner])].filter((path) => statOf(join(path, ".git")) !== undefined);
}

/** Where its objects lie. */
export function objectsOf(repository: string): string {
  return join(foldersOf(repository).shared, "objects");
}

/** Names of tracked files; undefined where there is no index, or it is of a form that is not known. */
export function trackedFiles(repository: string): ReadonlySet<string> | undefined {
  const index = bytesOf(join(foldersOf(repository).own, "index"), INDEX_MOST);
  if (index === undefined || index.length < 12 || index.toString("latin1", 0, 4) !== "DIRC") return undefined;
  const version = index.readUInt32BE(4);
  const count = index.readUInt32BE(8);
  if (version < 2 || version > 4) return undefined;
  return entryNames(index, { version, count, hashBytes: hashBytes(repository) });
}

function hashBytes(repository: string): number {
  return /objectformat\s*=\s*sha256/i.test(textOf(join(foldersOf(repository).shared, "config")) ?? "") ? 32 : 20;
}

type Form = { readonly version: number; readonly count: number; readonly hashBytes: number };

function entryNames(index: Buffer, { version, count, hashBytes }: Form): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  let at = 12;
  let before = "";
  for (let i = 0; i < count; i++) {
    const fixed = STAT_BYTES + hashBytes + 2;
    if (at + fixed > index.length) return undefined;
    const isExtended = version >= 3 && (index.readUInt16BE(at + STAT_BYTES + hashBytes) & EXTENDED) !== 0;
    let name = at + fixed + (isExtended ? 2 : 0);
    let kept = "";
    if (version === 4) {
      const cut = offsetAt(index, name);
      if (cut === undefined) return undefined;
      name = cut.next;
      kept = before.slice(0, Math.max(0, before.length - cut.value));
    }
    const end = index.indexOf(0, name);
    if (end === -1) return undefined;
    before = kept + index.toString("latin1", name, end);
    names.add(Buffer.from(before, "latin1").toString("utf8"));
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7);
  }
  return names;
}

/** The variable-length number of version 4: how much of the last name is dropped. */
function offsetAt(index: Buffer, from: number): { readonly value: number; readonly next: number } | undefined {
  let value = 0;
  for (let at = from; at < Math.min(index.length, from + 6); at++) {
    const byte = index[at] ?? 0;
    value = at === from ? byte & 0x7f : ((value + 1) << 7) | (byte & 0x7f);
    if ((byte & 0x80) === 0) return { value, next: at + 1 };
  }
  return undefined;
}

type Setting = { readonly key: string; readonly value: string; readonly place: string };

/** Of the repository's own configuration, names in lower case. */
function settingsOf(repository: string): readonly Setting[] {
  const { own, shared } = foldersOf(repository);
  return [join(shared, "config"), join(own, "config.worktree")].flatMap((path) => {
    let section = "";
    return (textOf(path) ?? "").split("\n").flatMap((line, i): readonly Setting[] => {
      const [, name, inner] = /^\s*\[\s*([\w.-]+)(?:\s+"(.*)")?\s*\]/.exec(line) ?? [];
      if (name !== undefined) section = `${name.toLowerCase()}${inner === undefined ? "" : `.${inner}`}`;
      const [, key, value] = /^(?:\s*\[[^\]]*\])?\s*([A-Za-z][\w-]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (key === undefined || value === undefined) return [];
      return [{ key: `${section}.${key.toLowerCase()}`, value, place: `${path}, line ${i + 1}` }];
    });
  });
}

const PASSWORD = /:\/\/[^/\s:@]+:[^/\s@]+@|https:\/\/[^/\s:@]{20,}@/i;

/** Places where an address of another repository, or a header that is sent to it, carries a login. */
export function remotesWithPassword(repository: string): readonly string[] {
  return settingsOf(repository).flatMap(({ key, value, place }) => {
    const isHeader = /^http\..*extraheader$/.test(key) && /authorization/i.test(value);
    const isAddress = /url$|\.(?:push)?insteadof$|proxy$/.test(key) && (PASSWORD.test(value) || PASSWORD.test(key));
    return isHeader || isAddress ? [place] : [];
  });
}

/** Settings that name a program which git then runs. */
const RUNS =
  /^core\.(?:hookspath|fsmonitor|sshcommand|editor|pager|askpass|gitproxy|alternaterefscommand)$|^(?:diff|merge|filter|difftool|mergetool)\..*(?:external|textconv|command|driver|clean|smudge|process|cmd|path)$|^(?:gpg\.|credential\.|sequence\.|uploadpack\.|include\.|includeif\.).*(?:program|helper|editor|packobjectshook|path)$|^alias\./;

/** Hooks that git would run, and settings that make it run a program. */
export function activeHooks(repository: string): readonly string[] {
  const folder = join(foldersOf(repository).shared, "hooks");
  const hooks = namesIn(folder).filter((name) => !name.endsWith(".sample"));
  const settings = settingsOf(repository).filter(
    ({ key, value }) =>
      RUNS.test(key) && !/^(?:true|false|)$/i.test(value) && (!key.startsWith("alias.") || /^"?!/.test(value)),
  );
  return [...hooks.map((name) => join(folder, name)), ...settings.map(({ key, place }) => `${place}: ${key}`)];
}
