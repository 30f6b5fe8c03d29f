/**
 * The memory of spent tokens. It survives the broker: what is written here is
 * durable before the program of the token starts.
 *
 * One line a token, `PERMIT NOT_AFTER_MS`, and one `floor NOT_AFTER_MS`: the
 * latest expiry that was forgotten. A token that expires at or before the
 * floor is refused whatever the clock says, so that a clock which jumps back
 * revives nothing.
 *
 * @module
 */
import * as fs from "node:fs";
import { dirname } from "node:path";

export type SpentTokens = {
  /**
   * Answers at once whether the token is fresh, and remembers it in memory before anything is awaited, so that
   * two jobs with one token cannot both pass; `durable` resolves when the disk has it.
   */
  spend(
    permit: string,
    notAfterMs: number,
  ): { readonly fresh: false } | { readonly fresh: true; durable: Promise<void> };
  close(): void;
};

const LINE = /^(?:pmt_[0-9a-z]{26}|floor) \d{1,16}$/;
const COMPACT_AFTER = 4096;

/** @throws Error where the file holds anything that this module did not write. */
export function openSpentTokens(file: string, nowMs: () => number): SpentTokens {
  const { held, floor: kept } = load(file);
  let floor = kept;
  let since = 0;
  let fd = rewrite();
  let old: number | null = null;

  function rewrite(): number {
    const now = nowMs();
    for (const [permit, notAfterMs] of held) {
      if (notAfterMs >= now) continue;
      held.delete(permit);
      floor = Math.max(floor, notAfterMs);
    }
    const lines = [...held].map(([permit, notAfterMs]) => `${permit} ${notAfterMs}\n`);
    const fresh = `${file}.new`;
    const out = fs.openSync(fresh, "w", 0o600);
    fs.writeSync(out, `floor ${floor}\n${lines.join("")}`);
    fs.fdatasyncSync(out);
    fs.renameSync(fresh, file);
    syncFolder(dirname(file));
    since = 0;
    return out;
  }

  return {
    spend(permit, notAfterMs) {
      if (held.has(permit) || notAfterMs <= floor) return { fresh: false };
      held.set(permit, notAfterMs);
      since += 1;
      if (since > COMPACT_AFTER) {
        // A sync of the old descriptor may still be under way; it is closed at the next turn.
        if (old !== null) fs.closeSync(old);
        old = fd;
        fd = rewrite();
        return { fresh: true, durable: Promise.resolve() };
      }
      fs.writeSync(fd, `${permit} ${notAfterMs}\n`);
      return { fresh: true, durable: synced(fd) };
    },
    close() {
      fs.closeSync(fd);
      if (old !== null) fs.closeSync(old);
    },
  };
}

function synced(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fdatasync(fd, (error) => (error === null ? resolve() : reject(error)));
  });
}

function load(file: string): { held: Map<string, number>; floor: number } {
  const held = new Map<string, number>();
  let floor = 0;
  const lines = readIfThere(file).split("\n");
  // What follows the last line feed was torn by a crash: its program never started.
  for (const line of lines.slice(0, -1)) {
    if (!LINE.test(line)) throw new Error(`the list of spent tokens is damaged: \`${line.slice(0, 60)}\``);
    const [name = "", ms = ""] = line.split(" ");
    if (name === "floor") floor = Math.max(floor, Number(ms));
    else held.set(name, Number(ms));
  }
  return { held, floor };
}

function readIfThere(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}

function syncFolder(folder: string): void {
  const fd = fs.openSync(folder, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}
