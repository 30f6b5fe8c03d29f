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
    paint(io, ["yellow", "bold"], `? May it ${SAYS.get(question.effect) ?? question.effect}? (${question.tool})`),
    ...rows,
    field(io, "folder", question.cwd),
    field(io, "why", question.says),
    ...originsOf(question).map((line, i) => field(io, i === 0 ? "from" : "", line)),
    field(io, "rules", question.because.join(", ")),
  ].join("\n");
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
        : `${WROTE.get(from.kind) ?? from.kind} ${oneLine(from.id, 80)} (trust: ${from.trust})${designated || from.kind === "person" ? "" : ", not named by a person"}`;
    byPlace.set(place, (byPlace.get(place) ?? new Set()).add(argument));
  }
  return [...byPlace].map(([place, names]) => `${[...names].join(", ")}: ${place}`);
}

const WROTE: ReadonlyMap<string, string> = new Map([
  ["person", "written by"],
  ["file", "out of the file"],
  ["web", "out of the page"],
]);
