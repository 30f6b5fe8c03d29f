/** Long-term memory. Each memory keeps the label of what it was made from. @module */
import { z } from "zod";
import { defineTool } from "./define.ts";

/** The stored label replaces this; what has none was written by nobody known. */
const stored = { trust: "none", confidentiality: "private" } as const;

export const remember = defineTool({
  name: "remember",
  effect: "remember",
  description: "Keep a fact for later conversations.",
  groups: ["group:memory"],
  arguments: { text: z.string().min(1).max(8000) },
  roles: { text: "content" },
  returns: stored,
});

export const recall = defineTool({
  name: "recall",
  effect: "read",
  description: "Look up what was remembered; words to look for, or nothing for all.",
  groups: ["group:memory"],
  arguments: { query: z.string().max(400).optional() },
  roles: { query: "plain" },
  returns: stored,
});
