/**
 * One tab: goes to an address, tells what it shows, clicks, types.
 *
 * Everything here may wait for ever, because a page may; whoever calls sets the
 * deadline and ends the browser at it.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { Fault } from "../../core/fault.ts";
import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { type Cdp, type CdpEvent, failed } from "./cdp.ts";
import { type Watch, watchTab } from "./watch.ts";

export type Place = { readonly url: string; readonly host: string; readonly port: number };
export type Shown = { readonly title: string; readonly text: string; readonly cut: boolean };

export type Tab = {
  readonly watch: Watch;
  /** @returns why the page was not reached; null where it was. */
  goTo(url: string): Promise<string | null>;
  /** Where it is; null where that is no page of the web. */
  place(): Promise<Place | null>;
  outline(): Promise<Shown>;
  /** @throws Fault BROWSER_PAGE where the element is another, or cannot be used so. */
  click(ref: string, element: string): Promise<void>;
  type(ref: string, element: string, words: { readonly text: string; readonly enter: boolean }): Promise<void>;
  screenshot(): Promise<Uint8Array>;
  downloadBytes(guid: string): Promise<Uint8Array>;
  setDownloads(allowed: boolean): Promise<void>;
  /** Waits until the page has come to rest, or for so long. */
  settle(mostMs: number): Promise<void>;
};

const IN_PAGE = readFileSync(new URL("inside/page.js", import.meta.url), "utf8");
/** Characters of a page that are told. */
const SHOWN = 40_000;
const DOWNLOADS = "/tmp/browser/downloads";
const REST_MS = 250;
/** A page that always asks for something more is looked at as it is. */
const WAIT_MS = 4_000;
const LOOK_MS = 50;

type Parts = {
  readonly cdp: Cdp;
  readonly watch: Watch;
  readonly session: string;
  readonly frame: string;
  readonly clock: Clock;
  /** The object in the page that looks, and the document that it is in. */
  seeing: { readonly object: string; readonly document: number } | null;
};

/** @param listen says who is to be told what the browser tells. */
export async function openTab(cdp: Cdp, clock: Clock, listen: (hear: (event: CdpEvent) => void) => void): Promise<Tab> {
  const { targetId } = await cdp.send("Target.createTarget", { url: "about:blank" });
  const target = textOf(targetId);
  const session = textOf((await cdp.send("Target.attachToTarget", { targetId: target, flatten: true }))["sessionId"]);
  // The main frame of a page has the name of its target.
  const watch = watchTab(cdp, { session, frame: target });
  listen((event) => watch.hear(event));
  for (const domain of ["Page", "Inspector", "Network"]) await cdp.send(`${domain}.enable`, {}, session);
  await cdp.send("Target.setDiscoverTargets", { discover: true });
  // Else a refused window takes the focus along, and each click after it waits for seconds.
  await cdp.send("Emulation.setFocusEmulationEnabled", { enabled: true }, session);
  const parts: Parts = { cdp, watch, session, frame: target, clock, seeing: null };
  const tab = tabOf(parts);
  await tab.setDownloads(false);
  return tab;
}

function tabOf(parts: Parts): Tab {
  const { cdp, watch, session } = parts;
  return {
    watch,
    async goTo(url) {
      // The judge said so before; here it is said once more, because a browser opens far more than the web.
      if (!PORTS.has(URL.parse(url)?.protocol ?? "")) throw notThere("only http and https addresses are opened");
      const answer = await cdp.send("Page.navigate", { url }, session);
      const why = answer["errorText"];
      return typeof why === "string" && answer["isDownload"] !== true ? why.slice(0, 100) : null;
    },
    place: () => place(parts),
    outline: async () => shownOf(await inPage(parts, "outline", [SHOWN])),
    click: (ref, element) => click(parts, ref, element),
    type: (ref, element, words) => type(parts, ref, element, words),
    async screenshot() {
      const { data } = await cdp.send("Page.captureScreenshot", { format: "png" }, session);
      return Buffer.from(textOf(data), "base64");
    },
    async downloadBytes(guid) {
      const { data } = await cdp.send("Vambrace.file", { name: guid });
      return Buffer.from(textOf(data), "base64");
    },
    async setDownloads(allowed) {
      watch.allowDownloads(allowed);
      const behavior = allowed ? "allowAndName" : "deny";
      await cdp.send("Browser.setDownloadBehavior", { behavior, downloadPath: DOWNLOADS, eventsEnabled: true });
    },
    settle: (mostMs) => settle(parts, mostMs),
  };
}

async function settle({ watch, clock }: Parts, mostMs: number): Promise<void> {
  const endMs = clock.monotonicMs() + mostMs;
  for (let restedMs = 0, waitedMs = 0; restedMs < REST_MS && waitedMs < WAIT_MS; ) {
    if (clock.monotonicMs() >= endMs) return;
    await clock.sleep(LOOK_MS);
    const state = watch.state();
    restedMs = state === "at rest" ? restedMs + LOOK_MS : 0;
    waitedMs = state === "loading" ? 0 : waitedMs + LOOK_MS;
  }
}

