/**
 * Frozen sessions: nothing runs in them and nothing is taken, those that they
 * spawned neither, until an operator lets them go; also across a restart.
 *
 * @module
 */
import { Fault } from "../core/fault.ts";
import type { SessionId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { SessionRow, StateStore } from "../core/ports/store.ts";

const KEY = "frozen";
/** Kept by name; beyond that everything has to be stopped instead. */
const MOST = 10_000;

export type Frozen = { readonly session: string; readonly by: string; readonly why: string; readonly atMs: number };

export type Freeze = {
  isFrozen(session: string): boolean;
  list(): readonly Frozen[];
  /**
   * In force at once; kept when it resolves.
   *
   * @returns the sessions that are frozen now and were not.
   * @throws Fault FREEZE_LIMIT where there would be too many: then none of them is.
   */
  freeze(sessions: readonly SessionId[], said: Omit<Frozen, "session">): Promise<readonly SessionId[]>;
  /** @returns false where it was not frozen. */
  thaw(session: string): Promise<boolean>;
};

/** @param also frozen for another reason, as by an open incident. */
export async function openFreeze(store: StateStore, also: (session: string) => boolean): Promise<Freeze> {
  const frozen = new Map(readAll(await store.get(KEY)).map((one) => [one.session, one]));
  // What could not be kept is tried again by whoever freezes next, also where he freezes nothing new.
  let isKept = true;
  const save = async (): Promise<void> => {
    isKept = false;
    await store.set(KEY, { sessions: [...frozen.values()].map((one) => ({ ...one })) });
    isKept = true;
  };
  return {
    isFrozen: (session) => frozen.has(session) || also(session),
    list: () => [...frozen.values()],
    async freeze(sessions, said) {
      const fresh = sessions.filter((session) => !frozen.has(session));
      if (frozen.size + fresh.length > MOST) throw tooMany();
      // In memory first: what runs ends now, even where the disk is slow or full.
      for (const session of fresh) frozen.set(session, { session, ...said });
      if (fresh.length > 0 || !isKept) await save();
      return fresh;
    },
    async thaw(session) {
      const was = frozen.get(session);
      if (was === undefined) return false;
      frozen.delete(session);
      try {
        await save();
      } catch (thrown) {
        frozen.set(session, was); // what cannot be kept does not count
        throw thrown;
      }
      return true;
    },
  };
}

/** A session with all that were spawned from it. */
export function familyOf(session: SessionId, rows: readonly SessionRow[]): readonly SessionId[] {
  const family = new Set<SessionId>([session]);
  for (let grew = true; grew; ) {
    const children = rows.filter(({ id, parent }) => parent !== undefined && family.has(parent) && !family.has(id));
    for (const { id } of children) family.add(id);
    grew = children.length > 0;
  }
  return [...family];
}

function readAll(kept: JsonObject | undefined): readonly Frozen[] {
  const list = kept?.["sessions"];
  if (list === undefined) return [];
  if (!Array.isArray(list)) throw unreadable();
  return list.map((one: unknown) => {
    const { session, by, why, atMs } = asJson(one);
    const isWhole = typeof session === "string" && typeof by === "string" && typeof why === "string";
    if (isWhole && typeof atMs === "number") return { session, by, why, atMs };
    // Leaving it out would let somebody's session go.
    throw unreadable();
  });
}

function unreadable(): Fault {
  return new Fault("STATE_CORRUPT", {
    message: "which sessions are frozen cannot be read",
    hint: "restore the state folder from a backup: `vambrace backup list`",
  });
}

function tooMany(): Fault {
  return new Fault("FREEZE_LIMIT", {
    message: `more than ${MOST} sessions would be frozen`,
    hint: "stop everything instead: `vambrace stop`",
  });
}

function asJson(value: unknown): JsonObject {
  return typeof value === "object" && value !== null ? { ...value } : {};
}
