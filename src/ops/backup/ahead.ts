/**
 * Work ahead of its turn and behind it: a disk and a processor that wait for
 * one another are each half used. Both know a bound, and nothing that was
 * begun here goes on behind the end of what began it.
 *
 * @module
 */

/** In the place of something to do: nothing behind it is asked for before everything in front of it was dealt with. */
export const WAIT = Symbol("wait");

/**
 * Does `work` on what comes, up to `most` at once, and gives the results in the order in which it came. What one
 * result holds may be used again when the next but `most - 1` is begun: when the one behind it was asked for.
 */
export async function* inOrder<T, R>(
  items: AsyncIterable<T | typeof WAIT> | Iterable<T | typeof WAIT>,
  most: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  try {
    for await (const item of items) {
      if (item === WAIT) yield* taken(begun, 0);
      else begun.push(heard(work(item)));
      yield* taken(begun, most - 1);
    }
    yield* taken(begun, 0);
  } finally {
    await Promise.allSettled(begun);
  }
}

async function* taken<R>(begun: Promise<R>[], stay: number): AsyncGenerator<R> {
  while (begun.length > stay) {
    const [first] = begun;
    if (first === undefined) return;
    const result = await first;
    // Only now: one that fails stays among those that are waited for at the end.
    void begun.shift();
    yield result;
  }
}

export type Crew = {
  /** Begins when there is room. @throws the first failure of what was begun before. */
  begin(work: () => Promise<void>): Promise<void>;
  /** When all is done. @throws the first failure. */
  end(): Promise<void>;
  /** When nothing is under way any more, whatever became of it: for who failed already. */
  settle(): Promise<void>;
};

/** Up to `most` at once, in no order. After a failure nothing more is begun. */
export function crew(most: number): Crew {
  const under = new Set<Promise<void>>();
  let failure: { readonly cause: unknown } | undefined;
  const check = (): void => {
    if (failure !== undefined) throw failure.cause;
  };
  const run = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (cause) {
      failure ??= { cause };
    }
  };
  const settle = async (): Promise<void> => void (await Promise.all(under));
  return {
    async begin(work) {
      while (under.size >= most) await under.values().next().value;
      check();
      const one = run(work).finally(() => under.delete(one));
      under.add(one);
    },
    async end() {
      await settle();
      check();
    },
    settle,
  };
}

/** A failure that is heard of when its turn comes is not a lost one. */
function heard<R>(promise: Promise<R>): Promise<R> {
  promise.catch(() => undefined);
  return promise;
}

/**
 * Gives memory back at once instead of when the collector comes by: at the speed of a disk that is hundreds of
 * megabytes later. Only of what nobody looks at any more; of a buffer that shares its memory nothing is done.
 */
export function letGo(bytes: Uint8Array): void {
  if (bytes.byteLength > 0 && bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer)
    bytes.buffer.transfer(0);
}
