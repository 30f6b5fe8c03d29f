/**
 * The file effectors: each one operation of the helper inside a sandbox that
 * mounts only what the permit names. What was judged is what is used: the
 * digest that the judge saw goes along, and a file that is another by now is
 * refused.
 *
 * @module
 */
import { plural } from "../../core/plural.ts";
import { Fault } from "../../core/fault.ts";
import type { Found } from "../../core/held.ts";
import { type Digest, digestOf, type JsonObject } from "../../core/json.ts";
import { type Label, NEUTRAL_LABEL } from "../../core/label.ts";
import type { Executor } from "../../core/ports/executor.ts";
import type { FileAnswer, FileDone, FileJobs, FileRequest } from "../../core/ports/files.ts";
import type { PathFact } from "../../core/call.ts";
import type { RunOutcome } from "../../core/run.ts";
import type { ShowTo } from "./audience.ts";
import { type Effector, limitsOf, textArgument, type Work } from "./run.ts";

export type FileDeps = {
  readonly executor: Executor;
  readonly files: FileJobs;
  /** The label of a file as its last recorded writer left it, else that of its folder. */
  readonly labelOf: (path: string, digest: Digest) => Promise<Label>;
  /** The label that names below a folder have, as the operator said. */
  readonly labelOfFolder: (path: string) => Promise<Label>;
  /** The label of what was found in these files, whichever content they had. */
  readonly labelOfFound: (folder: string, paths: readonly string[]) => Promise<Label>;
  /** Whoever asks may know what has this label, or it is not shown. @throws Fault AUDIENCE_REFUSED */
  readonly show: ShowTo;
  /** Notes who wrote a file. Durable when it resolves. */
  readonly wrote: (path: string, digest: Digest, label: Label) => Promise<void>;
};

/** Characters of a listing or a search that are shown; a model asks for a narrower one otherwise. */
const SHOWN = 60_000;

export function fileEffectors(deps: FileDeps): ReadonlyMap<string, Effector> {
  return new Map<string, Effector>([
    ["read", (work) => readFile(deps, work)],
    ["write", (work) => change(deps, work, writeRequest(work))],
    ["edit", (work) => change(deps, work, editRequest(work))],
    ["list", (work) => listFolder(deps, work)],
    ["search", (work) => searchFiles(deps, work)],
  ]);
}

async function readFile(deps: FileDeps, work: Work): Promise<RunOutcome> {
  const fact = pathOf(work);
  const path = fact.resolved;
  const request = {
    op: "read",
    path,
    ...numberOf(work, "offset"),
    ...numberOf(work, "limit"),
    ...sharedOf(fact),
  } as const;
  const answer = await ask(deps, work, request);
  if (!answer.ok) return refused(request, answer);
  const { digest, bytes = 0 } = answer;
  const label = digest === undefined ? await deps.labelOfFolder(path) : await deps.labelOf(path, digest);
  deps.show(work, label);
  return {
    ok: true,
    text: shownFile(answer),
    summary: `read ${plural(bytes, "byte")}`,
    label,
    data: seen(request, answer, bytes),
  };
}

function shownFile({ binary, bytes = 0, content = "", cut, lines = 0, from = 0, to = 0 }: FileDone): string {
  if (binary === true) return `[a binary file of ${bytes} bytes: its content is not shown]`;
  const isCut = cut === true || to < lines;
  return isCut ? `${content}\n[lines ${from} to ${to} of ${lines}; ask for more with offset]` : content;
}

/** The beginning of a file, for a reader in quarantine; its source is the path as it was resolved. */
export async function fileContent(deps: FileDeps, work: Work): Promise<Found> {
  const fact = pathOf(work);
  const path = fact.resolved;
  const request = { op: "read", path, ...sharedOf(fact) } as const;
  const answer = await ask(deps, work, request);
  if (!answer.ok) return { kind: "failed", outcome: { ...refused(request, answer), label: NEUTRAL_LABEL } };
  const { digest, content = "", lines = 0, to = 0, binary, bytes = 0 } = answer;
  const label = digest === undefined ? await deps.labelOfFolder(path) : await deps.labelOf(path, digest);
  const text = binary === true ? "" : content;
  const isPart = answer.cut === true || to < lines;
  const access = seen(request, answer, bytes);
  return { kind: "found", content: { text, isPart, label, from: `file ${path}`, source: `file ${path}`, access } };
}

async function change(deps: FileDeps, work: Work, request: FileRequest): Promise<RunOutcome> {
  const answer = await ask(deps, work, request);
  if (!answer.ok) return refused(request, answer);
  if (answer.digest !== undefined) await deps.wrote(request.path, answer.digest, work.judged.facts.influence);
  const did = answer.created === true ? "created" : request.op === "edit" ? "edited" : "replaced";
  const times = answer.replaced === undefined ? "" : `, ${plural(answer.replaced, "place")}`;
  const bytes = answer.bytes ?? 0;
  return {
    ok: true,
    text: `${did} ${request.path} (${plural(bytes, "byte")}${times})`,
    summary: `${did}, ${plural(bytes, "byte")}${times}`,
    // What is said of it was made from the call alone.
    label: NEUTRAL_LABEL,
    data: seen(request, answer, bytes),
  };
}

