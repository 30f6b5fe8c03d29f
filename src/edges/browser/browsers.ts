/**
 * The browsers of all sessions, one each: which is open, what it was given, and
 * when it is ended.
 *
 * INVARIANT(browser-reaches-nothing-between-calls): a browser's way out leads
 * to the hosts of a call from its beginning to its end, and nowhere else, at no
 * other time.
 *
 * @module
 */
import type { HostLimit } from "../../core/decision.ts";
import { listsHost } from "../../core/destination.ts";
import { Fault } from "../../core/fault.ts";
import { join, type Label, SYSTEM_LABEL } from "../../core/label.ts";
import type { Browsers, BrowserTask, ElementTask, OpenTask, PageSeen } from "../../core/ports/browser.ts";
import type { Connection } from "../../core/ports/executor.ts";
import { failed } from "./cdp.ts";
import { type Launched, launch, type LaunchDeps } from "./launch.ts";
import { notThere, type Place, type Tab } from "./tab.ts";

export type BrowsersDeps = LaunchDeps & {
  /** What an operator listed: a page may take its parts from there, until somebody typed into it. */
  readonly listed: readonly HostLimit[];
  /** After so long without a call a browser is ended. */
  readonly idleMs: number;
  /** For one call, all together; then the page is taken to hang. */
  readonly callMs: number;
};

/** Each of them may use all the memory of its limits. */
const MOST_BROWSERS = 4;
/** For a page to come to rest; what it shows by then is told. */
const LOAD_MS = 20_000;
const REST_MS = 8_000;
const MOST_NOTES = 30;

type Open = Launched & {
  holds: Label;
  /** `host:port` that text was given to, or that were clicked on. */
  readonly givenTo: Set<string>;
  /** Calls wait for each other. */
  last: Promise<unknown>;
  idle: AbortController;
  isGone: boolean;
};

type Bench = { readonly deps: BrowsersDeps; readonly open: Map<string, Open> };

export function createBrowsers(deps: BrowsersDeps): Browsers {
  const bench: Bench = { deps, open: new Map() };
  return {
    async open(task) {
      const browser = await browserFor(bench, task);
      return told(await act(bench, browser, task, { work: () => goTo(browser, task) }));
    },
    async read(task) {
      const browser = openOne(bench, task.session);
      return told(await act(bench, browser, task, { work: () => see(browser) }));
    },
    async close(session) {
      const browser = bench.open.get(session);
      // A call that is under way has it to its end.
      await browser?.last;
      browser?.end();
      await browser?.closed;
      return browser !== undefined;
    },
    click: (task) => touch(bench, task, (tab) => clickOn(tab, task)),
    type: (task) => touch(bench, task, (tab) => tab.type(task.ref, task.element, task)),
    async screenshot(task) {
      const browser = openOne(bench, task.session);
      const { result: bytes } = await act(bench, browser, task, { work: () => browser.tab.screenshot() });
      if (!PNG.equals(bytes.subarray(0, PNG.length))) throw failed("its picture is no PNG");
      return { bytes, holds: browser.holds };
    },
    async downloaded(task) {
      const browser = openOne(bench, task.session);
      const download = browser.tab.watch.downloads.get(task.name);
      if (download?.state !== "completed") throw notThere(`there is no finished download \`${task.name}\``);
      const work = (): Promise<Uint8Array> => browser.tab.downloadBytes(download.guid);
      const { result: bytes } = await act(bench, browser, task, { work });
      return { bytes, holds: browser.holds, fileName: download.fileName };
    },
  };
}

const PNG = Buffer.from("89504e470d0a1a0a", "hex");

/** A browser that text was given to is not taken to another host: a new one is, which knows nothing. */
async function browserFor(bench: Bench, task: OpenTask): Promise<Open> {
  const { open, deps } = bench;
  const before = open.get(task.session);
  const [target] = task.hosts;
  const fits = target !== undefined && before !== undefined && mayGo(before, `${target.host}:${target.port}`);
  if (before !== undefined && fits) return before;
  if (before !== undefined) {
    before.end();
    await before.closed;
  }
  if (open.size >= MOST_BROWSERS) {
    throw new Fault("BROWSER_BUSY", {
      message: `${MOST_BROWSERS} sessions have a browser open already`,
      hint: "each is ended a few minutes after its last use; try again then",
    });
  }
  const launched = await launch(deps, task);
  const browser: Open = {
    ...launched,
    holds: { ...SYSTEM_LABEL, sources: [] },
    givenTo: new Set(),
    last: Promise.resolve(),
    idle: new AbortController(),
    isGone: false,
  };
  open.set(task.session, browser);
  void forgetWhenGone(open, task.session, browser);
  return browser;
}

async function forgetWhenGone(open: Bench["open"], session: string, browser: Open): Promise<void> {
  await browser.gone;
  browser.idle.abort();
  browser.isGone = true;
  if (open.get(session) === browser) open.delete(session);
}

function mayGo({ givenTo }: Open, where: string): boolean {
  return givenTo.size === 0 || (givenTo.size === 1 && givenTo.has(where));
}

/** @throws Fault BROWSER_CLOSED */
function openOne({ open }: Bench, session: string): Open {
  const browser = open.get(session);
  if (browser !== undefined) return browser;
  throw new Fault("BROWSER_CLOSED", {
    message: "no page is open in this session",
    hint: "open one with `browser_open`; a browser that is not used is ended after some minutes",
  });
}

type Steps<T> = {
  /** Before the way is opened: throws BROWSER_PAGE where the page is not what the call says. */
  readonly check?: () => Promise<void>;
  readonly work: () => Promise<T>;
};

/** What came of it, and what the browser tried to reach meanwhile. */
type Acted<T> = { readonly result: T; readonly tried: readonly Connection[] };

