/**
 * Habits: what is usual here, so that what is not can be told. Three of them:
 * hosts that were reached, hours at which each person writes, and how much of
 * a thing happens in an hour.
 *
 * All of it is small and bounded, and kept in the store: what is usual is not
 * forgotten by a restart, and a new installation knows that it knows nothing
 * yet. A person whose hours are not known well is never called unusual.
 *
 * @module
 */
import type { JsonObject } from "../../core/json.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";

/** Something that a habit found, for the measure of that name. */
export type Sign = { readonly measure: string; readonly group?: string; readonly detail: string };

export type Habits = {
  see(entry: LedgerEntry, atMs: number): readonly Sign[];
  /** What to keep, where something changed since this was last asked. */
  changed(): JsonObject | undefined;
};

const HOSTS = 4_000;
const PERSONS = 200;
/** Days on which somebody wrote: that are kept, and that have to be known before his hours say anything. */
const DAYS = 31;
const KNOWN_DAYS = 5;
const DAY = Array.from({ length: 24 }, (_, hour) => hour);
/** Hours that a spike is held against, and the least of them. */
const HOURS = 72;
const KNOWN_HOURS = 6;
const TIMES_MORE = 5;
/** A spike of less is nothing: units of each measure in one hour. */
const LEAST = { tool_calls: 100, tokens_used: 200_000, connections: 50 } as const;
type Counted = keyof typeof LEAST;
const HOUR_MS = 3_600_000;

/** `hours`: the last day on which each hour of the day was used; empty: never. */
type Hours = { days: string[]; readonly hours: string[] };
type Rate = { hour: number; sum: number; told: boolean; readonly past: number[] };

/** @param localHour the hour of day, 0 to 23, where the operator lives. */
export function createHabits(kept: JsonObject | undefined, localHour: (atMs: number) => number): Habits {
  const hosts = new Set(texts(kept?.["hosts"]));
  const persons = readPersons(kept?.["persons"]);
  const rates = readRates(kept?.["rates"]);
  let isChanged = false;
  const touch = (): void => void (isChanged = true);
  return {
    see: (entry, atMs) => [
      ...seeHost(hosts, entry, touch),
      ...seeHour(persons, { entry, atMs, hour: localHour(atMs) }, touch),
      ...(entry.what === "call.decided" ? seeRate(rates, { measure: "tool_calls", amount: 1, atMs }, touch) : []),
      ...(entry.what === "model.answered"
        ? seeRate(rates, { measure: "tokens_used", amount: tokens(entry), atMs }, touch)
        : []),
      ...(isConnection(entry) ? seeRate(rates, { measure: "connections", amount: 1, atMs }, touch) : []),
    ],
    changed() {
      if (!isChanged) return undefined;
      isChanged = false;
      return {
        hosts: [...hosts],
        persons: Object.fromEntries([...persons].map(([who, { days, hours }]) => [who, { days, hours }])),
        rates: Object.fromEntries([...rates].map(([name, { hour, sum, past }]) => [name, { hour, sum, past }])),
      };
    },
  };
}

function isConnection({ kind, result }: LedgerEntry): boolean {
  return kind === "connection" && result === "ok";
}

function seeHost(hosts: Set<string>, entry: LedgerEntry, touch: () => void): readonly Sign[] {
  if (!isConnection(entry) || hosts.has(entry.target)) return [];
  const [oldest] = hosts;
  if (hosts.size >= HOSTS && oldest !== undefined) hosts.delete(oldest);
  hosts.add(entry.target);
  touch();
  return [{ measure: "new_destinations", group: entry.target, detail: `first connection to ${entry.target}` }];
}

type AtHour = { readonly entry: LedgerEntry; readonly atMs: number; readonly hour: number };

function seeHour(persons: Map<string, Hours>, { entry, atMs, hour }: AtHour, touch: () => void): readonly Sign[] {
  if (entry.what !== "message.received" || entry.target === "api") return [];
  const day = new Date(atMs).toISOString().slice(0, 10);
  const known = persons.get(entry.who) ?? { days: [], hours: DAY.map(() => "") };
  if (!persons.has(entry.who) && persons.size >= PERSONS) return [];
  persons.set(entry.who, known);
  const before = known.days.filter((one) => one !== day);
  // An hour beside one that is usual is usual; what was seen today only is not usual yet.
  const isUsual = [hour, (hour + 1) % 24, (hour + 23) % 24].some((near) => before.includes(known.hours[near] ?? ""));
  if (known.hours[hour] === "" || isUsual) known.hours[hour] = day;
  known.days = [...before, day].slice(-DAYS);
  touch();
  if (before.length < KNOWN_DAYS || isUsual) return [];
  const detail = `a message at ${String(hour).padStart(2, "0")} o'clock`;
  return [{ measure: "unusual_hours", group: entry.who, detail }];
}

type More = { readonly measure: Counted; readonly amount: number; readonly atMs: number };

function seeRate(rates: Map<Counted, Rate>, { measure, amount, atMs }: More, touch: () => void): readonly Sign[] {
  const hour = Math.floor(atMs / HOUR_MS);
  const rate = rates.get(measure) ?? { hour, sum: 0, told: false, past: [] };
  rates.set(measure, rate);
  if (hour > rate.hour) {
    rate.past.push(rate.sum);
    rate.past.splice(0, Math.max(0, rate.past.length - HOURS));
    Object.assign(rate, { hour, sum: 0, told: false });
    touch();
  }
  rate.sum += amount;
  const usual = rate.past.reduce((sum, one) => sum + one, 0) / Math.max(1, rate.past.length);
  const isSpike = rate.past.length >= KNOWN_HOURS && rate.sum > LEAST[measure] && rate.sum > usual * TIMES_MORE;
  if (!isSpike || rate.told) return [];
  rate.told = true;
  const detail = `${measure}: ${Math.round(rate.sum)} in this hour, usually ${Math.round(usual)}`;
  return [{ measure: "spikes", group: measure, detail }];
}

function tokens({ data }: LedgerEntry): number {
  return number(data?.["inputTokens"]) + number(data?.["outputTokens"]);
}

function number(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.map(number) : [];
}

function members(value: unknown): [string, Record<string, unknown>][] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, one]: [string, unknown]) =>
    typeof one === "object" && one !== null ? [[name, { ...one }]] : [],
  );
}

function readPersons(value: unknown): Map<string, Hours> {
  return new Map(
    members(value)
      .slice(0, PERSONS)
      .map(([who, { days, hours }]) => {
        const known = texts(hours);
        return [who, { days: texts(days).slice(-DAYS), hours: DAY.map((hour) => known[hour] ?? "") }];
      }),
  );
}

function readRates(value: unknown): Map<Counted, Rate> {
  const rates = new Map<Counted, Rate>();
  for (const [name, { hour, sum, past }] of members(value)) {
    const measure = Object.keys(LEAST).find((known): known is Counted => known === name);
    if (measure !== undefined) {
      rates.set(measure, { hour: number(hour), sum: number(sum), told: false, past: numbers(past).slice(-HOURS) });
    }
  }
  return rates;
}
