/**
 * What a person who looks at the text does not see, and a model reads: hidden
 * characters, hidden HTML and Markdown, links that lead elsewhere than they say.
 *
 * @module
 */
import { isMixed, passesForLatin } from "./fold.ts";
import { sign } from "./orders.ts";
import type { Rule } from "./rule.ts";

/** Characters that have no picture of their own. */
export const CHARACTER_RULES: readonly Rule[] = [
  sign("unicode-tags", [], /[\u{E0001}\u{E0020}-\u{E007F}]{2,}/gu, 0.99),
  // One selector belongs to the letter before it; a run of them carries bytes.
  // oxlint-disable-next-line no-misleading-character-class -- each of them alone is what is looked for
  sign("variation-run", [], /[\uFE00-\uFE0F\u{E0100}-\u{E01EF}]{3,}/gu, 0.95),
  sign("bidi-override", [], /[\u202A-\u202E\u2066-\u2069]/g, 0.8),
  sign("zero-width-run", [], /[\u200B-\u200D\u2060-\u2064\uFEFF\u00AD]{2,}/g, 0.8),
  // Between two Latin letters or digits no script needs one.
  sign("zero-width-in-word", [], /[A-Za-z0-9~/.](?<value>[\u200B-\u200D\u2060-\u2064\uFEFF])(?=[A-Za-z0-9~/.])/g, 0.7),
];

const NOT_SEEN =
  "display\\s{0,3}:\\s{0,3}none|visibility\\s{0,3}:\\s{0,3}hidden|font-size\\s{0,3}:\\s{0,3}(?:0|1)(?:\\.\\d{1,3})?(?:px|pt|em|rem|%)?\\s{0,3}[;\"']|opacity\\s{0,3}:\\s{0,3}0(?:\\.0\\d{0,2})?\\s{0,3}[;\"']|(?:left|top|text-indent)\\s{0,3}:\\s{0,3}-\\d{3,6}|color\\s{0,3}:\\s{0,3}(?:transparent|rgba\\([^)]{0,30},\\s{0,3}0\\s{0,3}\\))|(?:max-)?(?:height|width)\\s{0,3}:\\s{0,3}0(?:px)?\\s{0,3}[;\"']";
const WHITE = "(?:#fff(?:fff)?\\b|white\\b|rgb\\(\\s{0,3}255\\s{0,3},\\s{0,3}255\\s{0,3},\\s{0,3}255\\s{0,3}\\))";

/** To the end of the element where it is near; else the tag alone. */
const HIDDEN_ELEMENT = new RegExp(
  `<([a-z][a-z0-9]{0,15})\\b[^<>]{0,300}?(?:style\\s{0,3}=\\s{0,3}["'][^<>]{0,200}?(?:${NOT_SEEN}|color\\s{0,3}:\\s{0,3}${WHITE}[^<>]{0,100}?background(?:-color)?\\s{0,3}:\\s{0,3}${WHITE}|background(?:-color)?\\s{0,3}:\\s{0,3}${WHITE}[^<>]{0,100}?[^-]color\\s{0,3}:\\s{0,3}${WHITE})[^<>]{0,300}|\\shidden(?:\\s[^<>]{0,200})?)>[^<]{0,4000}`,
  "gi",
);

export const MARKUP_RULES: readonly Rule[] = [
  sign("html-comment", ["<!--"], /<!--[\s\S]{0,8000}?-->/g, 0.5),
  sign("hidden-html", ["style=", "style =", " hidden"], HIDDEN_ELEMENT, 0.7),
  // A reference that nothing refers to is drawn nowhere: `[//]: # (text)`.
  sign(
    "hidden-markdown",
    ["]:"],
    /^ {0,3}\[(?:\/\/|comment|_|#)\]:\s{1,3}\S{1,200}\s{1,3}[("'][^\n]{1,2000}[)"']\s{0,3}$/gim,
    0.7,
  ),
  sign(
    "remote-image",
    ["![", "<img"],
    /!\[[^\]]{0,200}\]\(\s{0,3}https?:\/\/[^)\s]{1,1000}[?&=][^)\s]{0,1000}\)|<img\b[^<>]{0,200}\ssrc\s{0,3}=\s{0,3}["']?https?:\/\/[^"'\s<>]{1,1000}[?&=][^"'\s<>]{0,1000}[^<>]{0,200}>/gi,
    0.6,
  ),
  sign(
    "data-link",
    ["data:text/html", "javascript:", "vbscript:"],
    /(?:\]\(|href\s{0,3}=\s{0,3}["']?|src\s{0,3}=\s{0,3}["']?)\s{0,3}(?:javascript|vbscript|data:text\/html)[:;,][^\s)"'<>]{0,2000}/gi,
    0.7,
  ),
  {
    ...sign(
      "link-elsewhere",
      ["](http", "href"],
      /\[(?:https?:\/\/)?(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}[^\]\s]{0,200}\]\(\s{0,3}https?:\/\/[^)\s]{1,2000}|<a\b[^<>]{0,200}?\shref\s{0,3}=\s{0,3}["']?https?:\/\/[^"'\s<>]{1,2000}["']?[^<>]{0,200}>\s{0,10}(?:https?:\/\/)?(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}/gi,
      0.7,
    ),
    holds: leadsElsewhere,
  },
];

/** The host that a link shows is not the one that it leads to, nor the same with `www.`. */
function leadsElsewhere(whole: string): boolean {
  const [shown, target] = whole.startsWith("[") ? whole.slice(1).split("](", 2) : anchor(whole);
  const one = hostIn(shown ?? "");
  const other = hostIn(target ?? "");
  if (one === undefined || other === undefined) return false;
  return one !== other && !one.endsWith(`.${other}`) && !other.endsWith(`.${one}`);
}

function anchor(whole: string): readonly (string | undefined)[] {
  return [whole.slice(whole.lastIndexOf(">") + 1), /href\s{0,3}=\s{0,3}["']?([^"'\s<>]{1,2000})/i.exec(whole)?.[1]];
}

function hostIn(text: string): string | undefined {
  const host = /^\s{0,10}(?:https?:\/\/)?((?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24})/i.exec(text)?.[1];
  return host?.toLowerCase().replace(/^www\./, "");
}

export const LOOKALIKE_RULES: readonly Rule[] = [
  { ...sign("lookalike-word", [], /[\p{L}\p{N}]{4,64}/gu, 0.7), holds: (word) => isMixed(word) },
  {
    ...sign("lookalike-host", ["."], /(?:[\p{L}\p{N}-]{1,63}\.){1,6}[\p{L}]{2,24}/gu, 0.8),
    holds: (host) =>
      host.split(".").some((label) => isMixed(label) || (passesForLatin(label) && /\.[a-z]{2,24}$/.test(host))),
  },
];
