/** Times as people say and read them: `30d`, `12h`, or an instant. @module */
import { Fault } from "../core/fault.ts";

const UNITS: ReadonlyMap<string, number> = new Map([
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 604_800_000],
]);

/** Milliseconds since 1970. @throws Fault COMMAND_USAGE */
export function agoOrTime(text: string, nowMs: number): number {
  const [, number, unit = ""] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
  const ms = UNITS.get(unit);
  if (number !== undefined && ms !== undefined) return nowMs - Number(number) * ms;
  const time = Date.parse(text);
  if (!Number.isNaN(time)) return time;
  throw new Fault("COMMAND_USAGE", {
    message: `\`${text.slice(0, 40)}\` is neither a time nor how long ago`,
    hint: "say it like `30d`, `12h` or `2026-11-20T08:00:00Z`",
  });
}

/** With its zone: whoever reads it at night compares it with a clock on the wall. */
export function utc(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
