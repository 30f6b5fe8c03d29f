/**
 * Path rules: which paths of a host an egress rule covers.
 *
 * A rule ending in `/` covers all that is under it; any other covers exactly
 * that path. `*` stands for a part of one segment, `**` for anything. The
 * query is not looked at.
 *
 * A path is judged in one spelling, and sent in that spelling: dot segments are
 * resolved (by the URL parser), characters that need no encoding are decoded.
 * What servers read in different ways (an empty segment, an encoded slash, dots
 * that are encoded twice, parameters of a dot segment) is covered by no rule.
 *
 * @see RFC 3986, 6.2.2
 * @module
 */

const RULE = /^\/[A-Za-z0-9._~!$&'()+,;=:@%*/-]{0,500}$/;
const ODD: readonly (readonly [RegExp, string])[] = [
  [/\/\//, "it has an empty segment"],
  [/%(?:2f|5c)|\\/i, "it has an encoded slash"],
  [/%(?:[01][0-9a-f]|7f)/i, "it has a control character"],
  [/%25(?:2e|2f|5c|25)/i, "it is encoded twice"],
  [/\/\.{1,2}(?:[;/]|$)/, "it has a dot segment"],
  [/%(?![0-9a-f]{2})/i, "it has a percent sign that encodes nothing"],
];

/** Why a text is no path rule; null where it is one. */
export function pathRuleFault(rule: string): string | null {
  if (!RULE.test(rule)) return "write it from the root: `/v1/`, `/v1/models`, `/repos/*/issues`, `/docs/**`";
  if (rule.includes("***")) return "write `*` for a part of one segment, `**` for anything";
  const path = spelled(rule);
  return "why" in path ? `${path.why}, so no request ever fits` : null;
}

export type Spelled = { readonly path: string } | { readonly why: string };

/** @param path as the URL parser gives it, without query. */
export function spelled(path: string): Spelled {
  const plain = path.replaceAll(/%([0-9a-f]{2})/gi, (whole, hex: string) => {
    const character = String.fromCharCode(Number.parseInt(hex, 16));
    return /[A-Za-z0-9._~-]/.test(character) ? character : whole.toUpperCase();
  });
  const odd = ODD.find(([pattern]) => pattern.test(plain));
  return odd === undefined ? { path: plain } : { why: odd[1] };
}

/** Whether one of the rules covers a path, given with its query or without. */
export function coversPath(rules: readonly string[], pathAndQuery: string): boolean {
  const path = spelled(pathAndQuery.replace(/[?#].*$/s, ""));
  return "path" in path && rules.some((rule) => covers(rule, path.path));
}

function covers(rule: string, path: string): boolean {
  const own = spelled(rule);
  if ("why" in own) return false;
  const parts = own.path
    .split(/(\*{1,2})/)
    .map((part) => (part === "**" ? ".*" : part === "*" ? "[^/]*" : RegExp.escape(part)));
  return new RegExp(`^${parts.join("")}${own.path.endsWith("/") ? ".*" : ""}$`, "s").test(path);
}
