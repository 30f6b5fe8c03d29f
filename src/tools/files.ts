/** The file tools. They run inside a sandbox that mounts only what the permit names. @module */
import { z } from "zod";
import { defineTool } from "./define.ts";

const path = z.string().min(1).max(4096).describe("relative to the workspace, or absolute");
const fs = ["group:fs"];
/** What a file says was written by whoever wrote the file; `label` replaces this where the writer is recorded. */
const fileContent = { trust: "none", confidentiality: "private" } as const;

export const read = defineTool({
  name: "read",
  effect: "read",
  description:
    "Read a text file. Long files come in pieces: use offset (first line, counting from 1) and limit (lines).",
  groups: fs,
  arguments: {
    path,
    offset: z.int().min(1).max(10_000_000).optional(),
    limit: z.int().min(1).max(20_000).optional(),
  },
  roles: { path: "path", offset: "plain", limit: "plain" },
  returns: fileContent,
});

export const write = defineTool({
  name: "write",
  effect: "write",
  description: "Create a text file, or replace one, with exactly this content. Folders are made as needed.",
  groups: fs,
  arguments: { path, content: z.string().max(4_000_000) },
  roles: { path: "path", content: "content" },
  returns: fileContent,
});

export const edit = defineTool({
  name: "edit",
  effect: "write",
  description: "Replace an exact piece of a text file. `old` must occur once, unless `all` is true.",
  groups: fs,
  arguments: {
    path,
    old: z.string().min(1).max(1_000_000),
    new: z.string().max(1_000_000),
    all: z.boolean().optional(),
  },
  roles: { path: "path", old: "plain", new: "content", all: "plain" },
  returns: fileContent,
});

export const list = defineTool({
  name: "list",
  effect: "read",
  description: "List the files and folders in a folder (the workspace where none is named).",
  groups: fs,
  arguments: { path: path.optional(), depth: z.int().min(1).max(8).optional() },
  roles: { path: "path", depth: "plain" },
  returns: fileContent,
});

export const search = defineTool({
  name: "search",
  effect: "read",
  description: "Find lines in files that contain a text, below a folder; glob narrows the file names (*.md).",
  groups: fs,
  arguments: {
    pattern: z.string().min(1).max(1000),
    path: path.optional(),
    glob: z.string().min(1).max(200).optional(),
  },
  roles: { pattern: "plain", path: "path", glob: "plain" },
  returns: fileContent,
});
