/**
 * What happens in a tab while nobody looks: loading, dialogs, downloads, new
 * windows, crashes. Dialogs are dismissed, new windows are closed, and both are
 * noted.
 *
 * @module
 */
import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { Cdp, CdpEvent } from "./cdp.ts";

export type Download = {
  readonly guid: string;
  readonly fileName: string;
  readonly from: string;
  bytes: number;
  state: "inProgress" | "completed" | "canceled";
};

export type Watch = {
  hear(event: CdpEvent): void;
  /** Takes the notes since the last call of this. */
  notes(): readonly string[];
  /** `loading`: the document, or a download. `waiting`: for an answer to something else that the page asked for. */
  state(): "loading" | "waiting" | "at rest";
  /** Goes up with each document that the main frame shows. */
  readonly documents: number;
  /** Resolves when the tab is of no use any more: why. */
  readonly died: Promise<string>;
  /** By the name that a note gave it. */
  readonly downloads: ReadonlyMap<string, Download>;
  allowDownloads(allowed: boolean): void;
};

/** Bytes of one download, and how many are kept. */
export const MOST_DOWNLOAD = 5 * 1024 * 1024;
const MOST_DOWNLOADS = 8;
/** In one call; a page that opens more of them does nothing else. */
const MOST_DIALOGS = 10;
const MOST_NOTES = 20;

type State = {
  readonly cdp: Cdp;
  readonly session: string;
  readonly frame: string;
  readonly inflight: Set<string>;
  readonly downloads: Map<string, Download>;
  notes: string[];
  loading: boolean;
  dialogs: number;
  documents: number;
  readonly die: (why: string) => void;
  downloadsAllowed: boolean;
};

export function watchTab(cdp: Cdp, tab: { readonly session: string; readonly frame: string }): Watch {
  const died = Promise.withResolvers<string>();
  const state: State = {
    cdp,
    ...tab,
    inflight: new Set(),
    downloads: new Map(),
    notes: [],
    loading: false,
    dialogs: 0,
    documents: 0,
    die: died.resolve,
    downloadsAllowed: false,
  };
  return {
    // Events of the whole browser have no session; those of another tab are none of ours.
    hear: ({ method, params, session }) => {
      if (session === undefined || session === tab.session) HEARD.get(method)?.(state, params);
    },
    notes() {
      const taken = state.notes;
      state.notes = [];
      state.dialogs = 0;
      return taken;
    },
    state() {
      if (state.loading || [...state.downloads.values()].some((one) => one.state === "inProgress")) return "loading";
      return state.inflight.size > 0 ? "waiting" : "at rest";
    },
    get documents() {
      return state.documents;
    },
    died: died.promise,
    downloads: state.downloads,
    allowDownloads(allowed) {
      state.downloadsAllowed = allowed;
    },
  };
}

const HEARD: ReadonlyMap<string, (state: State, params: JsonObject) => void> = new Map([
  ["Page.frameStartedLoading", (state, params) => onMainFrame(state, params, () => (state.loading = true))],
  ["Page.frameStoppedLoading", (state, params) => onMainFrame(state, params, () => (state.loading = false))],
  ["Page.frameNavigated", navigated],
  ["Page.javascriptDialogOpening", dialog],
  ["Page.windowOpen", (state, params) => note(state, `a new window was closed: ${text(params["url"])}`)],
  ["Target.targetCreated", closeOther],
  ["Page.downloadWillBegin", () => undefined],
  ["Browser.downloadWillBegin", downloadBegins],
  ["Browser.downloadProgress", downloadGoesOn],
  ["Network.requestWillBeSent", (state, params) => void state.inflight.add(text(params["requestId"]))],
  ["Network.loadingFinished", (state, params) => void state.inflight.delete(text(params["requestId"]))],
  ["Network.loadingFailed", (state, params) => void state.inflight.delete(text(params["requestId"]))],
  ["Inspector.targetCrashed", (state) => state.die("the page crashed")],
  ["Inspector.detached", (state) => state.die("the page was closed")],
]);

