/** The filter's knowledge of secret values: it grows, and forgets none while the gateway runs. @module */
import { type FindKnown, knownFinder } from "../../steps/outbound/known.ts";

export type Known = {
  readonly find: FindKnown;
  know(values: readonly string[]): void;
};

export function growingFinder(): Known {
  const values = new Set<string>();
  let finder = knownFinder(values);
  return {
    find: (text) => finder(text),
    know(more) {
      const before = values.size;
      for (const value of more) values.add(value);
      if (values.size > before) finder = knownFinder(values);
    },
  };
}
