/**
 * Plans about the browser.
 *
 * What is clicked or filled in is the element that the person named; where the
 * page has it is looked up in what the browser tells, and the browser itself
 * compares both before it touches anything.
 *
 * @module
 */
import { type About, couldNot, type Intent, type Plan, quote, say, simple, use } from "./offline-plan.ts";
import { type Clause, pathOf, urlOf, valueOf } from "./offline-text.ts";

const OPEN =
  /^(?:open|show(?: me)?|load|visit|go to|browse(?: to)?|look at)\s+(\S+)\s+(?:in|with|using) (?:the|a|your|my) browser[.!]*$/i;
const OPEN_AT = /^(?:open|start|point) (?:the|a|your) browser (?:at|on|to|with)\s+(\S+)$/i;
const READ =
  /^(?:read|show(?: me)?|look at) (?:the|what is on the) (?:open |current )?(?:browser|(?:open|current) page|page (?:again|in the browser))[?.!]*$|^what (?:is|does) (?:there )?(?:on |in )?the (?:browser|open page)(?: shows?| says?)?(?: now)?[?.!]*$/i;
const CLICK =
  /^(?:click|press|push)(?: on)?\s+(?:the\s+)?(.+?)(?:\s+(?:button|link))?(?:\s+(?:on|in) (?:the (?:page|browser)|\S+\.\S+))?[.!]*$/i;
const TYPE =
  /^(?:type|enter|put)\s+(.+?)\s+in(?:to)?\s+(?:the\s+)?(.+?)(?:\s+(?:field|box))?(\s+and press enter)?[.!]*$/i;
const FILL = /^fill (?:in\s+)?(?:the\s+)?(.+?)(?:\s+(?:field|box))?\s+with\s+(.+?)(\s+and press enter)?[.!]*$/i;
const PICTURE =
  /^(?:take|make|save) a (?:screenshot|picture)(?: of (?:it|the (?:page|browser)))?(?:\s+(?:as|to|in|into)\s+(\S+))?[.!]*$/i;
const KEEP = /^(?:save|keep) (?:the )?download(?:\s+(d\d{1,3}))?(?:\s+(?:as|to|in|into)\s+(\S+))?[.!]*$/i;
const CLOSE = /^(?:close|end|quit) (?:the|your|my) (?:browser|page)[.!]*$/i;

const SHOWN = { what: "look at the page", done: (text: string) => `The browser shows:\n\n${quote(text)}` };

export const openPage: Intent = (clause, about) => {
  const [, address] = OPEN.exec(clause.text) ?? OPEN_AT.exec(clause.text) ?? [];
  const url = address === undefined ? undefined : urlOf(address, clause);
  if (url === undefined) return undefined;
  return simple(about, { tool: "browser_open", arguments: { url } }, { ...SHOWN, what: `open \`${url}\`` });
};

export const readPage: Intent = (clause, about) =>
  READ.test(clause.text) ? simple(about, { tool: "browser_read", arguments: {} }, SHOWN) : undefined;

/** `press enter` and the like name a key and no element: only quoted words do, or those before "button" or "link". */
export const click: Intent = (clause, about) => {
  const [whole = "", named = ""] = CLICK.exec(clause.text) ?? [];
  const element = valueOf(named, clause);
  if (element === "" || (!/^click/i.test(whole) && !/\b(?:button|link)\b/i.test(whole))) return undefined;
  return touching(about, element, { tool: "browser_click", arguments: {} });
};

export const fillIn: Intent = (clause, about) => {
  const typed = TYPE.exec(clause.text);
  const filled = FILL.exec(clause.text);
  const [text = "", field = "", enter] =
    typed !== null ? typed.slice(1) : filled !== null ? [filled[2], filled[1], filled[3]] : [];
  // Unquoted, "put milk into list" would be taken for it.
  if (field === "" || !isQuotedIn(text, clause)) return undefined;
  const words = { text: valueOf(text, clause), ...(enter === undefined ? {} : { enter: true }) };
  return touching(about, valueOf(field, clause), { tool: "browser_type", arguments: words });
};

function isQuotedIn(text: string, clause: Clause): boolean {
  return valueOf(text, clause) !== text.trim();
}

type Touch = { readonly tool: string; readonly arguments: { readonly text?: string; readonly enter?: boolean } };

function* touching(about: About, element: string, touch: Touch): Plan {
  const page = yield* use(about, "browser_read", {});
  if (!page.ok) return couldNot("look at the page", page);
  const found = elementsIn(page.text, element);
  const [, host] = /^host: (\S+)$/m.exec(page.text) ?? [];
  const [only] = found;
  if (only === undefined || host === undefined)
    return yield* say(`The page has no element that is called \`${element}\`.`);
  if (found.length > 1)
    return yield* say(`The page has ${found.length} elements that are called \`${element}\`, so I touched none.`);
  return yield* simple(about, { tool: touch.tool, arguments: { ...only, host, ...touch.arguments } }, SHOWN);
}

function elementsIn(page: string, wanted: string): { readonly ref: string; readonly element: string }[] {
  const all = page.matchAll(/^\s*\[(e\d{1,9})\] [\w ]+ "(.*?)"(?: ->|:|\s*$| \(|,)/gm);
  const found = [...all].map(([, ref = "", element = ""]) => ({ ref, element }));
  const exact = found.filter(({ element }) => element === wanted);
  return exact.length > 0 ? exact : found.filter(({ element }) => element.toLowerCase() === wanted.toLowerCase());
}

export const picture: Intent = (clause, about) => {
  const [whole, named] = PICTURE.exec(clause.text) ?? [];
  if (whole === undefined) return undefined;
  const path = (named === undefined ? undefined : pathOf(named, clause)) ?? "inbox/page.png";
  about.lastPath = path;
  const says = { what: "save a picture of the page", done: (text: string) => `The picture: ${text}` };
  return simple(about, { tool: "browser_screenshot", arguments: { path } }, says);
};

export const keepDownload: Intent = (clause, about) => {
  const [whole, download = "d1", named] = KEEP.exec(clause.text) ?? [];
  if (whole === undefined) return undefined;
  const name = (named === undefined ? undefined : pathOf(named, clause)) ?? `${download}.bin`;
  const path = name.startsWith("inbox/") ? name : `inbox/${name}`;
  about.lastPath = path;
  const says = { what: "save the download", done: (text: string) => `The download: ${text}` };
  return simple(about, { tool: "browser_save", arguments: { download, path } }, says);
};

export const closeBrowser: Intent = (clause, about) =>
  CLOSE.test(clause.text)
    ? simple(about, { tool: "browser_close", arguments: {} }, { what: "close the browser", done: (text) => text })
    : undefined;
