/**
 * Spare sandboxes: after a job, one more like it is made ahead, so that the
 * next job of the same shape starts as fast as a bare program.
 *
 * A spare is fresh: nothing has run in it. It is taken only where everything
 * that it mounts is still the very same (device, inode, and the list of
 * protected files); otherwise it is thrown away. It is not kept for long.
 *
 * INVARIANT(spares-once): a sandbox is given to one job at most, and to none of
 * another shape than it was made for.
 *
 * @module
 */
import type { Shape } from "./bwrap-line.ts";
import { makeSandbox, type Sandbox, type Workshop } from "./sandbox.ts";

export type Spares = {
  /** A waiting sandbox of exactly this shape, or a new one. */
  take(shape: Shape, key: string): Sandbox;
  /** Makes one more of this shape, unless as many wait as are wanted. */
  restock(shape: Shape, key: string): void;
  clear(): Promise<void>;
};

/** Of all shapes. */
const MOST = 4;
/** Of one shape: two are wanted where a job came and another had taken the one. */
const MOST_ALIKE = 2;
/** Shapes of which is known that one is not enough. */
const MOST_BUSY = 16;
const KEPT_MS = 30_000;

type Waiting = { readonly key: string; readonly timer: NodeJS.Timeout };

/** @param make makes one; another than `makeSandbox` only in tests. */
export function openSpares(shop: Workshop, make: typeof makeSandbox = makeSandbox): Spares {
  // Oldest first, both.
  const waiting = new Map<Sandbox, Waiting>();
  const busy = new Set<string>();
  let lastTaken = "";

  const alike = (key: string): Sandbox[] =>
    [...waiting].filter(([, one]) => one.key === key).map(([sandbox]) => sandbox);

  /** @returns whether it waited. */
  function withdraw(sandbox: Sandbox): boolean {
    clearTimeout(waiting.get(sandbox)?.timer);
    return waiting.delete(sandbox);
  }

  /** One that nobody came for, that broke, or that has to make room. */
  function discard(sandbox: Sandbox, key: string): Promise<void> {
    if (!withdraw(sandbox)) return Promise.resolve();
    busy.delete(key);
    return sandbox.gone();
  }

  function needTwo(key: string): void {
    busy.add(key);
    const [oldest] = busy;
    if (busy.size > MOST_BUSY && oldest !== undefined) busy.delete(oldest);
  }

  return {
    take(shape, key) {
      const [spare] = alike(key);
      if (spare === undefined && lastTaken === key) needTwo(key);
      lastTaken = key;
      if (spare === undefined) return make(shop, shape);
      withdraw(spare);
      return spare;
    },
    restock(shape, key) {
      if (alike(key).length >= (busy.has(key) ? MOST_ALIKE : 1)) return;
      const [oldest] = waiting;
      if (waiting.size >= MOST && oldest !== undefined) void discard(oldest[0], oldest[1].key);
      const sandbox = make(shop, shape);
      const timer = setTimeout(() => void discard(sandbox, key), KEPT_MS).unref();
      waiting.set(sandbox, { key, timer });
      // One that ended by itself is broken; the next job makes its own and says why.
      void sandbox.exited.then(() => discard(sandbox, key));
    },
    async clear() {
      await Promise.all([...waiting].map(([sandbox, { key }]) => discard(sandbox, key)));
    },
  };
}