async function place({ cdp, session }: Parts): Promise<Place | null> {
  const { frameTree } = await cdp.send("Page.getFrameTree", {}, session);
  const frame = isObject(frameTree) ? frameTree["frame"] : undefined;
  const url = isObject(frame) ? textOf(frame["url"]) : "";
  const port = PORTS.get(URL.parse(url)?.protocol ?? "");
  if (port === undefined) return null;
  const parsed = new URL(url);
  return { url, host: parsed.hostname.replace(/^\[|\]$/g, ""), port: parsed.port === "" ? port : Number(parsed.port) };
}

const PORTS: ReadonlyMap<string, number> = new Map([
  ["http:", 80],
  ["https:", 443],
]);

async function click(parts: Parts, ref: string, element: string): Promise<void> {
  const at = elementOf(await inPage(parts, "locate", [ref]), ref, element);
  if (!at.hits) throw notThere(`\`${element}\` cannot be clicked: it is covered or has no size`);
  const { cdp, session } = parts;
  const mouse = { x: at.x, y: at.y, button: "left", clickCount: 1 };
  await cdp.send("Input.dispatchMouseEvent", { type: "mouseMoved", x: at.x, y: at.y }, session);
  await cdp.send("Input.dispatchMouseEvent", { type: "mousePressed", ...mouse }, session);
  await cdp.send("Input.dispatchMouseEvent", { type: "mouseReleased", ...mouse }, session);
}

async function type(
  parts: Parts,
  ref: string,
  element: string,
  { text, enter }: { readonly text: string; readonly enter: boolean },
): Promise<void> {
  const { cdp, session } = parts;
  const found = elementOf(await inPage(parts, "focus", [ref]), ref, element);
  if (found.kind === "choice") {
    const chosen = elementOf(await inPage(parts, "choose", [ref, text]), ref, element);
    if (!chosen.hits) throw notThere(`\`${element}\` has no such choice`);
    return;
  }
  if (!found.hits) throw notThere(`\`${element}\` takes no text`);
  await cdp.send("Input.insertText", { text }, session);
  if (!enter) return;
  const key = { key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 };
  await cdp.send("Input.dispatchKeyEvent", { type: "keyDown", text: "\r", ...key }, session);
  await cdp.send("Input.dispatchKeyEvent", { type: "keyUp", ...key }, session);
}

/** Asks the object in the page; makes it first where the page has a new document. */
async function inPage(parts: Parts, name: string, values: readonly (string | number)[]): Promise<JsonObject> {
  const { cdp, session } = parts;
  if (parts.seeing?.document !== parts.watch.documents) parts.seeing = await enter(parts);
  const answer = await cdp.send(
    "Runtime.callFunctionOn",
    {
      objectId: parts.seeing.object,
      functionDeclaration: `function (...values) { return this.${name}(...values); }`,
      arguments: values.map((value) => ({ value })),
      returnByValue: true,
    },
    session,
  );
  return valueOf(answer);
}

async function enter(parts: Parts): Promise<NonNullable<Parts["seeing"]>> {
  const { cdp, session, frame, watch } = parts;
  const document = watch.documents;
  const world = await cdp.send("Page.createIsolatedWorld", { frameId: frame, worldName: "vambrace" }, session);
  const contextId = world["executionContextId"];
  if (typeof contextId !== "number") throw failed("it made no world in the page");
  const { result } = await cdp.send("Runtime.evaluate", { expression: IN_PAGE, contextId }, session);
  return { object: textOf(isObject(result) ? result["objectId"] : undefined), document };
}

function valueOf(answer: JsonObject): JsonObject {
  const { result, exceptionDetails } = answer;
  const value = isObject(result) ? result["value"] : undefined;
  if (exceptionDetails !== undefined || !isObject(value)) throw failed("it could not look at the page");
  return value;
}

function shownOf(value: JsonObject): Shown {
  return { title: textOf(value["title"]), text: textOf(value["text"]), cut: value["cut"] === true };
}

type Element = { readonly kind: string; readonly x: number; readonly y: number; readonly hits: boolean };

/** What was judged was an element of this name: another one under the same reference is not it. */
function elementOf(value: JsonObject, ref: string, element: string): Element {
  if (value["found"] !== true) throw notThere(`there is no element \`${ref}\` on the page now`);
  // What it is called now is the page's word, and a fault carries no label of a page.
  if (value["name"] !== element) throw notThere(`\`${ref}\` is not \`${element}\` any more`);
  const { x, y, hits } = value;
  return {
    kind: textOf(value["kind"]),
    x: typeof x === "number" ? x : 0,
    y: typeof y === "number" ? y : 0,
    hits: hits === true,
  };
}

export function notThere(message: string): Fault {
  return new Fault("BROWSER_PAGE", { message, hint: "look at the page again with `browser_read`" });
}

function textOf(value: JsonValue | undefined): string {
  if (typeof value === "string") return value;
  throw failed("it answered in another form");
}
