import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { knownFinder } from "./known.ts";

const secret = "Tr0ub4dor&3-horse-battery";
const find = knownFinder([secret, "short"]);
const cut = (text: string): string =>
  find(text)
    .toReversed()
    .reduce((rest, { start, end }) => `${rest.slice(0, start)}#${rest.slice(end)}`, text);

test("R-DLP-1: a known secret is found within base 64 of something longer, at each of the three places", () => {
  for (const before of ["", "k", "ke", "key"]) {
    const encoded = Buffer.from(`${before}${secret} and more`).toString("base64");
    assert.equal(find(`echo ${encoded}`).length, 1, before);
  }
});

test("R-DLP-1: a known secret is found in hexadecimal and percent-encoding of either case", () => {
  const hex = Buffer.from(secret).toString("hex");
  for (const text of [hex, hex.toUpperCase(), encodeURIComponent(secret), hex.replaceAll(/../g, "%$&")]) {
    assert.equal(cut(`x=${text};`), "x=#;", text);
  }
});

test("R-DLP-1: a known secret is found split over lines, over pieces of a string, over invisible characters", () => {
  const [a, b] = [secret.slice(0, 9), secret.slice(9)];
  for (const between of ["\n", "\n    ", " ", "\u200B", "\u2060\u00AD", '" + "', "' '", "\\\n"]) {
    assert.equal(cut(`<${a}${between}${b}>`), "<#>", JSON.stringify(between));
  }
});

test("R-DLP-1: what is only near a known secret, or too short to be one, is left alone", () => {
  for (const text of [secret.slice(0, -1), secret.replace("3", "4"), "short", "Tr0ub4dor", "a b c d e f"]) {
    assert.deepEqual(find(text), [], text);
  }
  assert.deepEqual(knownFinder(["abcdefgh"])("abcd\nefgh"), [], "eight letters count in one piece only");
  assert.equal(knownFinder([])(secret).length, 0);
});

test("R-DLP-1: INVARIANT(known-secret): whatever stands around it and between its letters, a known secret is found", () => {
  const value = fc.string({ minLength: 12, maxLength: 40 }).filter((text) => !/[\s"'`\\+]/.test(text));
  const gap = fc.constantFrom("", "\n", "\u200B", " ", "\t");
  fc.assert(
    fc.property(
      value,
      fc.string(),
      fc.string(),
      fc.array(gap, { minLength: 40, maxLength: 40 }),
      (known, a, b, gaps) => {
        const split = Array.from(known, (letter, i) => (i === 0 ? letter : `${gaps[i] ?? ""}${letter}`)).join("");
        const text = `${a} ${split} ${b}`;
        const spans = knownFinder([known])(text);
        const from = a.length + 1;
        assert.ok(spans.some(({ start, end }) => start < from + split.length && end > from));
      },
    ),
  );
});
