/**
 * Look-alike letters, after the skeletons of Unicode's UTS 39, for the two
 * scripts whose letters pass for Latin ones in every font: Cyrillic and Greek.
 *
 * @see https://www.unicode.org/reports/tr39/
 * @module
 */

/** Each foreign letter with the Latin one that it passes for. */
const PAIRS =
  "аa вb еe ԁd һh іi јj кk мm ԛq оo рp ѕs сc тt уy хx ѡw ԝw ьb гr ӏl АA ВB ЕE НH ІI ЈJ КK МM ОO РP СC ЅS ТT УY ХX ԌG ԜW ӀI " +
  "αa βb γy εe ιi κk νv οo ρp τt υu χx ωw ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX";

const LATIN_FOR: ReadonlyMap<string, string> = new Map(
  PAIRS.split(" ").map((pair): [string, string] => [pair.charAt(0), pair.charAt(1)]),
);

const LATIN = /[A-Za-z]/;
const FOREIGN = /[\u0370-\u03FF\u0400-\u052F]/;
const WORD = /[\p{L}\p{N}]{3,64}/gu;

/** A word in which foreign letters stand among Latin ones and pass for them. */
export function isMixed(word: string): boolean {
  const letters = Array.from(word);
  const latin = letters.filter((letter) => LATIN.test(letter)).length;
  const foreign = letters.filter((letter) => FOREIGN.test(letter));
  return latin >= 2 && foreign.length > 0 && foreign.every((letter) => LATIN_FOR.has(letter));
}

/** A name of which every letter passes for a Latin one, though none is. */
export function passesForLatin(name: string): boolean {
  const letters = Array.from(name).filter((letter) => /\p{L}/u.test(letter));
  const foreign = letters.filter((letter) => FOREIGN.test(letter));
  return foreign.length >= 2 && letters.every((letter) => LATIN_FOR.has(letter) || LATIN.test(letter));
}

/**
 * Mixed words in Latin letters, full-width and mathematical letters as plain
 * ones; each letter stays one letter, so offsets stay what they are.
 */
export function folded(text: string): string {
  if (!/[\u0370-\u052F\uFF01-\uFF5E]/.test(text)) return text;
  const plain = text.replaceAll(/[\uFF01-\uFF5E]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) - 0xfee0));
  if (!FOREIGN.test(plain)) return plain;
  return plain.replaceAll(WORD, (word) =>
    isMixed(word) ? word.replaceAll(/[\u0370-\u052F]/g, (letter) => LATIN_FOR.get(letter) ?? letter) : word,
  );
}
