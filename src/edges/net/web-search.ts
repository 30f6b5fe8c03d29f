/**
 * Searching the web, through the Brave Search API. Off without a key.
 *
 * What comes back was written by strangers; only title, address and snippet of
 * each hit are taken, as plain text.
 *
 * @see https://api-dashboard.search.brave.com/app/documentation/web-search/get-started
 * @module
 */
import { parseDestination } from "../../core/destination.ts";
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import type { SearchHit, WebSearch } from "../../core/ports/net.ts";
import { errorCode } from "./address.ts";

/** What `fetchFor` must be bound to for it. */
export const SEARCH_ORIGIN = "https://api.search.brave.com";

const MOST_HITS = 20;
const TITLE_CHARS = 300;
const SNIPPET_CHARS = 1000;
const ENTITIES = new Map([
  ["amp", "&"],
  ["lt", "<"],
  ["gt", ">"],
  ["quot", '"'],
  ["apos", "'"],
  ["#39", "'"],
  ["#x27", "'"],
  ["nbsp", " "],
]);

/** @param deps.key asked for with each search; null: every search is refused with what to do about it. */
export function createWebSearch(deps: {
  readonly fetch: typeof globalThis.fetch;
  readonly key: (() => string) | null;
}): WebSearch {
  return {
    async search(query, count, signal) {
      const key = deps.key?.() ?? "";
      if (key === "") throw searchOff();
      const url = new URL("/res/v1/web/search", SEARCH_ORIGIN);
      url.searchParams.set("q", query);
      url.searchParams.set("count", String(Math.max(1, Math.min(MOST_HITS, Math.trunc(count)))));
      url.searchParams.set("text_decorations", "false");
      const headers = { accept: "application/json", "x-subscription-token": key };
      return hitsOf(await answerOf(() => deps.fetch(url.href, { headers, signal }), signal)).slice(0, count);
    },
  };
}

async function answerOf(send: () => Promise<Response>, signal: AbortSignal): Promise<JsonValue> {
  let status: number;
  let text: string;
  try {
    const response = await send();
    status = response.status;
    text = await response.text();
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw failed(`the service was not reached (${errorCode(error)})`, "try again later", error);
  }
  if (status === 401 || status === 403)
    throw failed("the service refuses the key", "check the search key and its plan");
  if (status === 429) throw failed("the service says that it was asked too often", "wait a little, or raise the plan");
  if (status !== 200) throw failed(`the service answered ${status}`, "try again later");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw failed("the service answered something that is not JSON", "try again later", error);
  }
}

function hitsOf(answer: JsonValue): SearchHit[] {
  if (!isObject(answer)) throw failed("the service answered in another form", "try again later");
  const { web } = answer;
  // Without a hit the part is left out.
  if (web === undefined || web === null) return [];
  const results = isObject(web) ? web["results"] : undefined;
  if (!isArray(results)) throw failed("the service answered in another form", "try again later");
  return results.map(hitOf).filter((hit) => hit !== null);
}

function hitOf(result: JsonValue): SearchHit | null {
  if (!isObject(result)) return null;
  const { title, url, description } = result;
  if (typeof title !== "string" || typeof url !== "string") return null;
  const parsed = parseDestination(url, "GET");
  if (parsed.kind === "refused") return null;
  const snippet = typeof description === "string" ? plain(description).slice(0, SNIPPET_CHARS) : "";
  return { title: plain(title).slice(0, TITLE_CHARS), url: parsed.destination.url, snippet };
}

/** Without the marks that highlight the words that were searched for. */
function plain(text: string): string {
  const bare = text.replace(/<\/?[a-z][^<>]{0,100}>/gi, "");
  const read = bare.replace(
    /&([a-z]{2,5}|#39|#x27);/gi,
    (whole, name: string) => ENTITIES.get(name.toLowerCase()) ?? whole,
  );
  return read.replace(/\s+/g, " ").trim().toWellFormed();
}

function searchOff(): Fault {
  return new Fault("WEB_SEARCH_OFF", {
    message: "searching the web is off: there is no key for it",
    hint: "get a key for the Brave Search API and set BRAVE_API_KEY, then restart the gateway",
  });
}

function failed(why: string, hint: string, cause?: unknown): Fault {
  return new Fault("WEB_SEARCH_FAILED", { message: `the search failed: ${why}`, hint, cause });
}