async function listFolder(deps: FileDeps, work: Work): Promise<RunOutcome> {
  const { resolved: path } = pathOf(work);
  const label = await deps.labelOfFolder(path);
  deps.show(work, label);
  const request = { op: "list", path, ...numberOf(work, "depth") } as const;
  const answer = await ask(deps, work, request);
  if (!answer.ok) return refused(request, answer);
  const entries = answer.entries ?? [];
  const rows = entries.map(
    (entry) =>
      `${relative(path, entry.path)}${entry.kind === "folder" ? "/" : ""}${entry.bytes === undefined ? "" : `  ${plural(entry.bytes, "byte")}`}`,
  );
  const text = rows.length === 0 ? "(empty)" : shown(rows, answer.cut === true);
  return {
    ok: true,
    text,
    summary: plural(entries.length, "entry", "entries"),
    label,
    data: seen(request, answer, Buffer.byteLength(text)),
  };
}

async function searchFiles(deps: FileDeps, work: Work): Promise<RunOutcome> {
  const fact = pathOf(work);
  const path = fact.resolved;
  const glob = textArgument(work, "glob");
  const pattern = textArgument(work, "pattern");
  const request = { op: "search", path, pattern, ...(glob === "" ? {} : { glob }), ...sharedOf(fact) } as const;
  const answer = await ask(deps, work, request);
  if (!answer.ok) return refused(request, answer);
  const matches = answer.matches ?? [];
  const label = await deps.labelOfFound(
    path,
    matches.map((match) => match.path),
  );
  deps.show(work, label);
  const rows = matches.map((match) => `${relative(path, match.path)}:${match.line}: ${match.text}`);
  const text = rows.length === 0 ? "nothing found" : shown(rows, answer.cut === true);
  return {
    ok: true,
    text,
    summary: plural(matches.length, "match", "matches"),
    label,
    data: seen(request, answer, Buffer.byteLength(text)),
  };
}

async function ask(deps: FileDeps, work: Work, request: FileRequest): Promise<FileAnswer> {
  const job = deps.files.job(request, limitsOf(work));
  const token = work.spent.sign(digestOf(job));
  return deps.files.answer(await deps.executor.run(job, token, { signal: work.signal }));
}

function writeRequest(work: Work): FileRequest {
  const fact = pathOf(work);
  return {
    op: "write",
    path: fact.resolved,
    content: textArgument(work, "content"),
    mode: "replace",
    ...expectation(fact),
  };
}

function editRequest(work: Work): FileRequest {
  const fact = pathOf(work);
  const all = work.proposal.arguments["all"] === true;
  return {
    op: "edit",
    path: fact.resolved,
    old: textArgument(work, "old"),
    new: textArgument(work, "new"),
    all,
    ...expectation(fact),
  };
}

/** A second name that a person said yes to; where there was none when it was judged there may be none now. */
function sharedOf({ kind, digest }: PathFact): { readonly shared?: Digest } {
  return kind === "other" && digest !== undefined ? { shared: digest } : {};
}

function expectation(fact: PathFact): { readonly expect?: Digest | "absent" } {
  if (fact.kind === "absent") return { expect: "absent" };
  return fact.digest === undefined ? {} : { expect: fact.digest };
}

/** The one path that the judge resolved for this call; a file tool without one is never let through. */
function pathOf(work: Work): PathFact {
  const fact = work.judged.facts.paths.find((path) => path.pointer === "/path");
  if (fact === undefined) {
    throw new Fault("PERMIT_REFUSED", {
      message: "no path of this call was judged",
      hint: "this is a defect; please report it",
    });
  }
  return fact;
}

function numberOf<K extends string>(work: Work, name: K): { readonly [P in K]?: number } {
  const value = work.proposal.arguments[name];
  const out: { [P in K]?: number } = {};
  if (typeof value === "number") out[name] = value;
  return out;
}

function relative(folder: string, path: string): string {
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path;
}

function shown(rows: readonly string[], cut: boolean): string {
  const text = rows.join("\n");
  const whole = text.length <= SHOWN;
  return `${whole ? text : text.slice(0, SHOWN)}${cut || !whole ? "\n[there is more: narrow it down]" : ""}`;
}

/** What the record says of every access (R-FS-4): which file, what was done, how many bytes went over; the digest where there is one. */
function seen(request: FileRequest, answer: FileDone, bytes: number): JsonObject {
  const { path, kind, digest } = answer;
  return {
    path,
    access: accessOf(request),
    bytes,
    ...(kind === undefined ? {} : { kind }),
    ...(digest === undefined ? {} : { digest }),
  };
}

function accessOf({ op }: FileRequest): "read" | "write" {
  return op === "write" || op === "edit" ? "write" : "read";
}

function refused(request: FileRequest, answer: Extract<FileAnswer, { ok: false }>): RunOutcome {
  return {
    ok: false,
    text: `${answer.message} (hint: ${answer.hint})`,
    summary: answer.code,
    data: { code: answer.code, path: request.path, access: accessOf(request), bytes: 0 },
  };
}
