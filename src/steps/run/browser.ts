/**
 * The browser effectors. Each is one call under its own permit, and reaches
 * what that call names, no more and no longer.
 *
 * What a page shows carries the label of all that was ever put into the
 * browser: a page can say it again.
 *
 * @module
 */
import type { PathFact } from "../../core/call.ts";
import type { HostLimit } from "../../core/decision.ts";
import { Fault } from "../../core/fault.ts";
import { type Digest, digestOf } from "../../core/json.ts";
import { join, type Label } from "../../core/label.ts";
import type { Browsers, BrowserTask, ElementTask, PageBytes, PageSeen } from "../../core/ports/browser.ts";
import type { Executor } from "../../core/ports/executor.ts";
import type { FileJobs } from "../../core/ports/files.ts";
import type { RunOutcome } from "../../core/run.ts";
import type { ShowTo } from "./audience.ts";
import { type Effector, limitsOf, textArgument, type Work } from "./run.ts";

export type BrowserDeps = {
  readonly browsers: Browsers;
  readonly executor: Executor;
  readonly files: FileJobs;
  /** Absolute; where downloads go. */
  readonly inboxOf: (agent: string) => string;
  readonly show: ShowTo;
  /** Notes who wrote a file. Durable when it resolves. */
  readonly wrote: (path: string, digest: Digest, label: Label) => Promise<void>;
};

export function browserEffectors(deps: BrowserDeps): ReadonlyMap<string, Effector> {
  return new Map<string, Effector>([
    ["browser_open", (work) => open(deps, work)],
    ["browser_read", async (work) => tell(deps, work, await deps.browsers.read({ ...taskOf(work), hosts: [] }))],
    ["browser_click", (work) => click(deps, work)],
    ["browser_type", (work) => type(deps, work)],
    ["browser_close", (work) => close(deps, work)],
    ["browser_screenshot", (work) => screenshot(deps, work)],
    ["browser_save", (work) => save(deps, work)],
  ]);
}

async function open(deps: BrowserDeps, work: Work): Promise<RunOutcome> {
  const url = textArgument(work, "url");
  const sign = (job: Digest) => work.spent.sign(job);
  const task = { ...taskOf(work), url, download: flag(work, "download"), sign };
  return tell(deps, work, await deps.browsers.open(task));
}

async function click(deps: BrowserDeps, work: Work): Promise<RunOutcome> {
  const task = { ...elementOf(work), download: flag(work, "download") };
  return tell(deps, work, await deps.browsers.click(task));
}

async function type(deps: BrowserDeps, work: Work): Promise<RunOutcome> {
  const words = { text: textArgument(work, "text"), enter: flag(work, "enter") };
  return tell(deps, work, await deps.browsers.type({ ...elementOf(work), ...words }));
}

async function close({ browsers }: BrowserDeps, { proposal }: Work): Promise<RunOutcome> {
  const text = (await browsers.close(proposal.origin.session)) ? "the browser is closed" : "no browser was open";
  return { ok: true, text, summary: text };
}

async function screenshot(deps: BrowserDeps, work: Work): Promise<RunOutcome> {
  return keep(deps, work, await deps.browsers.screenshot({ ...taskOf(work), hosts: [] }));
}

async function save(deps: BrowserDeps, work: Work): Promise<RunOutcome> {
  const { resolved } = pathOf(work);
  const inbox = deps.inboxOf(work.proposal.origin.agent);
  const name = textArgument(work, "download");
  const download = await deps.browsers.downloaded({ ...taskOf(work), hosts: [], name });
  if (inbox === "" || !resolved.startsWith(`${inbox}/`)) {
    throw new Fault("DENIED", {
      message: "downloads are saved in the inbox only",
      hint: `save it as \`inbox/${download.fileName}\``,
    });
  }
  return keep(deps, work, download);
}

function taskOf(work: Work): BrowserTask {
  const { id, origin } = work.proposal;
  const { influence } = work.judged.facts;
  return { call: id, session: origin.session, hosts: limitsOf(work).hosts, signal: work.signal, influence };
}

/** A page that sends is also read from: after a form comes the page that it leads to. */
function elementOf(work: Work): ElementTask {
  const [host] = work.judged.facts.hosts;
  if (host === undefined) throw unjudged("host");
  const hosts = limitsOf(work).hosts.map(
    (limit): HostLimit => ({ ...limit, methods: [...limit.methods, "GET", "HEAD"] }),
  );
  return {
    ...taskOf(work),
    hosts,
    ref: textArgument(work, "ref"),
    element: textArgument(work, "element"),
    host: host.host,
    port: host.port,
  };
}

function flag(work: Work, name: string): boolean {
  return work.proposal.arguments[name] === true;
}

function tell({ show }: BrowserDeps, work: Work, page: PageSeen): RunOutcome {
  const { url, title, host, text, cut, notes, holds } = page;
  show(work, holds);
  const shown = host === "" ? [] : [`page: ${url}`, `title: ${title}`, `host: ${host}`, "", text];
  const noted = notes.length === 0 ? [] : ["", ...notes.map((note) => `[${note}]`)];
  return {
    ok: host !== "",
    text: [...shown, ...(cut ? ["[the page is longer; the rest was left out]"] : []), ...noted].join("\n"),
    summary: host === "" ? "no page" : `at ${host}, ${text.length} characters`,
    label: fromPage(holds),
    data: { characters: text.length, notes: notes.length },
  };
}

/** Written by strangers, and made of what was put in. */
function fromPage(holds: Label): Label {
  const page: Label = {
    trust: "none",
    confidentiality: "public",
    audience: { kind: "anyone" },
    sources: [{ kind: "web", id: "the browser", trust: "none" }],
  };
  return join(page, holds);
}

async function keep(deps: BrowserDeps, work: Work, { bytes, holds }: PageBytes): Promise<RunOutcome> {
  deps.show(work, holds);
  const fact = pathOf(work);
  const { resolved: path } = fact;
  const job = deps.files.job(
    {
      op: "write",
      path,
      content: Buffer.from(bytes).toString("base64"),
      encoding: "base64",
      mode: "replace",
      ...(fact.kind === "absent" ? { expect: "absent" } : fact.digest === undefined ? {} : { expect: fact.digest }),
    },
    limitsOf(work),
  );
  const token = work.spent.sign(digestOf(job));
  const answer = deps.files.answer(await deps.executor.run(job, token, { signal: work.signal }));
  const access = { path, access: "write", bytes: answer.ok ? bytes.length : 0 } as const;
  if (!answer.ok) {
    const { message, hint, code } = answer;
    return { ok: false, text: `${message} (hint: ${hint})`, summary: code, data: { code, ...access } };
  }
  const label = fromPage(holds);
  if (answer.digest !== undefined) await deps.wrote(path, answer.digest, join(work.judged.facts.influence, label));
  const data = { ...access, ...(answer.digest === undefined ? {} : { digest: answer.digest }) };
  return {
    ok: true,
    text: `saved ${path} (${bytes.length} bytes)`,
    summary: `saved, ${bytes.length} bytes`,
    label,
    data,
  };
}

function pathOf(work: Work): PathFact {
  const fact = work.judged.facts.paths.find(({ pointer }) => pointer === "/path");
  if (fact === undefined) throw unjudged("path");
  return fact;
}

function unjudged(what: string): Fault {
  return new Fault("PERMIT_REFUSED", {
    message: `no ${what} of this call was judged`,
    hint: "this is a defect; please report it",
  });
}
