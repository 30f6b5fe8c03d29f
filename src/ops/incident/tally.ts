/**
 * Tallies: the same thing once, with how often it was seen, from which record
 * to which, and in which calls. Bounded: of what does not fit only sums are kept.
 *
 * INVARIANT(counts-add-up): what is listed and what is not are together as
 * often as it was seen.
 *
 * @module
 */
import { sha256 } from "../../core/json.ts";
import { Fair } from "./fair.ts";

export type Counted = {
  /** Records that speak of it. */
  readonly times: number;
  /** Indexes of the oldest and the newest of these. */
  readonly first: number;
  readonly last: number;
  /** Of the calls, the oldest and the newest. */
  readonly calls: readonly string[];
};

/** What did not fit. */
export type More = Omit<Counted, "calls"> & {
  /** At most so many: what was left out once and came again is counted again. */
  readonly things: number;
};

/** Newest first, each record after the last one's. */
export type Sight = {
  readonly key: string;
  readonly share: string;
  readonly kin: string;
  readonly index: number;
  readonly call: string;
};

type Item<T> = { readonly key: string; readonly own: T; times: number; first: number; last: number; calls: string[] };

/** Calls that are listed with a thing, half of them from each end. */
const CALLS = 20;
/** A longer key is known by its digest. */
const KEY_CHARACTERS = 300;

export class Tally<T> {
  readonly #items = new Map<string, Item<T>>();
  readonly #fair: Fair<Item<T>>;
  #more: { things: number; times: number; first: number; last: number } | undefined;

  constructor(room: number, parts: Readonly<Record<string, number>> = { all: 1 }) {
    this.#fair = new Fair(room, parts, (item) => this.#lose(item));
  }

  /** @param add is told what this sight of it adds. */
  see({ key: spelled, share, kin, index, call }: Sight, make: () => T, add?: (own: T) => void): void {
    const key = spelled.length > KEY_CHARACTERS ? sha256(spelled) : spelled;
    let item = this.#items.get(key);
    if (item === undefined) {
      item = { key, own: make(), times: 0, first: -1, last: index, calls: [] };
      this.#items.set(key, item);
      count(item, index, call);
      add?.(item.own);
      this.#fair.add(item, { share, kin });
      return;
    }
    count(item, index, call);
    add?.(item.own);
  }

  /** Oldest first. */
  listed(): readonly (T & Counted)[] {
    return this.#fair
      .kept()
      .map(({ own, times, first, last, calls }) => ({ ...own, times, first, last, calls: calls.toReversed() }))
      .sort((a, b) => a.first - b.first || a.last - b.last);
  }

  more(): More | undefined {
    return this.#more;
  }

  #lose({ key, times, first, last }: Item<T>): void {
    this.#items.delete(key);
    const more = (this.#more ??= { things: 0, times: 0, first, last });
    more.things += 1;
    more.times += times;
    more.first = Math.min(more.first, first);
    more.last = Math.max(more.last, last);
  }
}

/** One record counts once, however often it names the thing. */
function count<T>(item: Item<T>, index: number, call: string): void {
  if (item.first === index) return;
  item.times += 1;
  item.first = index;
  if (call === "" || item.calls.includes(call)) return;
  item.calls.push(call);
  if (item.calls.length > CALLS) item.calls.splice(CALLS / 2, 1);
}
