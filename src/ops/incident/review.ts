/**
 * The review of an incident as a document: what a person would have to write
 * anyway, filled in with what is known, and questions where nothing is.
 *
 * Text of strangers stands in code spans, on one line, and is no Markdown.
 *
 * @module
 */
import type { Case } from "./case.ts";
import type { Reach, Touched } from "./reach.ts";
import type { ToRotate } from "./rotate.ts";
import { plain, type Row, writeRow } from "./timeline.ts";

export type ReviewParts = {
  readonly one: Case;
  readonly rows: readonly Row[];
  readonly left: number;
  readonly reach: Reach;
  readonly rotate: readonly ToRotate[];
};

/** Rows of the timeline in the document; the bundle has them all. */
const ROWS = 400;

export function writeReview(parts: ReviewParts): string {
  const { one, reach, rotate } = parts;
  return `${[
    ...headOf(one),
    "## What led to it",
    "",
    "Texts that stood in the requests of its calls, least trusted first.",
    "",
    bullets(
      reach.influences.map(
        (text) => `trust ${text.trust}: ${text.kind} ${code(text.id)}, in ${text.calls.length} calls`,
      ),
    ),
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
  const { recipients, hosts, providers, commands, files, lasting, unknown, refused } = reach;
  const unsure = `It is not known whether these calls had their effect: ${unknown.map((id) => code(id)).join(", ")}.`;
  return [
    "## Who was reached",
    "",
    bullets([
      ...recipients.map((one) => touched(one)),
      ...hosts.map(
        (host) =>
          `${touched(host)}, ${host.bytesOut} bytes out, ${host.bytesIn} in${withCredentials(host.credentials)}`,
      ),
      ...providers.map((one) => `model ${touched(one)}`),
    ]),
    "## What was touched",
    "",
    bullets([...commands, ...files, ...lasting].map((one) => touched(one))),
    ...(unknown.length === 0 ? [] : [unsure, ""]),
    "## What was refused",
    "",
    bullets(refused.map((one) => touched(one))),
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

function timelineOf({ one, rows, left }: ReviewParts): readonly string[] {
  const isCut = left > 0 || rows.length > ROWS;
  const cut = `${rows.length + left} records; the last ${Math.min(ROWS, rows.length)} are here, ${rows.length} in the bundle.`;
  const older = `The ${left} before them: \`vambrace incident timeline ${one.id} --before ${rows[0]?.index ?? 0}\`.`;
  return [
    "## Timeline",
    "",
    ...(isCut ? [cut, ...(left > 0 ? [older] : []), ""] : []),
    "```text",
    // A fence in a row would end the block.
    ...rows.slice(-ROWS).map((row) => writeRow(row).replaceAll("```", "'''")),
    "```",
    "",
  ];
}

function touched({ what, how, calls, outcome }: Touched): string {
  return `${code(what)} (${plain(how, 160).replaceAll("`", "'")}): ${plain(outcome, 40)}, ${calls.length} calls`;
}

function bullets(lines: readonly string[]): string {
  return lines.length === 0
    ? "- nothing\n"
    : `${lines
        .slice(0, 300)
        .map((line) => `- ${line}`)
        .join("\n")}\n${lines.length > 300 ? `- … and ${lines.length - 300} more in the bundle\n` : ""}`;
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
