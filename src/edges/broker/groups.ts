/**
 * Control groups that serve one sandbox after the other: to make and to remove
 * one makes the broker wait for whatever else the kernel does with groups.
 *
 * What the kernel counted for an earlier sandbox (peaks, kills, times) stays
 * in a group and is read by nobody. Limits are taken off before the next one
 * enters, and set for its job before its program starts, as in a new group.
 *
 * INVARIANT(groups-empty): a group is given to one sandbox at a time, and only
 * when it is new or was found empty right then.
 *
 * @module
 */
import { type Cgroup, type CgroupHome, makeCgroup } from "./cgroup.ts";

export type Groups = {
  /** @param cpus as for `makeCgroup`. @throws Error where the kernel refuses the group or a limit. */
  take(cpus: number | null): Cgroup;
  /** Once its sandbox is gone. */
  giveBack(group: Cgroup): void;
  /** Kills what is left in one and resolves when nothing is. */
  end(group: Cgroup): Promise<void>;
  /** Removes those that nobody has. */
  clear(): Promise<void>;
};

/** As many sandboxes as wait, and as many again. */
const MOST_KEPT = 8;
/** The kernel lets go of what ended a little later than it says so. What is not empty after this is removed. */
const SETTLE_MS = 1000;

/** @param make makes one; another than `makeCgroup` only in tests. */
export function openGroups(home: CgroupHome, make: typeof makeCgroup = makeCgroup): Groups {
  /** Those that sandboxes have, and for which shape they were made. */
  const lent = new Map<Cgroup, number | null>();
  const kept = new Map<Cgroup, number | null>();
  let made = 0;
  let sweeping = false;

  function again(cpus: number | null): Cgroup | undefined {
    // The one that had longest to settle; where even that one has not, none has.
    const oldest = [...kept].find(([, shape]) => shape === cpus)?.[0];
    if (!oldest?.renew()) return;
    kept.delete(oldest);
    return oldest;
  }

  function sweep(): void {
    sweeping = false;
    for (const group of kept.keys()) {
      if (group.renew()) continue;
      kept.delete(group);
      remove(group);
    }
  }

  return {
    take(cpus) {
      const group = again(cpus) ?? make(home, String(++made), cpus);
      lent.set(group, cpus);
      return group;
    },
    giveBack(group) {
      const cpus = lent.get(group);
      if (cpus === undefined) return;
      lent.delete(group);
      if (kept.size >= MOST_KEPT) return remove(group);
      kept.set(group, cpus);
      if (!sweeping) setTimeout(sweep, SETTLE_MS).unref();
      sweeping = true;
    },
    async end(group) {
      if (lent.delete(group)) await group.remove();
    },
    async clear() {
      const idle = [...kept.keys()];
      kept.clear();
      await Promise.all(idle.map((group) => group.remove()));
    },
  };
}

/** Not waited for: nothing of a sandbox is left in it, or the kernel is not done with it yet. */
function remove(group: Cgroup): void {
  group.remove().catch(() => undefined);
}
