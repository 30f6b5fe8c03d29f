/**
 * Places on this machine: what `~` stands for, and which folders may not
 * overlap.
 *
 * @module
 */
import { realpathSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export type Places = {
  /** The state folder. */
  readonly home: string;
  /** The home folder of the user that runs it. */
  readonly userHome: string;
  /** Where the program lies. */
  readonly installation: string;
};

export function expand(path: string, places: Places): string {
  if (path === "~") return resolve(places.userHome);
  return resolve(path.startsWith("~/") ? join(places.userHome, path.slice(2)) : path);
}

/** Folders with credentials and of the system: blocked whatever is allowed (R-FS-1). */
export function alwaysBlocked(places: Places): readonly string[] {
  const hidden = [".ssh", ".aws", ".gnupg", ".config"].map((name) => join(resolve(places.userHome), name));
  return [...hidden, "/etc", "/var"];
}

/** Every spelling of the folders that no tool may see: as they are named, and where links lead. */
export function forbiddenPaths(places: Places): readonly string[] {
  const named = [places.home, places.installation].map((path) => resolve(path));
  return [...new Set([...named, ...named.map(realPath)])];
}

/** Links resolved as far as the path exists. */
export function realPath(path: string): string {
  const whole = resolve(path);
  for (let head = whole; ; head = dirname(head)) {
    const real = realOrNull(head);
    if (real !== null) return resolve(real, relative(head, whole));
    if (head === dirname(head)) return whole;
  }
}

function realOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    // Absent, or not to be seen: its parent says where it would lie.
    return null;
  }
}

/** Whether `inner` is `outer` or lies in it. */
export function isWithin(inner: string, outer: string): boolean {
  const steps = relative(outer, inner);
  return steps === "" || (steps !== ".." && !steps.startsWith("../"));
}

/** Whether one lies in the other, by name or by where links lead. */
export function overlap(a: string, b: string): boolean {
  const [realA, realB] = [realPath(a), realPath(b)];
  return [
    [a, b],
    [realA, realB],
  ].some(([x = "", y = ""]) => isWithin(x, y) || isWithin(y, x));
}

/** Whether the path lies directly or deeper in a hidden entry of the home folder. */
export function inHiddenEntry(path: string, places: Places): boolean {
  const steps = relative(resolve(places.userHome), path);
  return steps.startsWith(".") && steps !== "" && !steps.startsWith("../") && steps !== "..";
}
