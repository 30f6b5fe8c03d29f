/**
 * What tests started and did not stop. A process that stays holds pipes of
 * this one, and whoever waits for their end waits for ever.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

export type Leftover = { readonly pid: number; readonly command: string };

export type Leftovers = {
  readonly find: () => readonly Leftover[];
  /** What is still there after a while: a helper ends a moment after the socket that it was born with. */
  readonly settled: (waitMs?: number) => Promise<readonly Leftover[]>;
};

/** @returns Functions over the processes of this process group: those now there are not counted. */
export function watchLeftovers(): Leftovers {
  const before = new Set(ours().map((one) => one.key));
  const find = (): readonly Leftover[] => ours().filter((one) => !before.has(one.key));
  return {
    find,
    settled: async (waitMs = 10_000) => {
      const deadlineMs = performance.now() + waitMs;
      while (find().length > 0 && performance.now() < deadlineMs) await wait(100);
      return find();
    },
  };
}

/** The processes of this one's group; `key` tells a number that was used again from the one before. */
function ours(): readonly (Leftover & { readonly key: string })[] {
  const group = statOf(process.pid)?.group;
  if (group === undefined) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const pid = Number(name);
      const stat = statOf(pid);
      if (stat === undefined || stat.group !== group || stat.state === "Z") return [];
      return [{ pid, key: `${pid} ${stat.startedTicks}`, command: commandOf(pid) }];
    });
}

/** Fields 3, 5 and 22 of `proc(5)`'s stat; undefined where the process has ended. */
function statOf(
  pid: number,
): { readonly state: string; readonly group: string; readonly startedTicks: string } | undefined {
  const text = readOrNothing(`/proc/${pid}/stat`);
  // The name stands in brackets and may hold spaces and brackets itself.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, , group] = fields;
  const startedTicks = fields[19];
  if (state === undefined || group === undefined || startedTicks === undefined) return undefined;
  return { state, group, startedTicks };
}

function commandOf(pid: number): string {
  return readOrNothing(`/proc/${pid}/cmdline`).replaceAll("\0", " ").trim().slice(0, 2_000);
}

function readOrNothing(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ESRCH")) return "";
    throw error;
  }
}
