/** What a measurement is: a figure, and what it is held against in the same run. @module */

export type Figure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Measured in the same run, on the same machine, in the same unit where a ratio is given. */
  readonly reference: number;
  readonly ratio: number;
  /** Least and greatest of the runs. */
  readonly spread: readonly [number, number];
  /** What the project asks of it, where it asks. */
  readonly target?: string;
};

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function spreadOf(values: readonly number[]): readonly [number, number] {
  return [Math.min(...values), Math.max(...values)];
}
