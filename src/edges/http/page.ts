/**
 * The page: a fixed table of files, read once at start. No path of a request
 * ever reaches the disk.
 *
 * @module
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { publicRoute, type Route } from "./route.ts";

export type PageFile = { readonly body: Uint8Array<ArrayBuffer>; readonly type: string };

/** By the path that it is served under. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const SCRIPT = "text/javascript; charset=utf-8";

const FILES = [
  { path: "/", file: "index.html", type: "text/html; charset=utf-8" },
  { path: "/style.css", file: "style.css", type: "text/css; charset=utf-8" },
  { path: "/icon.svg", file: "icon.svg", type: "image/svg+xml" },
  { path: "/app.js", file: "app.js", type: SCRIPT },
  { path: "/page.js", file: "page.js", type: SCRIPT },
  { path: "/connection.js", file: "connection.js", type: SCRIPT },
  { path: "/elements.js", file: "elements.js", type: SCRIPT },
  { path: "/chat.js", file: "chat.js", type: SCRIPT },
  { path: "/groups.js", file: "groups.js", type: SCRIPT },
  { path: "/questions.js", file: "questions.js", type: SCRIPT },
  { path: "/standing.js", file: "standing.js", type: SCRIPT },
  { path: "/status.js", file: "status.js", type: SCRIPT },
  { path: "/draw.js", file: "draw.js", type: SCRIPT },
  { path: "/question.js", file: "question.js", type: SCRIPT },
  { path: "/text.js", file: "text.js", type: SCRIPT },
] as const;

/** Reads the files of the page. Rejects where one is missing: half a page is none. */
export async function loadPage(folder: string): Promise<PageFiles> {
  const files = FILES.map(async ({ path, file, type }) => {
    const body = new Uint8Array(await readFile(join(folder, file)));
    return [path, { body, type }] as const;
  });
  return new Map(await Promise.all(files));
}

export function pageRoutes(files: PageFiles): readonly Route[] {
  return [...files].map(([path, file]) =>
    publicRoute({
      method: "GET",
      path,
      says: "the page for chat and approvals",
      because: "it holds nothing: whoever opens it is asked to log in",
      run: async () => new Response(file.body, { headers: { "content-type": file.type } }),
    }),
  );
}
