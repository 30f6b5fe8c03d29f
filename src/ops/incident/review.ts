/**
 * The review of an incident as a document: what a person would have to write
 * anyway, filled in with what is known, and questions where nothing is.
 *
 * Text of strangers stands in code spans, on one line, and is no Markdown. What
 * does not fit is chosen like what the bundle keeps, and counted.
 *
 * @module
 */
import type { Case } from "./case.ts";
import { type Counts, keptWords } from "./counts.ts";
import { KIN } from "./facts.ts";
import { someOf } from "./fair.ts";
import type { Reach, Touched } from "./reach.ts";
import type { ToRotate } from "./rotate.ts";
import type { More } from "./tally.ts";
import { plain, type Row, writeRow } from "./timeline.ts";

export type ReviewParts = {
  readonly one: Case;
  /** Those of the timeline that stand in it. */
  readonly rows: readonly Row[];
  readonly counts: Counts;
  readonly reach: Reach;
  readonly rotate: readonly ToRotate[];
};

/** Lines of one list in the document. */
const LINES = 200;

export function writeReview(parts: ReviewParts): string {
  const { one, reach, rotate } = parts;
  return `${[
    ...headOf(one),
    "## What led to it",
    "",
    "Texts that stood in the requests of its calls, least trusted first.",
    "",
    listed(reach.influences, {
      line: (text) => `trust ${text.trust}: ${text.kind} ${code(text.id)}, in ${text.times} calls`,
      kin: ({ trust, id }) => `${trust} ${KIN.place(id)}`,
      more: reach.more.influences,
    }),
    ...touchedOf(reach),
    "## To give out anew",
    "",
    bullets(
      rotate.map((item) => `${item.state === "ended" ? "[x]" : "[ ]"} ${code(item.name)}: ${item.why}; ${item.how}`),
    ),
    ...doneOf(one),
    ...timelineOf(parts),
    "## Lessons",
    "",
    "- What showed it, and after how long?",
    "- What would have stopped it earlier?",
    "- What is changed now, by whom, until when?",
    "- Who has to be told (persons concerned, authorities), until when?",
  ].join("\n")}\n`;
}

function headOf(one: Case): readonly string[] {
  return [
    `# Incident ${one.id}`,
    "",
    table([
      ["state", one.state],
      ["opened", `${time(one.openedMs)} by ${code(one.by)}`],
      ["reason", code(one.reason)],
      ["about", one.session === null ? "everything" : `session ${code(one.session)}`],
      ["closed", one.closed === null ? "not yet" : `${time(one.closed.atMs)} by ${code(one.closed.by)}`],
      ["bundle", one.bundle === null ? "none yet" : `manifest ${code(one.bundle)}`],
    ]),
    "## Cause",
    "",
    one.cause === null ? "_Not recorded yet: nothing goes on before it is._" : code(one.cause.note, 4_000),
    "",
  ];
}

function touchedOf(reach: Reach): readonly string[] {
  const { more, unknown } = reach;
  const place = ({ what }: Touched): string => KIN.place(what);
  const of = (name: string, list: readonly Touched[], left: More | undefined, kin = place): readonly string[] =>
    list.length === 0 ? [] : [`${name}:`, "", listed(list, { line: touched, kin, more: left })];
  const hosts = listed(reach.hosts, {
    line: (host) =>
      `${touched(host)}, ${host.bytesOut} bytes out, ${host.bytesIn} in${withCredentials(host.credentials)}`,
    kin: ({ what }) => KIN.host(what),
    more: more.hosts,
  });
  const unsure = unknown.slice(-LINES).map((id) => code(id));
  return [
    "## Who was reached",
    "",
    ...of("Recipients", reach.recipients, more.recipients, ({ what }) => KIN.person(what)),
    ...of("Secrets that were put into requests", reach.secrets, more.secrets, ({ what }) => what),
    ...of("Models elsewhere", reach.providers, more.providers),
    "Hosts:",
    "",
    hosts,
    "## What was touched",
    "",
    ...of("What stays", reach.lasting, more.lasting, ({ how }) => how),
    ...of("Files that look like secrets", reach.secretPlaces, more.secretPlaces),
    ...of("Calls that did more than a record has room for", reach.unsaid, more.unsaid),
    ...of("Commands", reach.commands, more.commands, ({ what }) => KIN.command(what)),
    "Files:",
    "",
    listed(reach.files, { line: touched, kin: place, more: more.files }),
    ...(unsure.length === 0
      ? []
      : [
          `It is not known whether these calls had their effect: ${unsure.join(", ")}.`,
          "",
          bullets([], furtherOf(unknown.length - unsure.length, more.unknown)),
        ]),
    "## What was refused",
    "",
    listed(reach.refused, { line: touched, kin: place, more: more.refused }),
  ];
}

