/** Plans about the web. @module */
import { type About, couldNot, type Intent, type Plan, quote, simple, use } from "./offline-plan.ts";
import { type Clause, pathOf, urlOf, valueOf } from "./offline-text.ts";

const FETCH =
  /^(?:fetch|download|get|visit|open|browse(?: to)?|go to|read|load|show(?: me)?|summari[sz]e|what(?:'s| is)(?: the (?:title|text|content) (?:of|on|at))?(?:\s+(?:on|at|in))?|what does)\s+(?:the\s+)?(?:(?:web)?(?:page|site)\s+(?:at\s+)?|url\s+|title (?:of|from)\s+|contents? of\s+)?(\S+?)(?:\s+(?:say|about))?[?!,.]*(?:\s+(?:and|,)\s*(.+)|\s+(?:to|into|as)\s+(\S+))?$/i;
const SAVE =
  /^(?:save|store|write|put|keep)\s+(?:the\s+|its\s+|that\s+)?(title|page|text|contents?|result|answer|output|it)(?:\s+of\s+(?:the\s+)?\S+)?(?:\s+(?:to|in|into|as)\s+(?:a |the )?(?:file )?(?:called |named )?(\S+?))?[.!]*$/i;

export const fetchPage: Intent = (clause, about) => {
  const [, address = "", wanted, file] = FETCH.exec(clause.text) ?? [];
  const url = address === "" ? undefined : urlOf(address, clause);
  if (url === undefined) return undefined;
  if (file !== undefined) return fetching(about, url, { what: "text", path: pathOf(file, clause) });
  if (wanted !== undefined) return savingWhat(clause, about, url, wanted);
  const wantsTitle = /\btitle\b/i.test(clause.text.slice(0, clause.text.indexOf(address)));
  return fetching(about, url, wantsTitle ? { what: "title", path: undefined, show: true } : undefined);
};

function savingWhat(clause: Clause, about: About, url: string, wanted: string): Plan | undefined {
  const [whole, piece = "", file] = SAVE.exec(wanted) ?? [];
  if (whole === undefined) return undefined;
  const path = file === undefined ? undefined : pathOf(file, clause);
  return fetching(about, url, { what: /^title$/i.test(piece) ? "title" : "text", path });
}

type Save = { readonly what: "title" | "text"; readonly path: string | undefined; readonly show?: boolean };

function* fetching(about: About, url: string, save: Save | undefined): Plan {
  const page = yield* use(about, "web_fetch", { url });
  if (!page.ok) return couldNot(`fetch \`${url}\``, page);
  if (save === undefined) return `This is what \`${url}\` says:\n\n${quote(page.text)}`;
  const title = titleOf(page.text);
  if (save.show === true) return `The title of \`${url}\` is:\n\n${quote(title)}`;
  const path = save.path ?? (save.what === "title" ? "title.txt" : "page.md");
  about.lastPath = path;
  const content = save.what === "title" ? `${title}\n` : page.text;
  const written = yield* use(about, "write", { path, content });
  const kept = save.what === "title" ? `the title of \`${url}\`` : `what \`${url}\` says`;
  if (!written.ok) return `I fetched \`${url}\`, but could not save it. I was told:\n\n${quote(written.text)}`;
  return `I saved ${kept} to \`${path}\`:\n\n${quote(content)}`;
}

const LONGEST_TITLE = 200;

function titleOf(page: string): string {
  const found =
    /^\s*title:\s*(.+)$/im.exec(page) ?? /<title[^>]*>([^<]+)<\/title>/i.exec(page) ?? /^#\s+(.+)$/m.exec(page);
  const line = found?.[1] ?? page.split("\n").find((candidate) => candidate.trim() !== "") ?? "(no title)";
  return line.replace(/\s+/g, " ").trim().slice(0, LONGEST_TITLE).toWellFormed();
}

const WEB_SEARCH =
  /^(?:search (?:the web|the internet|online)(?: for)?|web search(?: for)?|google|look up|search)\s+(.+?)(\s+(?:on the web|online|on the internet))?[?.!]*$/i;

export const webSearch: Intent = (clause, about) => {
  const named = WEB_SEARCH.exec(clause.text);
  if (named === null) return undefined;
  const isWeb =
    named[2] !== undefined ||
    /^(?:search (?:the web|the internet|online)|web search|google|look up)\b/i.test(clause.text);
  const query = valueOf(named[1] ?? "", clause);
  if (!isWeb || query === "") return undefined;
  return simple(
    about,
    { tool: "web_search", arguments: { query } },
    { what: `search the web for \`${query}\``, done: (text) => `What the web search found:\n\n${quote(text)}` },
  );
};
