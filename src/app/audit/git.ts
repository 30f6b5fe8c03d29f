/**
 * What git keeps of a folder, read from its own files: git is not started,
 * because a repository can make it run programs.
 *
 * @see https://git-scm.com/docs/index-format
 * @module
 */
import { join } from "node:path";
import { bytesOf, namesIn, textOf } from "./paths.ts";

const INDEX_MOST = 64 * 1_048_576;
const STAT_BYTES = 40;
const EXTENDED = 0x4000;

/** Names of tracked files; undefined where there is no index, or it is of a form that is not known. */
export function trackedFiles(repository: string): ReadonlySet<string> | undefined {
  const index = bytesOf(join(repository, ".git", "index"), INDEX_MOST);
  if (index === undefined || index.length < 12 || index.toString("latin1", 0, 4) !== "DIRC") return undefined;
  const version = index.readUInt32BE(4);
  const count = index.readUInt32BE(8);
  if (version < 2 || version > 4) return undefined;
  return entryNames(index, { version, count, hashBytes: hashBytes(repository) });
}

function hashBytes(repository: string): number {
  return /objectformat\s*=\s*sha256/i.test(textOf(join(repository, ".git", "config")) ?? "") ? 32 : 20;
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

/** Names of remotes whose address carries a password. */
export function remotesWithPassword(repository: string): readonly string[] {
  const path = join(repository, ".git", "config");
  const lines = (textOf(path) ?? "").split("\n");
  return lines.flatMap((line, i) =>
    /^\s*(?:push)?url\s*=.*:\/\/[^/\s:@]+:[^/\s@]+@|^\s*url\s*=\s*https:\/\/[^/\s:@]{20,}@/i.test(line)
      ? [`${path}, line ${i + 1}`]
      : [],
  );
}

/** Hooks that git would run. */
export function activeHooks(repository: string): readonly string[] {
  const folder = join(repository, ".git", "hooks");
  return namesIn(folder)
    .filter((name) => !name.endsWith(".sample"))
    .map((name) => join(folder, name));
}
