/**
 * The web effectors. A fetch goes through the egress proxy under its own lease;
 * a redirect is told, not followed: where it leads is a new call.
 *
 * @module
 */
import type { EgressGate } from "../../core/ports/executor.ts";
import type { PageReader, WebFetcher, WebSearch } from "../../core/ports/net.ts";
import type { RunOutcome } from "../../core/run.ts";
import { type Effector, limitsOf, textArgument } from "./run.ts";

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
      if (answer.status >= 300 && answer.status < 400)
        return redirected(answer.status, answer.headers["location"] ?? "", url);
      const contentType = answer.headers["content-type"] ?? "";
      const page = await deps.pages.read({ body: answer.body, contentType, url }, work.signal);
      const cut =
        answer.truncated || page.truncated || page.text.length > SHOWN
          ? "\n[the page is longer; the rest was cut off]"
          : "";
      return {
        ok: answer.status < 400,
        text: `status ${answer.status}\ntitle: ${page.title ?? "(none)"}\n\n${page.text.slice(0, SHOWN)}${cut}`,
        summary: `status ${answer.status}, ${answer.body.length} bytes`,
        data: { status: answer.status, bytes: answer.body.length, address: answer.address },
      };
    } finally {
      await lease.close();
    }
  };
}

export function searchEffector(deps: WebDeps): Effector {
  return async (work) => {
    const found = await deps.search.search(textArgument(work, "query"), HITS, work.signal);
    const text = found.map((one) => `${one.title}\n${one.url}\n${one.snippet}`).join("\n\n");
    return { ok: true, text: text === "" ? "nothing found" : text, summary: `${found.length} results` };
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
