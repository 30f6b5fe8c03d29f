/** Waiting that ends without a word when what it was for is over. @module */

/** Never resolves once it is over. Node's own would make an error then, with its stack, twice for each job. */
export function pause(ms: number, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (over.aborted) return;
    const cancel = (): void => clearTimeout(timer);
    const timer = setTimeout(() => {
      over.removeEventListener("abort", cancel);
      resolve();
    }, ms).unref();
    over.addEventListener("abort", cancel, { once: true });
  });
}