function onMainFrame(state: State, params: JsonObject, then: () => void): void {
  if (params["frameId"] === state.frame) then();
}

function navigated(state: State, params: JsonObject): void {
  const frame = params["frame"];
  if (!isObject(frame) || frame["id"] !== state.frame) return;
  state.documents++;
  state.inflight.clear();
}

/** Another tab than ours. What it asked for until it was closed could reach no more than this one. */
function closeOther({ cdp, frame }: State, params: JsonObject): void {
  const info = params["targetInfo"];
  const targetId = isObject(info) ? text(info["targetId"]) : "";
  if (targetId === "" || targetId === frame || !isObject(info) || info["type"] !== "page") return;
  cdp.send("Target.closeTarget", { targetId }).catch(() => undefined); // it may be closed already
}

function dialog(state: State, params: JsonObject): void {
  const { cdp, session } = state;
  if (++state.dialogs > MOST_DIALOGS) return state.die("the page opened one dialog after the other");
  note(state, `a dialog was dismissed: ${text(params["message"])}`);
  // The browser may be gone by then, which is told where somebody waits for it.
  cdp.send("Page.handleJavaScriptDialog", { accept: false }, session).catch(() => undefined);
}

function downloadBegins(state: State, params: JsonObject): void {
  const [guid, from] = [text(params["guid"]), text(params["url"])];
  const fileName = safeName(text(params["suggestedFilename"]));
  if (!state.downloadsAllowed) return note(state, `a download was refused: ${fileName}; a call may ask for it`);
  if (state.downloads.size >= MOST_DOWNLOADS) {
    cancel(state, guid);
    return note(state, `a download was refused: ${fileName}; there are ${MOST_DOWNLOADS} already`);
  }
  state.downloads.set(`d${state.downloads.size + 1}`, { guid, fileName, from, bytes: 0, state: "inProgress" });
}

function downloadGoesOn(state: State, params: JsonObject): void {
  const found = [...state.downloads].find(([, one]) => one.guid === params["guid"]);
  if (found === undefined) return;
  const [name, download] = found;
  const received = params["receivedBytes"];
  if (typeof received === "number") download.bytes = received;
  if (download.state !== "inProgress") return;
  if (params["state"] === "completed" && download.bytes <= MOST_DOWNLOAD) {
    download.state = "completed";
    note(state, `download ${name}: ${download.fileName}, ${download.bytes} bytes; \`browser_save\` keeps it`);
  } else if (params["state"] === "canceled") {
    download.state = "canceled";
    note(state, `the download of ${download.fileName} broke off`);
  } else if (download.bytes > MOST_DOWNLOAD) {
    download.state = "canceled";
    cancel(state, download.guid);
    note(state, `the download of ${download.fileName} was ended: it is larger than ${MOST_DOWNLOAD} bytes`);
  }
}

function cancel({ cdp }: State, guid: string): void {
  cdp.send("Browser.cancelDownload", { guid }).catch(() => undefined); // ended by itself, or with the browser
}

/**
 * A name from outside as a name of ours: no folder, nothing hidden, no control characters, and short.
 *
 * @returns letters, digits and `._ -`; `download` where nothing is left.
 */
export function safeName(written: string): string {
  const last = written.split(/[\\/]/).at(-1) ?? "";
  const kept = last.replace(/[^\p{L}\p{N}._ -]/gu, "_").replace(/^[. _-]+|[. ]+$/g, "");
  const dot = kept.lastIndexOf(".");
  const ending = dot > 0 ? kept.slice(dot).slice(0, 12) : "";
  const name = `${(dot > 0 ? kept.slice(0, dot) : kept).slice(0, 80)}${ending}`;
  return name === "" ? "download" : name;
}

function note(state: State, line: string): void {
  if (state.notes.length < MOST_NOTES) state.notes.push(line.replace(/\s+/g, " ").slice(0, 400));
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
