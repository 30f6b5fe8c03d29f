/**
 * Text from a model, a tool or a stranger, made safe to read: what would hide,
 * reorder or imitate something is shown as what it is.
 *
 * @module
 */

/**
 * Controls but newline and tab, format and direction characters, separators, lone surrogates, and all that Unicode says
 * to draw as nothing; but for the one selector that ordinary emoji end with.
 */
const HIDDEN = /(?!\n|\t|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * @param {string} text
 * @returns {string} with every hidden character spelled out: `⟨U+202E⟩`
 */
export function visible(text) {
  return text.replace(HIDDEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
  });
}

/**
 * A JSON value as one line, strings as they are.
 *
 * @param {unknown} value
 * @returns {string}
 */
export function plain(value) {
  return visible(typeof value === "string" ? value : JSON.stringify(value));
}