function withCredentials(names: readonly string[]): string {
  return names.length === 0 ? "" : `, with ${code(names.join(", "))}`;
}

function doneOf({ checklist, services }: Case): readonly string[] {
  const items = checklist.map(({ done, skipped, says }) => {
    const mark = done !== null ? "[x]" : skipped !== null ? "[-]" : "[ ]";
    return `${mark} ${says}${saidOf(done ?? skipped)}`;
  });
  const back = services.map(({ name, restored }) =>
    restored === null
      ? `${name}: not yet`
      : `${name}: ${time(restored.atMs)} by ${code(restored.by)}${saidOf(restored)}`,
  );
  return ["## Checklist", "", bullets(items), ...(back.length === 0 ? [] : ["## Brought back", "", bullets(back)])];
}

function timelineOf({ rows, counts }: ReviewParts): readonly string[] {
  const isCut = rows.length < counts.kept + counts.leftOut;
  const before = (i: number): number => (rows[i]?.index ?? 0) - (rows[i - 1]?.index ?? rows[i]?.index ?? 0) - 1;
  return [
    "## Timeline",
    "",
    `In the bundle: ${keptWords(counts)}.${isCut ? ` Here are ${rows.length}, chosen by what they are.` : ""}`,
    "",
    "```text",
    // A fence in a row would end the block.
    ...rows.flatMap((row, i) => [...(isCut && before(i) > 0 ? ["…"] : []), writeRow(row).replaceAll("```", "'''")]),
    "```",
    "",
  ];
}

function touched({ what, how, times, first, last, outcome }: Touched): string {
  const records = first === last ? `record ${first}` : `${times} times, records ${first} to ${last}`;
  return `${code(what)} (${plain(how, 160).replaceAll("`", "'")}): ${plain(outcome, 40)}, ${records}`;
}

type Listing<T> = {
  readonly line: (one: T) => string;
  readonly kin: (one: T) => string;
  readonly more: More | undefined;
};

/** Some of a list, oldest first, so that no flood hides another thing here either. */
function listed<T>(list: readonly T[], { line, kin, more }: Listing<T>): string {
  const some = someOf(list, LINES, kin);
  return bullets(some.map(line), furtherOf(list.length - some.length, more));
}

function furtherOf(inBundle: number, more: More | undefined): readonly string[] {
  return [
    ...(inBundle > 0 ? [`… and ${inBundle} more in \`reach.json\``] : []),
    ...(more === undefined
      ? []
      : [
          `… and up to ${more.things} more that are in no list: ${more.times} times, in records ${more.first} to ${more.last} (\`vambrace incident timeline ID --before ${more.last + 1}\`)`,
        ]),
  ];
}

function bullets(lines: readonly string[], further: readonly string[] = []): string {
  const all = [...lines, ...further];
  return all.length === 0 ? "- nothing\n" : `${all.map((line) => `- ${line}`).join("\n")}\n`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  return `| | |\n|---|---|\n${rows.map(([name, value]) => `| ${name} | ${value.replaceAll("|", "\\|")} |`).join("\n")}\n`;
}

function code(text: string, most = 300): string {
  return `\`${plain(text, most).replaceAll("`", "'")}\``;
}

function saidOf(said: { readonly by: string; readonly note: string } | null): string {
  if (said === null) return "";
  return ` (${code(said.by)}${said.note === "" ? "" : `: ${code(said.note)}`})`;
}

function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
