/** What a person sees while nothing is there yet: one line that is written over, on a terminal only. @module */
import type { Io } from "./command.ts";

export type Progress = { readonly show: (text: string) => void; readonly end: () => void };

export function progress(io: Io): Progress {
  let isShown = false;
  const write = (text: string): void => {
    if (io.isTerminal) io.write(`\r${text}\u001b[K`);
  };
  return {
    show: (text) => {
      isShown = true;
      write(`${text} …`);
    },
    end: () => {
      if (isShown) write("");
      isShown = false;
    },
  };
}

/** Said before it begins: what computes without a pause lets no timer say it later. Nothing else may print meanwhile. */
export async function during<T>(io: Io, doing: string, work: () => Promise<T>): Promise<T> {
  const bar = progress(io);
  bar.show(doing);
  try {
    return await work();
  } finally {
    bar.end();
  }
}
