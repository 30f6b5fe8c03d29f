/** Times in words, in the forms that the `schedule` tool takes: ISO 8601, `in 20 minutes`, cron. @module */
import { plural } from "../../core/plural.ts";

export type When = { readonly when: string /** The sentence without the time. */; readonly rest: string };

const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];
const CLOCK = "(?:at\\s+)?(\\d{1,2})(?::(\\d{2}))?\\s*(am|pm|o'clock)?";
const ISO = /\b(\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:Z|[+-]\d{2}:\d{2})?)?)\b/;
const CRON = /(?:^|\s)((?:[\d*/,-]+\s+){4}[\d*/,-]+)(?=\s|$)/;
const IN = /\bin\s+(an?|\d{1,5})\s+(minute|hour|day|week)s?\b/i;
const EVERY_N = /\bevery\s+(\d{1,2})\s+(minute|hour)s?\b/i;
const EVERY = new RegExp(
  `\\b(?:every|each)\\s+(minute|hour|day|morning|evening|weekday|week|${DAYS.join("|")})s?(?:\\s+${CLOCK})?`,
  "i",
);
const AT = new RegExp(
  `\\b(?:(tomorrow|today|tonight)\\s+)?at\\s+(\\d{1,2})(?::(\\d{2}))?\\s*(am|pm|o'clock)?(?:\\s+(tomorrow|today|tonight))?|\\b(tomorrow)\\b`,
  "i",
);

/** @returns undefined where no time is named, or one that does not exist. */
export function whenOf(text: string, nowMs: number): When | undefined {
  for (const find of [literal, relative, everyFew, repeated, clock]) {
    const found = find(text, nowMs);
    if (found !== undefined)
      return { when: found.when, rest: text.replace(found.matched, " ").replace(/\s+/g, " ").trim() };
  }
  return undefined;
}

type Found = { readonly when: string; readonly matched: string };

function literal(text: string): Found | undefined {
  const found = ISO.exec(text) ?? CRON.exec(text);
  return found?.[1] === undefined ? undefined : { when: found[1].trim(), matched: found[0] };
}

function relative(text: string): Found | undefined {
  const found = IN.exec(text);
  if (found === null) return undefined;
  const named = (found[2] ?? "").toLowerCase();
  const count = /^an?$/i.test(found[1] ?? "") ? 1 : Number(found[1]);
  const [number, unit] = named === "week" ? [count * 7, "day"] : [count, named];
  return { when: `in ${plural(number, unit)}`, matched: found[0] };
}

function everyFew(text: string): Found | undefined {
  const found = EVERY_N.exec(text);
  if (found === null) return undefined;
  const when = /^minute$/i.test(found[2] ?? "") ? `*/${Number(found[1])} * * * *` : `0 */${Number(found[1])} * * *`;
  return { when, matched: found[0] };
}

function repeated(text: string): Found | undefined {
  const found = EVERY.exec(text);
  if (found === null) return undefined;
  const unit = (found[1] ?? "").toLowerCase();
  const time = timeOf(found[2], found[3], found[4]) ?? { hour: unit === "evening" ? 19 : 9, minute: 0 };
  const at = `${time.minute} ${time.hour}`;
  const day = DAYS.indexOf(unit);
  if (unit === "minute") return { when: "* * * * *", matched: found[0] };
  if (unit === "hour") return { when: "0 * * * *", matched: found[0] };
  if (unit === "weekday") return { when: `${at} * * 1-5`, matched: found[0] };
  if (unit === "week") return { when: `${at} * * 1`, matched: found[0] };
  return { when: day >= 0 ? `${at} * * ${day}` : `${at} * * *`, matched: found[0] };
}

function clock(text: string, nowMs: number): Found | undefined {
  const [matched, before, hours, minutes, half, after, alone] = AT.exec(text) ?? [];
  if (matched === undefined) return undefined;
  const day = (before ?? after ?? alone ?? "").toLowerCase();
  const time = hours === undefined ? { hour: 9, minute: 0 } : timeOf(hours, minutes, half);
  return time === undefined ? undefined : { when: dateOf(day, time, nowMs), matched };
}

function dateOf(day: string, time: Time, nowMs: number): string {
  const at = new Date(nowMs);
  if (day === "tomorrow") at.setDate(at.getDate() + 1);
  at.setHours(day === "tonight" && time.hour < 12 ? time.hour + 12 : time.hour, time.minute, 0, 0);
  if (day === "" && at.getTime() <= nowMs) at.setDate(at.getDate() + 1);
  return at.toISOString();
}

type Time = { readonly hour: number; readonly minute: number };

function timeOf(hours: string | undefined, minutes: string | undefined, half: string | undefined): Time | undefined {
  if (hours === undefined) return undefined;
  const base = Number(hours);
  const minute = Number(minutes ?? "0");
  const isHalf = half !== undefined && /^[ap]m$/i.test(half);
  const hour = isHalf ? (base % 12) + (/^pm$/i.test(half) ? 12 : 0) : base;
  return hour > 23 || minute > 59 ? undefined : { hour, minute };
}
