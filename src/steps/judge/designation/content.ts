/**
 * What a text could lead to: the addresses, links, hosts and accounts in free
 * text that leaves or is kept. They matter like arguments of their own.
 *
 * @module
 */

const LIMIT = 200_000;

const LEADS = [
  /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s<>"'`)\]}]{1,2000}/gi,
  /[^\s@<>"'(),;:]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?/gi,
  /\bwww\.[^\s<>"'`)\]}]{1,2000}/gi,
  /(?<![\w@./-])(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?::\d{1,5})?\/[^\s<>"'`)\]}]{0,2000}/gi,
  // A bare name counts under the endings that messengers turn into links; `notes.md` is a file.
  /(?<![\w@./-])(?:[a-z0-9-]{1,63}\.){1,6}(?:com|org|net|io|dev|app|co|info|biz|xyz|top|site|online|me|tv|cc|ru|cn|de|uk|fr|nl|eu|us|in|br|jp|ch|at|it|es|se|no|pl|link|click|shop|store|live|cloud|ai)(?![\w/-]|\.\w)/gi,
  /\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b/g,
] as const;

/** @returns each once, without the punctuation after it; `undefined` where the text is too long to be looked through. */
export function leadsIn(content: string): readonly string[] | undefined {
  if (content.length > LIMIT) return undefined;
  const found = new Set<string>();
  for (const pattern of LEADS) {
    for (const [match] of content.matchAll(pattern)) found.add(match.replace(/[.,;:!?]+$/, ""));
  }
  return [...found];
}
