/**
 * What one record counts for. Labels are words of ours, never a stranger's.
 *
 * @module
 */
import type { LedgerEntry, RecordKind } from "../core/ports/ledger.ts";
import { measureNamed, pathsOf } from "../ops/alerts/measures.ts";

type Name =
  | "records"
  | "logins"
  | "lockouts"
  | "requests"
  | "messages"
  | "files"
  | "blocked"
  | "floor"
  | "approvals"
  | "faults"
  | "undelivered"
  | "spent";
export type Tallies = readonly {
  readonly name: Name;
  readonly labels: Readonly<Record<string, string>>;
  readonly amount: number;
}[];

type PriceOf = (model: string, input: number, output: number) => number;

const CHANNELS: readonly string[] = ["terminal", "webchat", "api"];

export function tallyOf(entry: LedgerEntry, priceOf: PriceOf): Tallies {
  return [...one("records", { kind: entry.kind }), ...(BY_KIND[entry.kind]?.(entry, priceOf) ?? [])];
}

function one(name: Name, labels: Readonly<Record<string, string>> = {}, amount = 1): Tallies {
  return amount > 0 ? [{ name, labels, amount }] : [];
}

function measured(name: Name, measure: string, entry: LedgerEntry, priceOf: PriceOf): Tallies {
  return one(name, {}, measureNamed(measure)?.of(entry, priceOf) ?? 0);
}

const BY_KIND: { readonly [K in RecordKind]?: (entry: LedgerEntry, priceOf: PriceOf) => Tallies } = {
  login: ({ what }) => LOGINS.get(what) ?? [],
  message: ({ target }) => one("messages", { channel: CHANNELS.includes(target) ? target : "other" }),
  model: (entry, priceOf) =>
    entry.what === "model.answered"
      ? [
          ...one("requests", { result: entry.result === "ok" ? "ok" : "failed" }),
          ...measured("spent", "spending", entry, priceOf),
        ]
      : [],
  call: (entry, priceOf) => [
    ...pathsOf(entry).flatMap(({ access }) => one("files", { access })),
    ...measured("blocked", "blocked_paths", entry, priceOf),
    ...measured("floor", "floor_refusals", entry, priceOf),
  ],
  approval: ({ what, result }) =>
    what === "approval.answered" ? one("approvals", { answer: result === "ok" ? "yes" : "no" }) : [],
  fault: () => one("faults"),
  alert: ({ what }) => (what === "alert.undelivered" ? one("undelivered") : []),
};

const LOGINS: ReadonlyMap<string, Tallies> = new Map([
  ["login.locked", one("lockouts")],
  ["login.ok", one("logins", { result: "ok" })],
  ["login.failed", one("logins", { result: "failed" })],
]);
