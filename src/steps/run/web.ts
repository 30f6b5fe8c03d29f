/**
 * The web effectors. A fetch goes through the egress proxy under its own lease;
 * a redirect is told, not followed: where it leads is a new call.
 *
 * @module
 */
import { plural } from "../../core/plural.ts";
import type { Found } from "../../core/held.ts";
import { type Label, NEUTRAL_LABEL } from "../../core/label.ts";
import type { EgressGate } from "../../core/ports/executor.ts";
import type { PageReader, WebFetcher, WebSearch } from "../../core/ports/net.ts";
import type { RunOutcome } from "../../core/run.ts";
import { type Effector, limitsOf, textArgument, type Work } from "./run.ts";

export type WebDeps = {
  readonly egress: EgressGate;
  readonly fetcher: WebFetcher;
  readonly pages: PageReader;
  readonly search: WebSearch;
};

const HITS = 8;
const FETCH_BYTES = 5 * 1024 * 1024;
const FETCH_MS = 30_000;
const SHOWN = 60_000;

export function fetchEffector(deps: WebDeps): Effector {
  return async (work) => {
    const fetched = await fetchPage(deps, work);
    if (fetched.kind === "redirect") return redirected(fetched.status, fetched.location, textArgument(work, "url"));
    const { status, title, text, isPart, bytes, address } = fetched;
    const cut = isPart ? "\n[the page is longer; the rest was cut off]" : "";
    return {
      ok: status < 400,
      text: `status ${status}\ntitle: ${title ?? "(none)"}\n\n${text}${cut}`,
      summary: `status ${status}, ${plural(bytes, "byte")}`,
      data: { status, bytes, address },
    };
  };
}

/** A page for a reader in quarantine. Its source is the whole host: whoever wrote one page of it may have written all. */
export async function pageContent(deps: WebDeps, work: Work): Promise<Found> {
  const url = textArgument(work, "url");
  const fetched = await fetchPage(deps, work);
  // Where a redirect leads was chosen by the page, so it is not told.
  const failed = (says: string): Found => ({
    kind: "failed",
    outcome: { ok: false, text: says, summary: says, label: NEUTRAL_LABEL },
  });
  if (fetched.kind === "redirect") return failed("the page has moved; fetch it with web_fetch to see where");
  if (fetched.status >= 400) return failed("the page could not be had");
  const { host } = new URL(url);
  const label: Label = {
    trust: "none",
    confidentiality: "public",
    audience: { kind: "anyone" },
    sources: [{ kind: "web", id: url, trust: "none" }],
  };
  const { text, title, isPart } = fetched;
  return {
    kind: "found",
    content: { text: `${title ?? ""}\n${text}`, isPart, label, from: `page ${url}`, source: `host ${host}` },
  };
}

type Page =
  | { readonly kind: "redirect"; readonly status: number; readonly location: string }
  | {
      readonly kind: "page";
      readonly status: number;
      readonly title: string | null;
      readonly text: string;
      readonly isPart: boolean;
      readonly bytes: number;
      readonly address: string;
    };

async function fetchPage(deps: WebDeps, work: Work): Promise<Page> {
  const { call, session } = { call: work.proposal.id, session: work.proposal.origin.session };
  // One GET of one address, by code of ours, with TLS from end to end: there is nothing for the proxy to look into.
  const hosts = limitsOf(work).hosts.map((host) => ({ ...host, tls: "passthrough" as const }));
  const lease = await deps.egress.open({ call, session, hosts });
  try {
    const url = textArgument(work, "url");
    const request = {
      url,
      method: "GET",
      headers: { accept: "text/html, text/plain, application/json;q=0.9, */*;q=0.1" },
      maxBytes: FETCH_BYTES,
      timeoutMs: FETCH_MS,
    };
    const answer = await deps.fetcher.get(request, lease.socket, work.signal);
    const { status, body, address } = answer;
    if (status >= 300 && status < 400) return { kind: "redirect", status, location: answer.headers["location"] ?? "" };
    const contentType = answer.headers["content-type"] ?? "";
    const page = await deps.pages.read({ body, contentType, url }, work.signal);
    const isPart = answer.truncated || page.truncated || page.text.length > SHOWN;
    const text = page.text.slice(0, SHOWN);
    return { kind: "page", status, title: page.title, text, isPart, bytes: body.length, address };
  } finally {
    await lease.close();
  }
}

export function searchEffector(deps: WebDeps): Effector {
  return async (work) => {
    const found = await deps.search.search(textArgument(work, "query"), HITS, work.signal);
    const text = found.map((one) => `${one.title}\n${one.url}\n${one.snippet}`).join("\n\n");
    return { ok: true, text: text === "" ? "nothing found" : text, summary: plural(found.length, "result") };
  };
}

function redirected(status: number, location: string, from: string): RunOutcome {
  const to = URL.canParse(location, from) ? new URL(location, from).href : location;
  return {
    ok: true,
    text: `status ${status}: the page is at ${to.slice(0, 2000)} now; it was not followed: fetch that address if it is wanted`,
    summary: `redirect, status ${status}`,
    data: { status },
  };
}
