/**
 * How much each key was used, against its limits (R-KEY-3): requests and bytes
 * through the egress proxy, requests, tokens and money at model providers.
 *
 * Only the gateway writes it, so no lock is held. What was counted in the last
 * second before a crash may be lost; a limit that was reached is written at
 * once.
 *
 * @module
 */
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { KeyUse } from "../../core/ports/secrets.ts";
import type { SecretId } from "../../core/secret-ref.ts";
import { replaceFile } from "../config/durable.ts";
import { readPlainText } from "../plain-file.ts";

export const USAGE_NAME = "secrets-usage.json";

export type KeyLimit = { readonly [Name in keyof KeyUse]?: number };

/** Something that alerts want to see, told once for each key, day or hour. */
export type UseEvent =
  | { readonly what: "secret.used-up"; readonly id: SecretId; readonly measure: keyof KeyUse; readonly limit: number }
  | {
      readonly what: "secret.spike";
      readonly id: SecretId;
      readonly measure: keyof KeyUse;
      /** In this hour so far. */
      readonly now: number;
      /** In an hour of the days before, where it was used. */
      readonly usual: number;
    };

export type KeyUsage = {
  add(id: SecretId, used: Partial<KeyUse>): void;
  /** Why it may not be used any more today; null where it may. */
  spent(id: SecretId): string | null;
  watch(listener: (event: UseEvent) => void): void;
  /** Brings what was counted to the disk, where that is not done. */
  flush(): void;
};

const MEASURES = ["requests", "bytes", "tokens", "money"] as const;
/** Below this, five times nothing is still nothing. */
const LEAST: KeyUse = { requests: 20, bytes: 1_000_000, tokens: 50_000, money: 1 };
/** Of hours in which a key was used: fewer say nothing of what is usual. */
const FEWEST_HOURS = 3;
const MOST_HOURS = 24 * 7;
const HOUR_MS = 3_600_000;
const FLUSH_MS = 1_000;

const use = z.strictObject({ requests: z.number(), bytes: z.number(), tokens: z.number(), money: z.number() });
const ROW = z.strictObject({
  lastMs: z.number(),
  day: z.string(),
  today: use,
  hours: z.array(z.strictObject({ hour: z.number(), used: use })),
});
type Row = z.infer<typeof ROW>;
const FILE = z.strictObject({ format: z.literal("vambrace use 1"), rows: z.record(z.string(), ROW) });

export type UseRow = { readonly lastMs: number; readonly day: string; readonly today: KeyUse };

/** What was counted until now, for whoever lists secrets. @throws Fault STATE_CORRUPT */
export function readUsage(home: string): ReadonlyMap<string, UseRow> {
  return rowsOf(join(home, USAGE_NAME));
}

function rowsOf(path: string): Map<string, Row> {
  let text: string;
  try {
    text = readPlainText(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return new Map();
    throw error;
  }
  try {
    return new Map(Object.entries(FILE.parse(JSON.parse(text)).rows));
  } catch (cause) {
    throw new Fault("STATE_CORRUPT", {
      message: `\`${path}\` cannot be read: it says how much each key was used today`,
      hint: "put it back from a backup, or remove it: then today counts from nothing",
      cause,
    });
  }
}

export function openUsage(parts: {
  readonly home: string;
  readonly clock: Clock;
  readonly limits: ReadonlyMap<string, KeyLimit>;
  /** How many times the usual is a spike. */
  readonly factor: number;
}): KeyUsage {
  const { home, clock, limits, factor } = parts;
  const rows = rowsOf(join(home, USAGE_NAME));
  const listeners: ((event: UseEvent) => void)[] = [];
  const told = new Set<string>();
  let writtenMs = -FLUSH_MS;
  let isDirty = false;
  const write = (): void => {
    replaceFile(join(home, USAGE_NAME), JSON.stringify({ format: "vambrace use 1", rows: Object.fromEntries(rows) }));
    isDirty = false;
    writtenMs = clock.monotonicMs();
  };
  const tell = (key: string, event: UseEvent): void => {
    if (told.has(key)) return;
    told.add(key);
    for (const listener of listeners) listener(event);
  };
  const overOf = (id: SecretId): readonly [keyof KeyUse, number] | null => {
    const row = rows.get(id);
    if (row === undefined || row.day !== dayOf(clock)) return null;
    const limit = limits.get(id) ?? {};
    for (const measure of MEASURES) {
      const most = limit[measure];
      if (most !== undefined && row.today[measure] >= most) return [measure, most];
    }
    return null;
  };
  return {
    add(id, used) {
      const row = added(rows.get(id), used, clock);
      rows.set(id, row);
      isDirty = true;
      for (const event of spikes(id, row, factor)) tell(`${id} ${event.measure} ${row.hours.at(-1)?.hour ?? 0}`, event);
      const over = overOf(id);
      if (over !== null) {
        const [measure, limit] = over;
        if (!told.has(`${id} ${measure} ${row.day}`)) write();
        tell(`${id} ${measure} ${row.day}`, { what: "secret.used-up", id, measure, limit });
      }
      if (clock.monotonicMs() - writtenMs >= FLUSH_MS) write();
    },
    spent(id) {
      const over = overOf(id);
      return over === null ? null : `its limit of ${over[1]} ${over[0]} a day is reached`;
    },
    watch: (listener) => void listeners.push(listener),
    flush: () => (isDirty ? write() : undefined),
  };
}

const NOTHING: KeyUse = { requests: 0, bytes: 0, tokens: 0, money: 0 };

/** Days and hours are UTC's. A clock that goes back finds what was used then. */
function added(row: Row | undefined, used: Partial<KeyUse>, clock: Clock): Row {
  const nowMs = clock.wallMs();
  const day = dayOf(clock);
  const hour = Math.floor(nowMs / HOUR_MS);
  const today = row === undefined || row.day < day ? NOTHING : row.today;
  const hours = row?.hours ?? [];
  const last = hours.at(-1);
  const isSame = last !== undefined && last.hour >= hour;
  const newest = { hour: isSame ? last.hour : hour, used: sum(isSame ? last.used : NOTHING, used) };
  return {
    lastMs: nowMs,
    day: row !== undefined && row.day > day ? row.day : day,
    today: sum(today, used),
    hours: [...(isSame ? hours.slice(0, -1) : hours), newest].slice(-MOST_HOURS),
  };
}

function sum(a: KeyUse, b: Partial<KeyUse>): KeyUse {
  return {
    requests: a.requests + (b.requests ?? 0),
    bytes: a.bytes + (b.bytes ?? 0),
    tokens: a.tokens + (b.tokens ?? 0),
    money: a.money + (b.money ?? 0),
  };
}

/** Against the mean of the hours before in which the key was used at all. */
function* spikes(id: SecretId, { hours }: Row, factor: number): Generator<Extract<UseEvent, { what: "secret.spike" }>> {
  const now = hours.at(-1);
  const before = hours.slice(0, -1);
  if (now === undefined || before.length < FEWEST_HOURS) return;
  for (const measure of MEASURES) {
    const usual = before.reduce((total, { used }) => total + used[measure], 0) / before.length;
    if (now.used[measure] < Math.max(LEAST[measure], usual * factor)) continue;
    yield { what: "secret.spike", id, measure, now: now.used[measure], usual };
  }
}

function dayOf(clock: Clock): string {
  return new Date(clock.wallMs()).toISOString().slice(0, 10);
}
