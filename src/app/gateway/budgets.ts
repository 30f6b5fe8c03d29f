/**
 * What a person, and everybody together, used today. Kept in the store, so
 * that a restart gives nothing back.
 *
 * @module
 */
import type { Clock } from "../../core/ports/clock.ts";
import type { StateStore } from "../../core/ports/store.ts";

export type Used = { readonly tokens: number; readonly toolCalls: number; readonly wallMs: number };

export type DailyLimits = { readonly person: Used; readonly day: Used };

export type Left = Used & { readonly money: number };

export type Budgets = {
  left(person: string): Promise<{ readonly person: Left; readonly day: Left }>;
  add(person: string, used: Partial<Used>): Promise<void>;
};

const EVERYBODY = "*";

/** Days are UTC's. A clock that goes back finds what was used then, so it gives nothing back either. */
export function createBudgets(store: StateStore, clock: Clock, limits: DailyLimits): Budgets {
  const today = (who: string): string => `used:${new Date(clock.wallMs()).toISOString().slice(0, 10)}:${who}`;
  const used = async (who: string): Promise<Used> => {
    const row = await store.get(today(who));
    return { tokens: count(row?.["tokens"]), toolCalls: count(row?.["toolCalls"]), wallMs: count(row?.["wallMs"]) };
  };
  return {
    left: async (person) => ({
      person: leftOf(limits.person, await used(person)),
      day: leftOf(limits.day, await used(EVERYBODY)),
    }),
    async add(person, more) {
      for (const who of [person, EVERYBODY]) {
        const before = await used(who);
        await store.set(today(who), {
          tokens: before.tokens + (more.tokens ?? 0),
          toolCalls: before.toolCalls + (more.toolCalls ?? 0),
          wallMs: before.wallMs + (more.wallMs ?? 0),
        });
      }
    },
  };
}

/** A stored value that is no number counts as everything used. */
function count(value: unknown): number {
  if (value === undefined) return 0;
  return typeof value === "number" && value >= 0 ? value : Number.POSITIVE_INFINITY;
}

function leftOf(limit: Used, used: Used): Left {
  return {
    tokens: limit.tokens - used.tokens,
    toolCalls: limit.toolCalls - used.toolCalls,
    wallMs: limit.wallMs - used.wallMs,
    money: Number.POSITIVE_INFINITY,
  };
}
