/** How long turns have waited for people: that is not counted as the time they took. @module */
import type { TurnId } from "../../core/ids.ts";

export type Waits = {
  /** From here on it is counted. @returns to be called at the turn's end. */
  meter(turn: TurnId): { readonly waitedMs: () => number; readonly end: () => void };
  /** A turn that nobody meters, as one call that a program proposed, leaves nothing here. */
  add(turn: TurnId, ms: number): void;
  readonly size: number;
};

export function createWaits(): Waits {
  const waits = new Map<TurnId, number>();
  return {
    meter(turn) {
      waits.set(turn, 0);
      return { waitedMs: () => waits.get(turn) ?? 0, end: () => void waits.delete(turn) };
    },
    add(turn, ms) {
      const before = waits.get(turn);
      if (before !== undefined) waits.set(turn, before + ms);
    },
    get size() {
      return waits.size;
    },
  };
}
