/** Quarantined reading: one typed question about a text that the asking model does not see. @module */
import { z } from "zod";
import { defineTool } from "./define.ts";

/** What is not labelled by the run itself is taken for what was read. */
const content = { trust: "none", confidentiality: "private" } as const;

const question = z.string().min(1).max(1000);
const options = z
  .array(z.string().min(1).max(100))
  .min(2)
  .max(32)
  .optional()
  .describe("for `choice`: fixed before anything is read");
const most = z.int().min(1).max(20).optional().describe("for `spans`: how many at most");
const typed = ["yes-no", "choice", "number", "date", "spans"] as const;
const says =
  "`yes-no` and `choice` are answered in clear; `number`, `date` and `spans` (short pieces, word for word) come back as handles, which you cannot read and can put into arguments of later calls.";
const asked = { options: "plain", most: "plain", question: "plain", answer: "plain" } as const;

export const quarantine = defineTool({
  name: "quarantine",
  effect: "read",
  description: `Ask one question about what a handle (hdl_…) stands for, without reading it. ${says} \`whole\` shows all of it to you; then it counts as read.`,
  groups: ["group:quarantine"],
  arguments: {
    handle: z.string().min(1).max(64),
    question: question.optional(),
    answer: z.enum([...typed, "whole"]),
    options,
    most,
  },
  roles: { handle: "plain", ...asked },
  returns: content,
});

export const quarantineFile = defineTool({
  name: "quarantine_file",
  effect: "read",
  description: `Ask one question about a file that strangers may have written, without reading it. ${says}`,
  groups: ["group:fs"],
  arguments: { path: z.string().min(1).max(4096), question, answer: z.enum(typed), options, most },
  roles: { path: "path", ...asked },
  returns: content,
});

export const quarantinePage = defineTool({
  name: "quarantine_page",
  effect: "fetch",
  description: `Ask one question about a page, without reading it. ${says}`,
  groups: ["group:web"],
  arguments: { url: z.string().trim().min(1).max(8192), question, answer: z.enum(typed), options, most },
  roles: { url: "url", ...asked },
  returns: content,
});

/** By name: their results are what a held text may tell. */
export const QUARANTINE_TOOLS: ReadonlySet<string> = new Set(
  [quarantine, quarantineFile, quarantinePage].map((tool) => tool.declaration.name),
);
