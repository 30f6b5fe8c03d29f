/**
 * Containers that wait ready: after a job, more like its own are made ahead.
 *
 * One that waits is fresh: nothing has run in it but the shell that waits. It
 * is used once, by a job for which everything that it mounts and every limit
 * is the very same, and it is not kept for long.
 *
 * @module
 */
import type { Shape } from "../bwrap-line.ts";
import type { Sandbox } from "../sandbox.ts";

export type Pool = {
  take(shape: Shape, key: string): Promise<Sandbox>;
  restock(shape: Shape, key: string): void;
  clear(): Promise<void>;
};

type Waiting = { readonly box: Promise<Sandbox> };

const MOST_SHAPES = 4;
const KEPT_MS = 120_000;

export function openPool(size: number, make: (shape: Shape) => Promise<Sandbox>): Pool {
  const shelves = new Map<string, Waiting[]>();
  const leaving = new Set<Promise<void>>();

  function discard({ box }: Waiting): void {
    const done = box.then((sandbox) => sandbox.gone()).catch(() => undefined); // it was never made, or is gone by itself
    leaving.add(done);
    void done.finally(() => leaving.delete(done));
  }

  function drop(key: string): void {
    for (const one of shelves.get(key) ?? []) discard(one);
    shelves.delete(key);
  }

  function add(shape: Shape, key: string, shelf: Waiting[]): void {
    const one: Waiting = { box: make(shape) };
    shelf.push(one);
    const forget = (): void => {
      const at = shelves.get(key)?.indexOf(one) ?? -1;
      if (at < 0) return;
      shelves.get(key)?.splice(at, 1);
      discard(one);
    };
    setTimeout(forget, KEPT_MS).unref();
    // One that could not be made, or ended by itself, is no use; the next job makes its own and says why.
    one.box.then((sandbox) => sandbox.exited).then(forget, forget);
  }

  return {
    async take(shape, key) {
      const one = shelves.get(key)?.shift();
      if (one === undefined) return make(shape);
      return one.box.catch(() => make(shape));
    },
    restock(shape, key) {
      const shelf = shelves.get(key) ?? [];
      shelves.delete(key);
      const [oldest] = shelves.keys();
      if (shelves.size >= MOST_SHAPES && oldest !== undefined) drop(oldest);
      shelves.set(key, shelf);
      while (shelf.length < size) add(shape, key, shelf);
    },
    async clear() {
      for (const key of shelves.keys()) drop(key);
      await Promise.all(leaving);
    },
  };
}
