/** Counts as a person says them. @module */

/** `1 turn`, `2 turns`; with a plural of its own: `1 entry`, `2 entries`. */
export function plural(count: number, thing: string, things = `${thing}s`): string {
  return `${count} ${count === 1 ? thing : things}`;
}
