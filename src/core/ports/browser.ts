/**
 * The browser: one for each session that uses it, in a sandbox of its own.
 *
 * Each method is one call, already judged, under a spent permit. What the page
 * may reach is what that call names, and only while it lasts; between calls
 * the browser reaches nothing.
 *
 * @module
 */
import type { HostLimit } from "../decision.ts";
import type { Digest } from "../json.ts";
import type { Label } from "../label.ts";
import type { SignedToken } from "./executor.ts";

export type BrowserTask = {
  readonly call: string;
  readonly session: string;
  /** What the call names; nothing for one that only looks. */
  readonly hosts: readonly HostLimit[];
  readonly signal: AbortSignal;
  /** What the call was made from: what the page says afterwards may echo it. */
  readonly influence: Label;
};

export type OpenTask = BrowserTask & {
  readonly url: string;
  /** Whether a download may begin. */
  readonly download: boolean;
  /** The right to start the one job of this call; used where a browser has to be started. */
  readonly sign: (job: Digest) => SignedToken;
};

/** One element of the page, as the judge saw it: acted on only if the page is still there and the name still fits. */
export type ElementTask = BrowserTask & {
  readonly ref: string;
  readonly element: string;
  readonly host: string;
  readonly port: number;
};

export type PageSeen = {
  readonly url: string;
  readonly title: string;
  /** As `host` arguments name it: without the port where it is 443. */
  readonly host: string;
  /** What the page shows, with the elements that can be used. */
  readonly text: string;
  readonly cut: boolean;
  /** What was refused, begun or left out meanwhile, a line each. */
  readonly notes: readonly string[];
  /** All that was ever put into this browser. */
  readonly holds: Label;
};

export type PageBytes = { readonly bytes: Uint8Array; readonly holds: Label };

export type Browsers = {
  /**
   * Starts a browser where there is none, or where the one there was given text on another host.
   *
   * @throws Fault BROWSER_MISSING, BROWSER_FAILED, BROWSER_BUSY
   */
  open(task: OpenTask): Promise<PageSeen>;
  /** @throws Fault BROWSER_CLOSED where no page is open, BROWSER_FAILED where it does not answer. */
  read(task: BrowserTask): Promise<PageSeen>;
  /** Resolves when nothing of it is left. Answers false where none was open. */
  close(session: string): Promise<boolean>;
  /** @throws Fault BROWSER_PAGE where page or element are not what the call says. */
  click(task: ElementTask & { readonly download: boolean }): Promise<PageSeen>;
  type(task: ElementTask & { readonly text: string; readonly enter: boolean }): Promise<PageSeen>;
  /** @returns a PNG. */
  screenshot(task: BrowserTask): Promise<PageBytes>;
  /** @param task.name as a note named it: `d1`. @throws Fault BROWSER_PAGE where there is no such download. */
  downloaded(task: BrowserTask & { readonly name: string }): Promise<PageBytes & { readonly fileName: string }>;
};
