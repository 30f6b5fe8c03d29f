/**
 * The browser tools. What a page says was written by strangers; what is clicked
 * or typed may leave, so both are sends to the host of the page.
 *
 * @module
 */
import { z } from "zod";
import { defineTool } from "./define.ts";
import { withScheme } from "./web.ts";

const groups = ["group:ui"];
const fromOutside = { trust: "none", confidentiality: "public" } as const;

const ref = z.string().regex(/^e\d{1,9}$/, "write the reference as it stands on the page: `e12`");
const element = z.string().min(1).max(200).describe("the name of that element, as it stands in quotes");
const host = z.string().min(1).max(300).describe("the host of the page, as `host:` says");
const download = z.boolean().optional().describe("whether a download may begin");
const path = z.string().min(1).max(4096);

export const browserOpen = defineTool({
  name: "browser_open",
  effect: "fetch",
  description:
    'Open a page in a browser of this session, and return what it shows: text, and elements such as [e3] button "Go". Use web_fetch where reading is enough.',
  groups,
  arguments: { url: z.string().trim().min(1).max(8192).transform(withScheme), download },
  roles: { url: "url", download: "plain" },
  returns: fromOutside,
});

export const browserRead = defineTool({
  name: "browser_read",
  effect: "read",
  description: "Return what the open page shows now.",
  groups,
  arguments: {},
  roles: {},
  returns: fromOutside,
});

export const browserClick = defineTool({
  name: "browser_click",
  effect: "send",
  method: "POST",
  description: "Click an element of the open page. To follow a link, open its address instead.",
  groups,
  arguments: { ref, element, host, download },
  roles: { ref: "plain", element: "target", host: "host", download: "plain" },
  returns: fromOutside,
});

export const browserType = defineTool({
  name: "browser_type",
  effect: "send",
  method: "POST",
  description:
    "Put text into a field of the open page, in place of what is in it, or choose an option of a choice; `enter` presses Enter after it.",
  groups,
  arguments: { ref, element, host, text: z.string().max(8000), enter: z.boolean().optional() },
  roles: { ref: "plain", element: "target", host: "host", text: "content", enter: "plain" },
  returns: fromOutside,
});

export const browserClose = defineTool({
  name: "browser_close",
  effect: "read",
  description: "Close the browser of this session; what was typed into it and not sent is gone.",
  groups,
  arguments: {},
  roles: {},
  returns: fromOutside,
});

export const browserScreenshot = defineTool({
  name: "browser_screenshot",
  effect: "write",
  description: "Save a picture of the open page as a PNG file in the workspace.",
  groups,
  arguments: { path: path.regex(/\.png$/i, "end it with .png").describe("such as `inbox/page.png`") },
  roles: { path: "path" },
  returns: fromOutside,
});

export const browserSave = defineTool({
  name: "browser_save",
  effect: "write",
  description: "Save a download of the open page, which a note named (d1), as a file in the `inbox` of the workspace.",
  groups,
  arguments: { download: z.string().regex(/^d\d{1,3}$/, "write its name: `d1`"), path: path.describe("`inbox/NAME`") },
  roles: { download: "plain", path: "path" },
  returns: fromOutside,
});
