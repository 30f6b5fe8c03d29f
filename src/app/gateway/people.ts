/**
 * Who can be asked now. A person counts as reachable while a door of his is
 * open: a chat that streams, a page or terminal that watches for questions.
 *
 * @module
 */
import type { PersonId } from "../../core/ids.ts";
import type { Trust } from "../../core/label.ts";

export type Known = ReadonlyMap<string, { readonly trust: Trust; readonly roles: readonly string[] }>;

export type Reachable = { readonly person: PersonId; readonly trust: Trust; readonly roles: readonly string[] };

export type Presence = {
  /** Counts one open door with the trust that its token has; the returned function closes it. */
  arrive(who: Reachable): () => void;
  /** The best door of each person who has one open. */
  reachable(): readonly Reachable[];
};

export function createPresence(rank: (trust: Trust) => number): Presence {
  const open = new Set<Reachable>();
  return {
    arrive(who) {
      const door = { ...who };
      open.add(door);
      return () => void open.delete(door);
    },
    reachable() {
      const best = new Map<PersonId, Reachable>();
      for (const door of open) {
        const before = best.get(door.person);
        if (before === undefined || rank(door.trust) > rank(before.trust)) best.set(door.person, door);
      }
      return [...best.values()];
    },
  };
}
