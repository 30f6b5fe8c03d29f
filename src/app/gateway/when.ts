/**
 * When a schedule is due: an instant, `in 20 minutes`, or a cron expression of
 * five fields in the machine's time zone.
 *
 * @module
 */
import { Cron } from "croner";
import { Fault } from "../../core/fault.ts";

/** A schedule that would run oftener than this is refused. */
export const SHORTEST_PERIOD_MS = 60_000;

export type When = {
  /** How it is stored: an ISO instant, or the cron expression. */
  readonly stored: string;
  readonly nextMs: number;
  readonly says: string;
};

const UNITS = { second: 1000, minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;
const RELATIVE = /^in (?:about )?(\d{1,5}|an?|one) (second|minute|hour|day|week)s?$/i;
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** @throws Fault SCHEDULE_MALFORMED for what cannot be read, lies in the past, or comes too often. */
export function parseWhen(text: string, nowMs: number): When {
  const written = text.trim();
  const relative = RELATIVE.exec(written);
  if (relative !== null) {
    const [, count = "1", unit = "minute"] = relative;
    const times = /^\d+$/.test(count) ? Number(count) : 1;
    return once(nowMs + times * unitMs(unit), nowMs);
  }
  if (INSTANT.test(written)) return once(Date.parse(written), nowMs);
  return repeated(written, nowMs);
}

/** The next time after `afterMs`; null where there is none, as for an instant. */
export function nextTime(stored: string, afterMs: number): number | null {
  if (INSTANT.test(stored)) return null;
  return new Cron(stored, { mode: "5-part" }).nextRun(new Date(afterMs))?.getTime() ?? null;
}

function unitMs(unit: string): number {
  return Object.entries(UNITS).find(([name]) => name === unit.toLowerCase())?.[1] ?? UNITS.minute;
}

function once(atMs: number, nowMs: number): When {
  if (!(atMs > nowMs) || atMs > nowMs + 10 * 366 * UNITS.day)
    throw malformed("it lies in the past, or more than ten years ahead");
  const stored = new Date(atMs).toISOString();
  return { stored, nextMs: atMs, says: `once, at ${stored}` };
}

function repeated(expression: string, nowMs: number): When {
  let cron: Cron;
  try {
    cron = new Cron(expression, { mode: "5-part" });
  } catch (cause) {
    throw malformed("it is no time that is understood", cause);
  }
  const [first, second] = cron.nextRuns(2, new Date(nowMs));
  if (first === undefined) throw malformed("it never comes");
  if (second !== undefined && second.getTime() - first.getTime() < SHORTEST_PERIOD_MS)
    throw malformed("it comes oftener than once a minute");
  return { stored: expression, nextMs: first.getTime(), says: `\`${expression}\`, next at ${first.toISOString()}` };
}

function malformed(why: string, cause?: unknown): Fault {
  return new Fault("SCHEDULE_MALFORMED", {
    message: `the time of a schedule cannot be used: ${why}`,
    hint: "write `in 20 minutes`, an ISO 8601 time such as 2026-12-01T09:00:00Z, or five cron fields such as `0 9 * * 1-5`",
    cause,
  });
}
