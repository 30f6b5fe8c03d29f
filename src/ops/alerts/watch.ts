/**
 * The watch: sees every ledger entry, keeps the windows of all rules, and
 * raises an alert where one is true.
 *
 * INVARIANT(only-looks): `see` neither waits nor throws; a rule that fails is
 * told and the gateway goes on. Nothing that alerts themselves record is
 * counted, so no alert causes another.
 *
 * What lay in the windows when the gateway ended is read back at its start; a
 * rule that was true then and had raised nothing yet raises it late.
 *
 * @module
 */
import { toFault } from "../../core/fault.ts";
import type { LedgerEntry, StoredEntry } from "../../core/ports/ledger.ts";
import { type Alert, alertOf } from "./alert.ts";
import type { Condition, Group } from "./condition.ts";
import type { Habits } from "./habits.ts";
import { measureNamed, pathsOf, type PriceOf } from "./measures.ts";
import { createQuiets } from "./quiet.ts";
import type { Rule } from "./rules.ts";
import { createWindows, type Windows } from "./window.ts";

export type WatchParts = {
  readonly rules: readonly Rule[];
  readonly habits: Habits;
  readonly priceOf: PriceOf;
  readonly nowMs: () => number;
  /** 1, or less: what thresholds are multiplied by, as in the close watch after an incident. */
  readonly strictness: () => number;
  readonly raise: (alert: Alert, rule: Rule) => void;
  readonly failed: (rule: string, why: string) => void;
};

export type Watch = {
  see(entry: LedgerEntry): void;
  /** What the ledger cannot say, as that it is gone. */
  notice(measure: string, detail: string): void;
  /** What happened before the start, oldest first; live entries wait until this was called. */
  restore(entries: readonly StoredEntry[]): void;
};

/** At least so long a rule is quiet about the same group after an alert; else as long as its window. */
const QUIET_MS = 60_000;
/** Live entries that wait for the reading back. */
const WAITING = 10_000;
const OWN_KINDS: ReadonlySet<string> = new Set(["alert", "incident"]);

type Armed = { readonly rule: Rule; readonly windows: Windows };
type Hit = { readonly rule: Rule; readonly group: string; readonly found: Found };
type Found = Pick<Alert, "count" | "firstMs" | "atMs"> & { readonly cause?: LedgerEntry; readonly detail?: string };

export function createWatch(parts: WatchParts): Watch {
  const armed = parts.rules.map((rule): Armed => ({ rule, windows: createWindows(spanOf(rule.condition)) }));
  const quiets = createQuiets();
  const late = new Map<string, Hit>();
  const waiting: { readonly entry: LedgerEntry; readonly atMs: number }[] = [];
  let isRestored = false;

  const untilMs = (rule: Rule, atMs: number): number => atMs + Math.max(QUIET_MS, spanOf(rule.condition));

  const hits = (entry: LedgerEntry, atMs: number): Generator<Hit> => hitsOf(parts, armed, entry, atMs);

  function fire({ rule, group, found }: Hit, isLate: boolean): void {
    const { atMs } = found;
    const key = keyOf(rule.name, group);
    if (quiets.isQuiet(key, atMs)) return;
    const again = quiets.hush(key, untilMs(rule, atMs), atMs);
    const { cause, ...rest } = found;
    const alert = alertOf(rule, { ...rest, group: group === "" ? null : group, again, isLate, ...causeOf(cause) });
    parts.raise(alert, rule);
  }

  function take(entry: LedgerEntry, atMs: number): void {
    for (const hit of hits(entry, atMs)) fire(hit, false);
  }

  return {
    see(entry) {
      if (OWN_KINDS.has(entry.kind)) return;
      const atMs = parts.nowMs();
      if (isRestored) take(entry, atMs);
      else if (waiting.length < WAITING) waiting.push({ entry, atMs });
    },
    notice(measure, detail) {
      const atMs = parts.nowMs();
      for (const one of armed) for (const hit of noticeFor(one, measure, { detail, atMs })) fire(hit, false);
    },
    restore(entries) {
      for (const entry of entries) {
        const atMs = Date.parse(entry.time);
        if (entry.what === "alert.raised") restoreQuiet(entry, atMs);
        else if (!OWN_KINDS.has(entry.kind))
          for (const hit of hits(entry, atMs)) late.set(keyOf(hit.rule.name, hit.group), hit);
      }
      isRestored = true;
      const nowMs = parts.nowMs();
      for (const hit of late.values()) if (hit.found.atMs > nowMs - spanOf(hit.rule.condition)) fire(hit, true);
      late.clear();
      for (const { entry, atMs } of waiting.splice(0)) take(entry, atMs);
    },
  };

  function restoreQuiet({ target, data }: StoredEntry, atMs: number): void {
    const rule = parts.rules.find((known) => known.name === target);
    const group = typeof data?.["group"] === "string" ? data["group"] : "";
    if (rule === undefined) return;
    late.delete(keyOf(rule.name, group));
    quiets.hush(keyOf(rule.name, group), untilMs(rule, atMs), atMs);
  }
}

