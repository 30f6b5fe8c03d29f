/** The web tools. What comes back was written by strangers. @module */
import { z } from "zod";
import { defineTool } from "./define.ts";

const fromOutside = { trust: "none", confidentiality: "public" } as const;

export const webFetch = defineTool({
  name: "web_fetch",
  effect: "fetch",
  description:
    "Fetch a page or text document over http or https and return it as readable text. Does not follow redirects.",
  groups: ["group:web"],
  arguments: { url: z.string().trim().min(1).max(8192).transform(withScheme) },
  roles: { url: "url" },
  returns: fromOutside,
});

export const webSearch = defineTool({
  name: "web_search",
  effect: "fetch",
  description: "Search the web and return titles, addresses and snippets.",
  groups: ["group:web"],
  arguments: { query: z.string().min(1).max(400) },
  roles: { query: "content" },
  returns: fromOutside,
});

/** People write names; judge and fetcher both see the address that is meant. */
export function withScheme(written: string): string {
  return /^[a-z][a-z0-9+.-]*:/i.test(written) && !/^[^/?#]+:\d+(?:[/?#]|$)/.test(written)
    ? written
    : `https://${written}`;
}
