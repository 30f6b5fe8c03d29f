/**
 * What is said on a pipe: all of it up to certain words, or up to its end.
 *
 * @module
 */
import type { Outflow } from "./pipes.ts";

export type Heard = {
  /** Resolves with what was said up to and with these words, or with all where the end came first. */
  until(words: string): Promise<string>;
};

/** @param ended what was said until then was handed on, and nothing more will be. */
export function hear(outflow: Outflow, ended: Promise<unknown>): Heard {
  const waiting = new Set<() => void>();
  let text = "";
  let isOver = false;
  const tell = (): void => {
    for (const look of waiting) look();
  };
  outflow.flow((chunk) => {
    text += chunk.toString("latin1");
    tell();
  });
  const over = (): void => {
    isOver = true;
    tell();
  };
  void ended.then(over);
  return {
    until: (words) =>
      new Promise((resolve) => {
        const look = (): void => {
          const at = text.indexOf(words);
          if (at < 0 && !isOver) return;
          waiting.delete(look);
          resolve(at < 0 ? text : text.slice(0, at + words.length));
        };
        waiting.add(look);
        look();
      }),
  };
}
