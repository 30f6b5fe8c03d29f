/**
 * A question as a terminal draws it: the exact call, its folder, why it asks,
 * and where each argument that matters came from.
 *
 * @module
 */
import type { QuestionView } from "../wire/events.ts";
import type { Io } from "./command.ts";
import { columns, field, oneLine, paint } from "./style.ts";

/** A call on one line: of a tool with one argument, only what it is. */
export function describeCall(tool: string, args: Readonly<Record<string, unknown>>): string {
  const named = Object.entries(args);
  const shown = named.map(([name, value]) => (named.length === 1 ? plain(value) : `${name}=${plain(value)}`));
  return oneLine([tool, ...shown].join(" "), columns() - 4);
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

export function drawQuestion(io: Io, question: QuestionView): string {
  const rows = Object.entries(question.arguments).map(([name, value]) =>
    field(io, name, plain(value) === "" ? "(empty)" : plain(value)),
  );
  return [
    paint(io, ["yellow", "bold"], `? May it ${SAYS.get(question.effect) ?? question.effect}? (${placeOf(question)})`),
    ...rows,
    field(io, "folder", question.cwd),
    field(io, "why", question.says),
    ...originsOf(question).map((line, i) => field(io, i === 0 ? "from" : "", line)),
    ...quotesOf(question).map((line, i) => field(io, i === 0 ? "where" : "", line)),
    ...leavingOf(question).map((line, i) => field(io, i === 0 ? "leaves" : "", line)),
    ...foundIn(question).map((line) => field(io, "careful", paint(io, "yellow", line))),
    ...sourcesIn(question).map(({ key, source }) => field(io, `[${key}] is`, sayEndorsable(source))),
    ...(question.covers === undefined ? [] : [field(io, "[r] covers", oneLine(question.covers, 200))]),
    field(io, "rules", question.because.join(", ")),
  ].join("\n");
}

function placeOf({ tool, grouped }: QuestionView): string {
  return grouped === undefined ? tool : `${tool}; ${grouped.at} of ${grouped.of} that were asked together`;
}

/** Each value in its surroundings, in the words of whoever wrote them. */
function quotesOf({ quotes }: QuestionView): readonly string[] {
  return (quotes ?? []).map(
    ({ argument, source, text }) => `${argument}: "${oneLine(text, 160)}" (${sourceOf(source)})`,
  );
}

function leavingOf({ leaving }: QuestionView): readonly string[] {
  if (leaving === undefined || (leaving.to.length === 0 && leaving.carries.length === 0)) return [];
  const who = leaving.to.map(
    ({ name, mayKnow }) => `to ${oneLine(name, 80)}${mayKnow ? "" : ", who may not know all of it"}`,
  );
  const holds = leaving.carries.length === 0 ? [] : [`it holds: ${leaving.carries.join(", ")}`];
  return [`made from ${leaving.confidentiality} text`, ...who, ...holds];
}

/** Names of rules only: what was found is not repeated. */
function foundIn({ found }: QuestionView): readonly string[] {
  const rules = Object.keys(found ?? {});
  return rules.length === 0 ? [] : [`in what it read: ${rules.map((rule) => oneLine(rule, 40)).join(", ")}`];
}

type Source = NonNullable<QuestionView["sources"]>[number];

/** Each text that could be endorsed, with the key that endorses it. */
function sourcesIn({ sources }: QuestionView): readonly { readonly key: string; readonly source: Source }[] {
  return (sources ?? []).filter(({ as }) => as.includes("trusted")).map((source, i) => ({ key: `e${i + 1}`, source }));
}

/** Whoever endorses stands for all of it: how much of it is not shown is said. */
function sayEndorsable({ from, trust, text, characters }: Source): string {
  const shown = oneLine(text, 300);
  const rest = characters > text.length ? ` (and ${characters - text.length} characters more)` : "";
  return `${oneLine(from, 80)} (trust: ${trust}): "${shown}"${rest}`;
}

export type Choice = {
  readonly answer: "yes" | "no" | "unattended" | "endorse";
  readonly scope: "once" | "session" | "recipient" | "never";
  readonly item?: string;
};

/** `apart`: no answer yet; each question of a group is put for itself. */
export type Offer = Omit<Choice, "answer"> & {
  readonly answer: Choice["answer"] | "apart";
  readonly key: string;
  readonly says: string;
};

/** What may be typed under several questions at once. */
export function choicesForAll(count: number): readonly Offer[] {
  return [
    { key: "y", says: `yes to all ${count}, once`, answer: "yes", scope: "once" },
    { key: "o", says: "one by one", answer: "apart", scope: "once" },
    { key: "n", says: `no to all ${count}`, answer: "no", scope: "once" },
  ];
}

/** What may be typed, in the order in which it is shown. */
export function choicesFor(question: QuestionView): readonly Offer[] {
  const { covers } = question;
  const recipient: readonly Offer[] =
    covers === undefined ? [] : [{ key: "r", says: "yes, to this recipient", answer: "yes", scope: "recipient" }];
  return [
    { key: "y", says: "yes, once", answer: "yes", scope: "once" },
    ...recipient,
    { key: "s", says: "yes, for this session", answer: "yes", scope: "session" },
    ...sourcesIn(question).map(
      ({ key, source: { item } }): Offer => ({
        key,
        says: `trust what [${key}] says, as if you had written it`,
        answer: "endorse",
        scope: "once",
        item,
      }),
    ),
    { key: "x", says: "never in this session", answer: "no", scope: "never" },
    { key: "n", says: "no", answer: "no", scope: "once" },
  ];
}

const SAYS: ReadonlyMap<string, string> = new Map([
  ["exec", "run this"],
  ["write", "write this"],
  ["delete", "delete this"],
  ["read", "read this"],
  ["fetch", "fetch this"],
  ["send", "send this"],
  ["pay", "pay this"],
  ["remember", "keep this"],
  ["schedule", "do this later"],
  ["spawn", "hand this on"],
]);

/** One line for all arguments that came from the same place. */
function originsOf({ origins }: QuestionView): readonly string[] {
  const byPlace = new Map<string, Set<string>>();
  for (const { argument, sources, designated } of origins) {
    const from = sources[0];
    const place =
      from === undefined
        ? "put together by the model; nobody wrote it like this"
        : `${sourceOf(from)}${designated || from.kind === "person" ? "" : ", not named by a person"}`;
    byPlace.set(place, (byPlace.get(place) ?? new Set()).add(argument));
  }
  return [...byPlace].map(([place, names]) => `${[...names].join(", ")}: ${place}`);
}

function sourceOf({ kind, id, trust }: QuestionView["origins"][number]["sources"][number]): string {
  return `${WROTE.get(kind) ?? kind} ${oneLine(id, 80)} (trust: ${trust})`;
}

const WROTE: ReadonlyMap<string, string> = new Map([
  ["person", "written by"],
  ["file", "out of the file"],
  ["web", "out of the page"],
]);
