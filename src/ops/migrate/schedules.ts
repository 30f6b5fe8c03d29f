/** OpenClaw's jobs as our schedules. @module */
import { isObject, type JsonValue } from "../../core/json.ts";
import type { Left, MigratedSchedule } from "../../core/migration.ts";
import type { OpenClawJob } from "../../core/openclaw.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const MOST_CHARS = 8_000;

export function moveSchedules(jobs: readonly OpenClawJob[]): {
  readonly schedules: readonly MigratedSchedule[];
  readonly left: readonly Left[];
} {
  const schedules: MigratedSchedule[] = [];
  const left: Left[] = [];
  for (const job of jobs) {
    const moved = moveJob(job);
    if ("why" in moved) left.push({ what: `schedule ${job.name.slice(0, 80)}`, why: moved.why });
    else schedules.push(moved);
  }
  return { schedules, left };
}

function moveJob(job: OpenClawJob): MigratedSchedule | { readonly why: string } {
  if (job.declaredBy !== null) return { why: `OpenClaw made it for itself (${job.declaredBy})` };
  if (!job.enabled) return { why: "it was off" };
  if (job.payload !== "agentTurn" || job.message === null)
    return { why: `it is no message to the agent (${job.payload})` };
  if (job.message.length > MOST_CHARS) return { why: `its text is longer than ${MOST_CHARS} characters` };
  const when = whenOf(job.schedule);
  if (when === null) return { why: "when it runs cannot be said as a cron expression" };
  return { agent: job.agent ?? "main", name: job.name, when, text: job.message };
}

/** Only intervals that a cron expression says exactly. */
function whenOf(schedule: JsonValue): string | null {
  if (!isObject(schedule)) return null;
  if (schedule["kind"] === "cron") return typeof schedule["expr"] === "string" ? schedule["expr"] : null;
  if (schedule["kind"] === "at") return instantOf(schedule["at"] ?? schedule["atMs"] ?? null);
  if (schedule["kind"] === "every" && typeof schedule["everyMs"] === "number") return everyOf(schedule["everyMs"]);
  return null;
}

function instantOf(at: JsonValue): string | null {
  if (typeof at !== "string" && typeof at !== "number") return null;
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function everyOf(ms: number): string | null {
  if (ms % MINUTE_MS !== 0) return null;
  const minutes = ms / MINUTE_MS;
  if (minutes >= 1 && minutes < 60 && 60 % minutes === 0) return `*/${minutes} * * * *`;
  const hours = ms / HOUR_MS;
  if (Number.isInteger(hours) && hours >= 1 && hours < 24 && 24 % hours === 0) return `0 */${hours} * * *`;
  if (ms === DAY_MS) return "0 0 * * *";
  return ms === 7 * DAY_MS ? "0 0 * * 0" : null;
}
