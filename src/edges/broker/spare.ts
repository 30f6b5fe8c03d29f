/**
 * Spare sandboxes: after a job, one more like it is made ahead, so that the
 * next job of the same shape starts as fast as a bare program.
 *
 * A spare is fresh: nothing has run in it. It is taken only where everything
 * that it mounts is still the very same (device, inode, and the list of
 * protected files); otherwise it is thrown away. It is not kept for long.
 *
 * @module
 */
import type { Shape } from "./bwrap-line.ts";
import { makeSandbox, type Sandbox, type Workshop } from "./sandbox.ts";

export type Spares = {
  /** A waiting sandbox of exactly this shape, or a new one. */
  take(shape: Shape, key: string): Sandbox;
  /** Makes one more of this shape, unless there is one. */
  restock(shape: Shape, key: string): void;
  clear(): Promise<void>;
};

const MOST = 4;
const KEPT_MS = 30_000;

export function openSpares(shop: Workshop): Spares {
  const waiting = new Map<string, Sandbox>();

  function discard(key: string): Promise<void> {
    const sandbox = waiting.get(key);
    waiting.delete(key);
    return sandbox === undefined ? Promise.resolve() : sandbox.gone();
  }

  return {
    take(shape, key) {
      const spare = waiting.get(key);
      waiting.delete(key);
      return spare ?? makeSandbox(shop, shape);
    },
    restock(shape, key) {
      if (waiting.has(key)) return;
      const [oldest] = waiting.keys();
      if (waiting.size >= MOST && oldest !== undefined) void discard(oldest);
      const sandbox = makeSandbox(shop, shape);
      waiting.set(key, sandbox);
      const forget = (): void => {
        if (waiting.get(key) === sandbox) void discard(key);
      };
      setTimeout(forget, KEPT_MS).unref();
      // One that ended by itself is broken; the next job makes its own and says why.
      void sandbox.exited.then(forget);
    },
    async clear() {
      await Promise.all([...waiting.keys()].map(discard));
    },
  };
}
