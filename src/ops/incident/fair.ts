/**
 * What is kept where not all of it can be, chosen so that whoever makes very
 * much of one thing pushes out nothing else.
 *
 * Everything comes newest first, and is told its share (how grave it is) and
 * its kin (what it is like). A share that has no more than its part of the room
 * loses nothing. In one that has more, the newest quarter stays; of the rest,
 * first the oldest of each kin, then the next of each, until the room is full.
 *
 * INVARIANT(share-is-safe): what comes in one share takes no room from another's part.
 * INVARIANT(rare-stays): what there is little of stays, however much comes of its neighbours.
 *
 * @module
 */

export type Place = {
  readonly share: string;
  readonly kin: string;
  /** Of the room that it takes; 1 unless said. */
  readonly weight?: number;
};

type Kept<T> = { readonly item: T; readonly kin: string; readonly weight: number };
type Share<T> = { readonly part: number; weight: number; items: Kept<T>[] };

/** So far above its room it goes before it is cut: a cut looks at everything that is there. */
const SLACK = 2;

export class Fair<T> {
  readonly #room: number;
  readonly #shares: ReadonlyMap<string, Share<T>>;
  readonly #lost: (item: T) => void;
  #weight = 0;

  /** @param parts how the room is divided between shares where each has more than enough. */
  constructor(room: number, parts: Readonly<Record<string, number>>, lost: (item: T) => void) {
    this.#room = room;
    this.#shares = new Map(Object.entries(parts).map(([name, part]) => [name, { part, weight: 0, items: [] }]));
    this.#lost = lost;
  }

  /** @throws RangeError for a share that is none of those. */
  add(item: T, { share, kin, weight = 1 }: Place): void {
    const own = this.#shares.get(share);
    if (own === undefined) throw new RangeError(`there is no share \`${share}\``);
    own.items.push({ item, kin, weight });
    own.weight += weight;
    this.#weight += weight;
    if (this.#weight > this.#room * SLACK) this.#fit(this.#room);
  }

  /** What is left of it in this room; what was lost before does not come back. */
  kept(room = this.#room): readonly T[] {
    this.#fit(room);
    return [...this.#shares.values()].flatMap(({ items }) => items.map(({ item }) => item));
  }

  #fit(room: number): void {
    if (this.#weight <= room) return;
    this.#weight = 0;
    for (const [own, most] of divided(room, [...this.#shares.values()])) {
      if (own.weight > most) this.#cut(own, most);
      this.#weight += own.weight;
    }
  }

  #cut(own: Share<T>, room: number): void {
    const stays = staying(own.items, room);
    const { items } = own;
    own.items = [];
    own.weight = 0;
    for (const [i, one] of items.entries()) {
      if (stays[i] !== 1) {
        this.#lost(one.item);
        continue;
      }
      own.items.push(one);
      own.weight += one.weight;
    }
  }
}

/** Each its part, and what it does not need is divided among those that need more. */
function divided<T>(room: number, shares: readonly Share<T>[]): readonly (readonly [Share<T>, number])[] {
  let [left, parts] = [room, shares.reduce((sum, { part }) => sum + part, 0)];
  return shares
    .toSorted((a, b) => a.weight / a.part - b.weight / b.part)
    .map((own) => {
      const most = Math.min(own.weight, (left * own.part) / parts);
      left -= most;
      parts -= own.part;
      return [own, most] as const;
    });
}

/** @param items newest first. @returns 1 for each that stays. */
function staying<T>(items: readonly Kept<T>[], room: number): Uint8Array {
  const stays = new Uint8Array(items.length);
  let left = room;
  const take = (i: number, least: number): boolean => {
    const { weight } = items[i] ?? { weight: 0 };
    if (weight > left - least) return false;
    stays[i] = 1;
    left -= weight;
    return true;
  };
  let newest = 0;
  while (newest < items.length && take(newest, (room * 3) / 4)) newest += 1;
  for (const turn of turnsOf(items, newest)) for (const i of turn) take(i, 0);
  return stays;
}

/** The oldest of each kin, then the next of each, and so on; behind those that stay anyway. */
function turnsOf<T>(items: readonly Kept<T>[], newest: number): readonly (readonly number[])[] {
  const turns: number[][] = [];
  const counts = new Map<string, number>();
  for (let i = items.length - 1; i >= newest; i--) {
    const kin = items[i]?.kin ?? "";
    const turn = counts.get(kin) ?? 0;
    counts.set(kin, turn + 1);
    (turns[turn] ??= []).push(i);
  }
  return turns;
}

/** Some of a list, oldest first, chosen in the same way. @param list oldest first. */
export function someOf<T>(list: readonly T[], most: number, kin: (one: T) => string): readonly T[] {
  if (list.length <= most) return list;
  const fair = new Fair<T>(most, { all: 1 }, () => undefined);
  for (const one of list.toReversed()) fair.add(one, { share: "all", kin: kin(one) });
  return fair.kept().toReversed();
}
