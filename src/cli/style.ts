/**
 * How the terminal speaks: colours only where a person sits, and text that
 * came from a model or a stranger only with its control characters made
 * visible.
 *
 * @module
 */
import { styleText } from "node:util";
import type { Io } from "./command.ts";

type Format = Parameters<typeof styleText>[0];

export function paint(io: Io, format: Format, text: string): string {
  return io.isTerminal && io.env.NO_COLOR === undefined ? styleText(format, text, { validateStream: false }) : text;
}

// Escapes that would move the cursor or paint over a prompt.
const CONTROL =
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** Text that may be printed: what would steer the terminal stands as its code point. Line breaks and tabs stay. */
export function printable(text: string): string {
  return text
    .replaceAll("\r\n", "\n")
    .replaceAll(CONTROL, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
}

/** On one line, and not longer than `most`. */
export function oneLine(text: string, most: number): string {
  const line = printable(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

/** Rows with their columns under one another. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join("  "))
    .join("\n");
}
