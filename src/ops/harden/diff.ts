/** The difference of two texts, line by line, as people read it. @module */

export type DiffLine = { readonly sign: " " | "-" | "+"; readonly text: string };

/** Longer texts are shown as taken out whole and put in whole. */
const LINES_MOST = 4_000;
const CONTEXT = 2;

/** Lines that differ, with two around them; `null` stands for what is left out. */
export function diffLines(before: string, after: string): readonly (DiffLine | null)[] {
  const a = linesOf(before);
  const b = linesOf(after);
  const all = a.length * b.length > LINES_MOST * LINES_MOST ? whole(a, b) : compared(a, b);
  return nearChanges(all);
}

function linesOf(text: string): readonly string[] {
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}

const whole = (a: readonly string[], b: readonly string[]): readonly DiffLine[] => [
  ...a.map((text) => ({ sign: "-" as const, text })),
  ...b.map((text) => ({ sign: "+" as const, text })),
];

/** Longest common subsequence, after what both begin and end with. */
function compared(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail])
    tail += 1;
  const same = (lines: readonly string[]): readonly DiffLine[] => lines.map((text) => ({ sign: " ", text }));
  return [
    ...same(a.slice(0, head)),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...same(a.slice(a.length - tail)),
  ];
}

function middle(a: readonly string[], b: readonly string[]): readonly DiffLine[] {
  const length = lengths(a, b);
  const out: DiffLine[] = [];
  let [i, k] = [0, 0];
  while (i < a.length && k < b.length) {
    if (a[i] === b[k]) {
      out.push({ sign: " ", text: a[i] ?? "" });
      i += 1;
      k += 1;
    } else if (length(i + 1, k) >= length(i, k + 1)) out.push({ sign: "-", text: a[i++] ?? "" });
    else out.push({ sign: "+", text: b[k++] ?? "" });
  }
  return [...out, ...whole(a.slice(i), b.slice(k))];
}

/** How long the longest common subsequence is behind a place in each. */
function lengths(a: readonly string[], b: readonly string[]): (i: number, k: number) => number {
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  const at = (i: number, k: number): number => common[i * width + k] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let k = b.length - 1; k >= 0; k--) {
      common[i * width + k] = a[i] === b[k] ? at(i + 1, k + 1) + 1 : Math.max(at(i + 1, k), at(i, k + 1));
    }
  }
  return at;
}

function nearChanges(lines: readonly DiffLine[]): readonly (DiffLine | null)[] {
  const isNear = (i: number): boolean =>
    lines.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some(({ sign }) => sign !== " ");
  const out: (DiffLine | null)[] = [];
  for (const [i, line] of lines.entries()) {
    if (isNear(i)) out.push(line);
    else if (out.length > 0 && out.at(-1) !== null) out.push(null);
  }
  return out.at(-1) === null ? out.slice(0, -1) : out;
}
