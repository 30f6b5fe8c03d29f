/**
 * Conditions, as the guides write them, and nothing else:
 *
 *     failed_auth > 5 in 5m
 *     failed_auth > 5 in 5m by address
 *     file_access not in /srv/shared, /home/ana/work
 *
 * A rule that is misread is worse than none: every word has to be one that is
 * known, and the fault names the nearest.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { didYouMean } from "../../core/nearest.ts";
import { MEASURE_NAMES } from "./measures.ts";

export const GROUPS = ["person", "address", "session", "tool", "target"] as const;
export type Group = (typeof GROUPS)[number];

export type Condition =
  | {
      readonly kind: "more";
      readonly measure: string;
      readonly than: number;
      readonly withinMs: number;
      /** Null: all together. */
      readonly by: Group | null;
    }
  | { readonly kind: "outside"; readonly measure: "file_access"; readonly folders: readonly string[] };

const MORE = /^(\S+)\s*(\S+)\s+(\S+)\s+in\s+(\S+)(?:\s+by\s+(\S+))?$/;
const OUTSIDE = /^(\S+)\s+not\s+in\s+(.+)$/;
const NUMBER = /^\d{1,12}(?:\.\d{1,4})?$/;
const SPAN = /^(\d{1,6})([smhd])$/;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** What is read back from the ledger at a start is bounded by it. */
export const LONGEST_MS = 7 * 86_400_000;

/** @throws Fault ALERT_MALFORMED */
export function parseCondition(text: string): Condition {
  const line = text.trim().replaceAll(/\s+/g, " ");
  const outside = OUTSIDE.exec(line);
  if (outside !== null) return parseOutside(outside[1] ?? "", outside[2] ?? "");
  // `failed_auth>5 in 5m` is as clear as with the spaces.
  const spaced = line.replace(/^(\w+)\s*(>=?|<=?|==?)\s*/, "$1 $2 ");
  const [, measure, operator, than, span, by] = MORE.exec(spaced) ?? [];
  if (measure === undefined || operator === undefined || than === undefined || span === undefined) throw unread(text);
  if (operator !== ">") {
    throw malformed(`\`${operator.slice(0, 10)}\` is not a comparison that rules know`, "write `>`: more than so many");
  }
  if (!NUMBER.test(than)) throw malformed(`\`${than.slice(0, 20)}\` is not a number`, "write a number from 0 up");
  return {
    kind: "more",
    measure: measureOf(measure),
    than: Number(than),
    withinMs: parseSpan(span),
    by: by === undefined ? null : groupOf(by),
  };
}

function parseOutside(measure: string, list: string): Condition {
  if (measureOf(measure) !== "file_access") {
    throw malformed(`\`not in\` says nothing of \`${measure.slice(0, 40)}\``, "write `file_access not in FOLDER`");
  }
  const folders = list.split(",").map((folder) => folder.trim());
  const bad = folders.find((folder) => !/^\/[^\0]*$/.test(folder) || folder.split("/").includes(".."));
  if (bad !== undefined) {
    throw malformed(
      `\`${bad.slice(0, 80)}\` is not a folder from the root`,
      "write `/srv/shared`, several with commas",
    );
  }
  return {
    kind: "outside",
    measure: "file_access",
    folders: folders.map((folder) => folder.replace(/(?<=.)\/+$/, "")),
  };
}

/** `5m`, `1h`. @throws Fault ALERT_MALFORMED */
export function parseSpan(text: string): number {
  const [, digits, unit] = SPAN.exec(text) ?? [];
  const unitMs = Object.entries(UNIT_MS).find(([name]) => name === unit)?.[1];
  const ms = Number(digits) * (unitMs ?? Number.NaN);
  if (ms >= 1_000 && ms <= LONGEST_MS) return ms;
  throw malformed(`\`${text.slice(0, 20)}\` is not a time`, "write `30s`, `5m`, `1h` or `1d`, at most `7d`");
}

/** The same spelling that it was parsed from, near enough for a person. */
export function writeCondition(condition: Condition): string {
  if (condition.kind === "outside") return `${condition.measure} not in ${condition.folders.join(", ")}`;
  const { measure, than, withinMs, by } = condition;
  return `${measure} > ${than} in ${writeSpan(withinMs)}${by === null ? "" : ` by ${by}`}`;
}

export function writeSpan(ms: number): string {
  for (const unit of ["d", "h", "m"] as const) if (ms % UNIT_MS[unit] === 0) return `${ms / UNIT_MS[unit]}${unit}`;
  return `${Math.round(ms / 1_000)}s`;
}

function measureOf(name: string): string {
  if (MEASURE_NAMES.includes(name)) return name;
  throw malformed(`there is no measure \`${name.slice(0, 40)}\``, didYouMean(name, MEASURE_NAMES));
}

function groupOf(word: string): Group {
  const group = GROUPS.find((known) => known === word);
  if (group !== undefined) return group;
  throw malformed(`nothing is grouped by \`${word.slice(0, 40)}\``, didYouMean(word, GROUPS));
}

function unread(text: string): Fault {
  return malformed(
    `not a condition: \`${text.slice(0, 80)}\``,
    "write `MEASURE > NUMBER in TIME`, with `by person`, `by address` or `by session` behind it where wanted",
  );
}

function malformed(message: string, hint: string): Fault {
  return new Fault("ALERT_MALFORMED", { message, hint });
}
