/**
 * The thread in which one page is taken apart. It gets HTML and answers
 * Markdown, once; whoever started it ends it.
 *
 * The tree is built only after a first pass in constant depth has seen that it
 * is neither deep nor large: 20,000 nested elements in 100 KB keep the tree
 * builder busy for ten seconds and then overflow its stack.
 *
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { Parser } from "htmlparser2";
import type { parseHTML } from "linkedom";
import type TurndownService from "turndown";

export type PageWork = { readonly html: string; readonly url: string; readonly textChars: number };

type Page = ReturnType<typeof parseHTML>["document"];

export type PageAnswer =
  | { readonly kind: "text"; readonly title: string | null; readonly text: string }
  | { readonly kind: "refused"; readonly why: string };

const DEPTH_LIMIT = 400;
const ELEMENT_LIMIT = 60_000;
const TITLE_CHARS = 300;
/** Not text, or text that nobody who looks at the page sees. */
const UNSEEN =
  "script,style,noscript,template,iframe,object,embed,svg,canvas,dialog:not([open]),[hidden],[aria-hidden=true],input[type=hidden]";
const INVISIBLE = /display\s*:\s*none|visibility\s*:\s*hidden/i;
/** An article that is less of the page than this is not what the page is about. */
const ARTICLE_CHARS = 500;
const ARTICLE_SHARE = 0.25;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker's port has no origin
if (parentPort !== null) parentPort.postMessage(await answer(workerData));

async function answer({ html, url }: PageWork): Promise<PageAnswer> {
  const shape = measure(html);
  if (shape.depth > DEPTH_LIMIT) return { kind: "refused", why: `its elements are nested deeper than ${DEPTH_LIMIT}` };
  if (shape.elements > ELEMENT_LIMIT) return { kind: "refused", why: `it has more than ${ELEMENT_LIMIT} elements` };
  // Without a root, the tree builder would take the first element for it.
  const whole = shape.root ? html : `<!doctype html><html><head></head><body>${html}</body></html>`;
  const { parseHTML } = await import("linkedom");
  const { default: Turndown } = await import("turndown");
  const page = () => withoutUnseen(parseHTML(whole).document);
  const document = page();
  const title = oneLine(document.querySelector("title")?.textContent ?? "").slice(0, TITLE_CHARS);
  document.querySelector("title")?.remove();
  // Finding the article takes its page apart, so it gets one of its own.
  const root = (await articleIn(page(), document.body.textContent.length)) ?? document.body;
  const service = new Turndown({ headingStyle: "atx", codeBlockStyle: "fenced", bulletListMarker: "-" });
  return { kind: "text", title: title === "" ? null : title, text: markdown(service, url).turndown(root) };
}

function withoutUnseen(document: Page): Page {
  for (const element of document.querySelectorAll(UNSEEN)) element.remove();
  for (const element of document.querySelectorAll("[style]")) {
    if (INVISIBLE.test(element.getAttribute("style") ?? "")) element.remove();
  }
  return document;
}

/** What the page is about, without what stands around it; null where that is not clear. */
async function articleIn(document: Page, pageChars: number) {
  const { Readability } = await import("@mozilla/readability");
  const article = new Readability(document, { serializer: (node) => node, maxElemsToParse: ELEMENT_LIMIT }).parse();
  const length = article?.length ?? 0;
  return length >= ARTICLE_CHARS && length >= pageChars * ARTICLE_SHARE ? (article?.content ?? null) : null;
}

/** Text as it is, links absolute, pictures as their words, tables as rows. */
function markdown(service: TurndownService, base: string): TurndownService {
  // Escapes would change names and addresses that are compared whole later.
  service.escape = (text) => text;
  service.addRule("picture", { filter: "img", replacement: (_, node) => attribute(node, "alt") });
  service.addRule("link", {
    filter: (node) => node.nodeName === "A" && attribute(node, "href") !== "",
    replacement(content, node) {
      const to = URL.parse(attribute(node, "href"), base);
      const named = oneLine(content);
      if (to === null || !["http:", "https:", "mailto:"].includes(to.protocol) || named === "") return content;
      return `[${named}](${to.href})`;
    },
  });
  service.addRule("cell", { filter: ["th", "td"], replacement: (content) => ` ${oneLine(content)} |` });
  service.addRule("row", { filter: "tr", replacement: (content) => `\n|${content}` });
  return service;
}

function attribute(node: object, name: string): string {
  if (!("getAttribute" in node) || typeof node.getAttribute !== "function") return "";
  const value: unknown = node.getAttribute(name);
  return typeof value === "string" ? value : "";
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Depth and number of elements, found without building anything. */
function measure(html: string): { readonly depth: number; readonly elements: number; readonly root: boolean } {
  let [depth, deepest, elements, root] = [0, 0, 0, false];
  const parser = new Parser({
    onopentagname(name) {
      if (name === "html") root = true;
      elements++;
      deepest = Math.max(deepest, ++depth);
    },
    onclosetag: () => void depth--,
  });
  parser.end(html);
  return { depth: deepest, elements, root };
}
