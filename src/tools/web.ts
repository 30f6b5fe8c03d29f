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
  arguments: { url: z.string().min(1).max(8192) },
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
