/**
 * Short and common values: `13`, `yes`, `monday` stand in a message by accident
 * all the time, so they name something only beside a word that fits.
 *
 * @module
 */
import type { ArgumentRole } from "../../../core/tool.ts";
import type { Mention, ValueKind } from "./values.ts";

const COMMON = new Set(
  (
    "yes no true false on off ok none null all any every new old open close high low medium daily weekly monthly " +
    "monday tuesday wednesday thursday friday saturday sunday january february march april may june july august " +
    "september october november december today tomorrow me you him her them this that file files name user admin " +
    "read write send home work date time email message account info data test main default"
  ).split(" "),
);

/** Words that say of a value standing beside them what it is. */
const BESIDE: ReadonlyMap<ArgumentRole, readonly string[]> = new Map([
  [
    "amount",
    ["pay", "send", "transfer", "refund", "wire", "give", "amount", "of", "sum", "total", "donate", "tip", "to"],
  ],
  ["recipient", ["to", "for", "with", "and", "tell", "ask", "email", "mail", "message", "invite", "cc", "recipient"]],
  [
    "path",
    [
      "file",
      "folder",
      "directory",
      "path",
      "in",
      "into",
      "to",
      "write",
      "read",
      "open",
      "edit",
      "create",
      "delete",
      "list",
      "save",
    ],
  ],
  ["host", ["host", "site", "server", "domain"]],
  ["command", ["run", "execute", "command"]],
]);

const CURRENCY = /^(?:usd|eur|gbp|chf|jpy|dollars?|euros?|pounds?|francs?|bucks|[$€£¥])/i;

/** Whether the mention counts for this argument. */
export function fits(
  mention: Mention,
  kind: ValueKind,
  text: string,
  argument: { role: ArgumentRole; name: string },
): boolean {
  if (!isWeak(mention.spelling, kind, argument.role)) return true;
  const before = wordsOf(text.slice(Math.max(0, mention.start - 48), mention.start)).slice(-3);
  const after = text.slice(mention.end, mention.end + 12).trimStart();
  if (argument.role === "amount") return fitsAmount(mention, before.at(-1), after);
  const hints = new Set([...(BESIDE.get(argument.role) ?? []), ...nameWords(argument.name)]);
  return (
    before.some((word) => hints.has(word)) ||
    nameWords(argument.name).some((word) => after.toLowerCase().startsWith(word))
  );
}

function isWeak(spelling: string, kind: ValueKind, role: ArgumentRole): boolean {
  if (role === "amount") return true;
  if (kind === "number") return spelling.replace(/\D/g, "").length < 6;
  if (kind !== "words" && kind !== "path") return false;
  return spelling.length < 4 || COMMON.has(spelling.toLowerCase());
}

/** `by May 20` is no amount; `20 EUR`, `$20` and `pay 20` are. A percentage never is. */
function fitsAmount(mention: Mention, before: string | undefined, after: string): boolean {
  if (/^\s*(?:%|percent)/i.test(after)) return false;
  if (/^[$€£¥]|[$€£¥]$/u.test(mention.spelling) || CURRENCY.test(after)) return true;
  if (before === undefined) return false;
  return (BESIDE.get("amount") ?? []).includes(before) || CURRENCY.test(before);
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}#$€£¥]+/gu) ?? [];
}

/** `file_id` and `fileId`: file, id. */
export function nameWords(name: string): readonly string[] {
  return name
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1);
}