/** Counts one entry for each rule; what became true. */
function* hitsOf(parts: WatchParts, armed: readonly Armed[], entry: LedgerEntry, atMs: number): Generator<Hit> {
  const signs = parts.habits.see(entry, atMs);
  for (const one of armed) {
    try {
      yield* countFor(one, { entry, atMs, priceOf: parts.priceOf, signs, strictness: parts.strictness() });
    } catch (thrown) {
      parts.failed(one.rule.name, toFault(thrown).message);
    }
  }
}

type Counting = {
  readonly entry: LedgerEntry;
  readonly atMs: number;
  readonly priceOf: PriceOf;
  readonly signs: ReturnType<Habits["see"]>;
  readonly strictness: number;
};

function* countFor({ rule, windows }: Armed, counting: Counting): Generator<Hit> {
  const { entry, atMs, signs, priceOf, strictness } = counting;
  const { condition } = rule;
  if (condition.kind === "outside") {
    const outside = pathsOf(entry).filter(({ path }) => !condition.folders.some((folder) => isWithin(path, folder)));
    const [first] = outside;
    if (first === undefined) return;
    const detail = `${first.access} of ${first.path}`;
    yield {
      rule,
      group: entry.session ?? "",
      found: { count: outside.length, firstMs: atMs, atMs, cause: entry, detail },
    };
    return;
  }
  const measure = measureNamed(condition.measure);
  if (measure === undefined) throw new Error(`nobody takes the measure ${condition.measure}`);
  const amount = measure.kinds.includes(entry.kind) ? measure.of(entry, priceOf) : 0;
  const found = signs.filter((sign) => sign.measure === condition.measure);
  const limit = Math.floor(condition.than * strictness * 1e4) / 1e4;
  for (const { group, value, detail } of [
    ...(amount > 0 ? [{ group: groupOf(entry, condition.by), value: amount, detail: undefined }] : []),
    ...found.map((sign) => ({ group: condition.by === null ? "" : (sign.group ?? ""), value: 1, detail: sign.detail })),
  ]) {
    const now = windows.add(group, value, atMs);
    if (!(now.sum > limit)) continue;
    const said = detail === undefined ? {} : { detail };
    yield { rule, group: now.group, found: { count: now.sum, firstMs: now.firstMs, atMs, cause: entry, ...said } };
  }
}

function* noticeFor(
  { rule, windows }: Armed,
  measure: string,
  said: { readonly detail: string; readonly atMs: number },
): Generator<Hit> {
  const { condition } = rule;
  if (condition.kind !== "more" || condition.measure !== measure) return;
  const { detail, atMs } = said;
  const { sum, firstMs, group } = windows.add("", 1, atMs);
  if (sum > condition.than) yield { rule, group, found: { count: sum, firstMs, atMs, detail } };
}

function spanOf(condition: Condition): number {
  return condition.kind === "more" ? condition.withinMs : QUIET_MS;
}

function keyOf(rule: string, group: string): string {
  return `${rule}\n${group}`;
}

const ID = /^[\x21-\x7e]{1,200}$/;

/** What a rule groups by, as far as the entry says it. A value that is long or odd is grouped with its like. */
function groupOf(entry: LedgerEntry, by: Group | null): string {
  if (by === null) return "";
  const value = valueOf(entry, by);
  return ID.test(value) ? value : value.slice(0, 200);
}

function valueOf(entry: LedgerEntry, by: Group): string {
  switch (by) {
    case "person": {
      const person = entry.data?.["person"];
      return entry.who !== "-" || typeof person !== "string" ? entry.who : person;
    }
    case "session":
      return entry.session ?? "-";
    case "address":
    case "target":
    case "tool":
      return entry.target;
  }
}

function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}

function causeOf(entry: LedgerEntry | undefined): Pick<Alert, "cause"> {
  if (entry === undefined) return {};
  const { what, who, target, result, session, turn, call } = entry;
  return {
    cause: {
      what,
      who,
      target,
      result,
      ...(session === undefined ? {} : { session }),
      ...(turn === undefined ? {} : { turn }),
      ...(call === undefined ? {} : { call }),
    },
  };
}
