/**
 * Who else may read the state folder (R-FS-3). Looks at modes only; nothing is
 * opened, because closing a descriptor of a lock file would drop its lock.
 *
 * @module
 */
import { chmodSync, lstatSync, readdirSync, type Stats } from "node:fs";
import { basename, dirname, join } from "node:path";

export type ModeFinding = {
  /** Absolute. */
  readonly path: string;
  readonly says: string;
  /** As `ls` would show it in octal: `0755`; `-` where that is not what is wrong. */
  readonly mode: string;
  readonly wanted: string;
  /** Whether `mendStateModes` puts it right. */
  readonly mendable: boolean;
};

/** More entries than a state folder has; beyond them nothing was looked at, which is a finding. */
const ENTRIES_MAX = 100_000;

/** What helpers keep for themselves behind a folder of mode 700; programs in sandboxes have to read some of it. */
const OF_HELPERS = new Set(["broker", "run"]);

/** The state folder has to be 700 and everything in it 700 or 600, all of it the user's own. */
export function checkStateModes(home: string): readonly ModeFinding[] {
  const findings: ModeFinding[] = [];
  const waiting = [home];
  let seen = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    seen += 1;
    if (seen > ENTRIES_MAX) return [...findings, finding(home, "has too many entries to look at all of them", "-")];
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    findings.push(...wrongWith(path, found));
    const isClosed = dirname(path) === home && OF_HELPERS.has(basename(path)) && (found.mode & 0o077) === 0;
    if (!found.isDirectory() || isClosed) continue;
    const names = namesIn(path);
    if (names === undefined) findings.push(finding(path, "cannot be looked into", "-"));
    else for (const name of names) waiting.push(join(path, name));
  }
  return findings;
}

function namesIn(path: string): readonly string[] | undefined {
  try {
    return readdirSync(path);
  } catch (error) {
    if (error instanceof Error) return undefined; // somebody else's, or gone: a finding, and the rest is looked at
    throw error;
  }
}

function* wrongWith(path: string, found: Stats): Generator<ModeFinding> {
  if (found.isSymbolicLink()) return yield finding(path, "is a link: what it leads to is not looked at", "-");
  if (!found.isFile() && !found.isDirectory() && !found.isSocket()) {
    yield finding(path, "is neither file nor folder: whoever reads it may wait for ever", "-");
  }
  if (found.uid !== process.getuid?.()) yield finding(path, "belongs to another user", "-");
  const mode = found.mode & 0o7777;
  if ((mode & 0o077) === 0) return undefined;
  const wanted = found.isDirectory() ? "0700" : "0600";
  return yield { path, says: "can be used by others", mode: octal(mode), wanted, mendable: true };
}

/** Takes everybody else's rights away. @returns what was mended; what could not be is still found by the check. */
export function mendStateModes(home: string): readonly ModeFinding[] {
  return checkStateModes(home).filter((each) => {
    const found = each.mendable ? lstatSync(each.path, { throwIfNoEntry: false }) : undefined;
    if (found === undefined || found.isSymbolicLink() || found.uid !== process.getuid?.()) return false;
    chmodSync(each.path, found.mode & 0o700);
    return true;
  });
}

function finding(path: string, says: string, wanted: string): ModeFinding {
  return { path, says, mode: "-", wanted, mendable: false };
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
