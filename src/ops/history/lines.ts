/** Which lines of a text were taken out and put in. @module */

export type DiffLine = { readonly sign: " " | "+" | "-"; readonly text: string };

/** Lines that are looked at on each side; a configuration of more is compared as one piece. */
const MOST = 4_000;

/** The shortest way from one text to the other, as far as lines go. */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [a, b] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const same = (texts: readonly string[]): readonly DiffLine[] => texts.map((text) => ({ sign: " ", text }));
  return [
    ...same(a.slice(0, start)),
    ...middle(a.slice(start, a.length - end), b.slice(start, b.length - end)),
    ...same(a.slice(a.length - end)),
  ];
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r?\n/);
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

const out = (text: string): DiffLine => ({ sign: "-", text });
const put = (text: string): DiffLine => ({ sign: "+", text });

function middle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  if (a.length > MOST || b.length > MOST) return [...a.map(out), ...b.map(put)];
  const common = longestCommon(a, b);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  for (let [x, y] = [a[0], b[0]]; x !== undefined && y !== undefined; [x, y] = [a[i], b[j]]) {
    const isSame = x === y;
    const isOut = at(common, i + 1, j) >= at(common, i, j + 1);
    lines.push(isSame ? { sign: " ", text: x } : isOut ? out(x) : put(y));
    if (isSame || isOut) i += 1;
    if (isSame || !isOut) j += 1;
  }
  return [...lines, ...a.slice(i).map(out), ...b.slice(j).map(put)];
}

type Table = { readonly cells: Uint16Array; readonly width: number };

const at = ({ cells, width }: Table, i: number, j: number): number => cells[i * width + j] ?? 0;

/** How many lines the rests of both have in common, from each pair of places on. */
function longestCommon(a: readonly string[], b: readonly string[]): Table {
  const width = b.length + 1;
  const table: Table = { cells: new Uint16Array((a.length + 1) * width), width };
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const found = a[i] === b[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
      table.cells[i * width + j] = found;
    }
  }
  return table;
}

/** Only what changed, each with so many lines around it; `…` stands for what is left out. */
export function onlyChanged(lines: readonly DiffLine[], around = 2): readonly string[] {
  const shown = new Set<number>();
  for (const [i, { sign }] of lines.entries()) {
    if (sign !== " ") for (let near = i - around; near <= i + around; near++) shown.add(near);
  }
  const printed: string[] = [];
  for (const [i, { sign, text }] of lines.entries()) {
    if (shown.has(i)) printed.push(`${sign} ${text}`);
    else if (printed.at(-1) !== "…") printed.push("…");
  }
  return printed;
}
