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
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** `12.3 MB`. */
export function byteText(bytes: number): string {
  const [size, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : bytes < 1e9 ? [bytes / 1e6, "MB"] : [bytes / 1e9, "GB"];
  return `${size.toFixed(size < 100 ? 1 : 0)} ${unit}`;
}

// What takes two columns: East Asian wide letters and pictures.
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

/** Columns that a printable text takes; near enough for laying out. */
export function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) if (!/\p{M}/u.test(letter)) width += WIDE.test(letter) ? 2 : 1;
  return width;
}

/** Columns of the terminal; 80 where there is none. */
export function columns(): number {
  return Math.max(process.stdout.columns || 80, 40);
}

const EDGE = (): number => process.stdout.columns ?? Number.POSITIVE_INFINITY;

/** Broken between words, which are not cut. @param width columns; where there is no edge nothing is broken. */
export function wrapped(text: string, width = EDGE()): string {
  const rows: string[] = [];
  for (const word of text.split(" ")) {
    const row = rows.at(-1);
    if (row === undefined || widthOf(row) + 1 + widthOf(word) > width) rows.push(word);
    else rows[rows.length - 1] = `${row} ${word}`;
  }
  return rows.join("\n");
}

/** A name and what is said of it; what does not fit beside it goes on under its beginning. */
export function beside(name: string, text: string, width = EDGE()): string {
  const indent = name.length + 1;
  return `${name} ${wrapped(text, Math.max(width - indent, 20)).replaceAll("\n", `\n${" ".repeat(indent)}`)}`;
}

/**
 * A label and its text beside it, broken before the edge so that every line
 * stands behind a bar: a long value cannot draw a row that looks like another.
 */
export function field(io: Io, label: string, text: string): string {
  const most = columns() - LABEL_COLUMNS - 4;
  const rows = printable(text)
    .split("\n")
    .flatMap((line) => broken(line.replaceAll("\t", "    "), most));
  return rows
    .map((row, i) => `  ${paint(io, "gray", `${(i === 0 ? label : "").padEnd(LABEL_COLUMNS)}│`)} ${row}`)
    .join("\n");
}

const LABEL_COLUMNS = 9;

/** At a space where there is one near the edge, else in the middle of a word. */
function broken(line: string, most: number): readonly string[] {
  const rows: string[] = [];
  let row = "";
  let width = 0;
  for (const letter of line) {
    const columnsMore = widthOf(letter);
    if (width + columnsMore > most) {
      const space = row.lastIndexOf(" ");
      const cut = space > most / 2 ? space + 1 : row.length;
      rows.push(row.slice(0, cut));
      row = row.slice(cut);
      width = widthOf(row);
    }
    row += letter;
    width += columnsMore;
  }
  return [...rows, row];
}