/**
 * One call on one browser: its hosts for as long as it takes, and a deadline. A page that does not answer by then is
 * ended with its browser, because nothing less is sure to end it.
 */
async function act<T>(bench: Bench, browser: Open, task: BrowserTask, steps: Steps<T>): Promise<Acted<T>> {
  const turn = browser.last.then(() => actNow(bench, browser, task, steps));
  browser.last = turn.catch(() => undefined); // told to whoever made that call
  return turn;
}

async function actNow<T>(
  { deps }: Bench,
  browser: Open,
  task: BrowserTask,
  { check, work }: Steps<T>,
): Promise<Acted<T>> {
  browser.idle.abort();
  let closed = false;
  try {
    task.signal.throwIfAborted();
    const result = await within(deps, browser, task, async () => {
      await check?.();
      await browser.lease.lead(task.call, wayOf(deps, browser, task));
      return work();
    });
    const tried = await browser.lease.lead(task.call, []);
    closed = true;
    return { result, tried };
  } catch (error) {
    // The page was not what the call says: nothing was begun, and the browser is as good as before.
    const isPage = error instanceof Fault && error.code === "BROWSER_PAGE";
    if (isPage) closed = await browser.lease.lead(task.call, []).then(Boolean, () => false);
    throw error;
  } finally {
    // A way out that may still lead somewhere ends with its browser.
    if (closed) endWhenIdle(deps, browser);
    else {
      browser.end();
      await browser.closed;
    }
  }
}

/** The call's own hosts, and what is listed, unless something was typed that could leave with it. */
function wayOf({ listed }: BrowsersDeps, { givenTo }: Open, { hosts }: BrowserTask): readonly HostLimit[] {
  const all = hosts.length === 0 || givenTo.size > 0 ? hosts : [...hosts, ...listed];
  return all.map((limit) => asListed(limit, listed));
}

/** A call names a host and what it does there; paths, and whether TLS is left alone, are the operator's to say. */
function asListed(limit: HostLimit, listed: readonly HostLimit[]): HostLimit {
  const rules = listed.filter((rule) => listsHost(limit.host, limit.port, rule));
  const paths = limit.paths ?? rules.find((rule) => rule.paths !== undefined)?.paths;
  const isLeft = rules.some(({ tls }) => tls === "passthrough");
  return { ...limit, ...(paths === undefined ? {} : { paths }), ...(isLeft ? { tls: "passthrough" } : {}) };
}

async function within<T>(
  { clock, callMs }: BrowsersDeps,
  browser: Open,
  { signal }: BrowserTask,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const late = clock.sleep(callMs, AbortSignal.any([over.signal, signal])).then(() => {
    throw failed("the page does not answer; it was closed, and whether what was begun there happened is not known");
  });
  const broken = Promise.race([browser.gone, browser.tab.watch.died]).then((why) => {
    throw failed(`${why}; whether what was begun there happened is not known`);
  });
  for (const one of [late, broken]) one.catch(() => undefined);
  try {
    return await Promise.race([work(), late, broken]);
  } finally {
    over.abort();
  }
}

function endWhenIdle({ clock, idleMs }: BrowsersDeps, browser: Open): void {
  if (browser.isGone) return;
  browser.idle = new AbortController();
  clock.sleep(idleMs, browser.idle.signal).then(
    () => browser.end(),
    () => undefined, // it was used again, or ended
  );
}

async function goTo(browser: Open, { url, download, influence }: OpenTask): Promise<PageSeen> {
  const { tab } = browser;
  browser.holds = join(browser.holds, influence);
  await tab.setDownloads(download);
  const why = await tab.goTo(url);
  await tab.settle(LOAD_MS);
  await tab.setDownloads(false);
  const seen = await see(browser);
  return why === null ? seen : { ...seen, notes: [`the page was not reached: ${why}`, ...seen.notes] };
}

async function clickOn(tab: Tab, { ref, element, download }: ElementTask & { readonly download: boolean }) {
  await tab.setDownloads(download);
  await tab.click(ref, element);
}

async function touch(bench: Bench, task: ElementTask, how: (tab: Tab) => Promise<void>): Promise<PageSeen> {
  const browser = openOne(bench, task.session);
  const { tab, givenTo } = browser;
  const acted = await act(bench, browser, task, {
    async check() {
      const place = await tab.place();
      if (place?.host !== task.host || place.port !== task.port) {
        throw notThere(`the page is not at \`${task.host}\` but at \`${place === null ? "no host" : hostOf(place)}\``);
      }
      // Before it happens: what was given cannot be taken back by a call that broke off.
      givenTo.add(`${task.host}:${task.port}`);
      browser.holds = join(browser.holds, task.influence);
    },
    async work() {
      await how(tab);
      await tab.settle(REST_MS);
      await tab.setDownloads(false);
      return see(browser);
    },
  });
  return told(acted);
}

async function see({ tab, holds }: Open): Promise<PageSeen> {
  const place = await tab.place();
  if (place === null) {
    const notes = ["no page of the web is shown", ...tab.watch.notes()];
    return { url: "", title: "", host: "", text: "", cut: false, notes, holds };
  }
  const shown = await tab.outline();
  return { ...shown, url: place.url, host: hostOf(place), notes: tab.watch.notes(), holds };
}

function hostOf({ host, port }: Place): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === 443 ? name : `${name}:${port}`;
}

/** What the proxy refused belongs to what the page shows: parts of it are missing. */
function told({ result, tried }: Acted<PageSeen>): PageSeen {
  const refused = tried.filter(({ verdict }) => verdict === "refused");
  const lines = new Set(refused.map(({ host, port, why }) => `not reached: ${host}:${port} (${why})`));
  return { ...result, notes: [...result.notes, ...[...lines].slice(0, MOST_NOTES)] };
}
