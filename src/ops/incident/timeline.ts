/**
 * Timelines: what happened, in order, in words. Made from the very bytes of
 * the ledger's records, so that whoever has the records can make it again.
 *
 * INVARIANT(plain-rows): nothing in a row steers a terminal or begins a line.
 *
 * @module
 */
import { spelledOut } from "../../core/hidden.ts";
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import type { StoredEntry } from "../../core/ports/ledger.ts";
import { parseRecord } from "../../ledger/entry.ts";
import { type About, lookThrough } from "./scope.ts";

export type Row = {
  readonly index: number;
  readonly time: string;
  readonly who: string;
  readonly what: string;
  readonly on: string;
  readonly result: string;
  readonly session: string | null;
  readonly call: string | null;
  /** What of its data a person wants to know first. */
  readonly says: string;
};

export type Collected = {
  /** Oldest first. */
  readonly entries: readonly StoredEntry[];
  /** The session and those that it spawned; empty where it is about everything. */
  readonly sessions: readonly string[];
  /** Older ones that did not fit. */
  readonly left: number;
};

export type Page = {
  /** Only records with a lower index: for those that did not fit. */
  readonly before?: number;
  readonly most?: number;
};

/** Records on one page. */
export const MOST_ON_PAGE = 20_000;

/**
 * The newest records of an incident that fit, and how many more there are. Looks at each record of the ledger, and
 * parses those that it keeps.
 *
 * @throws Fault LEDGER_DAMAGED
 */
export async function collect(dir: string, about: About & Page): Promise<Collected> {
  const { before, most } = { before: Number.POSITIVE_INFINITY, most: MOST_ON_PAGE, ...about };
  const { sessions, found } = await lookThrough(dir, about, () => {
    const page = { entries: [] as StoredEntry[], left: 0 };
    return {
      found: page,
      see: (record) => {
        if (record.index >= before) return;
        // What does not fit is only counted, and of a session of a million records that is nearly all.
        const entry = page.entries.length < most ? parseRecord(record.bytes) : undefined;
        if (entry !== undefined) page.entries.push(entry);
        else if (page.entries.length >= most) page.left += 1;
      },
    };
  });
  return { entries: found.entries.toReversed(), left: found.left, sessions };
}

const LONGEST = 300;

export function plain(text: string, most = LONGEST): string {
  const line = spelledOut(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

export function rowOf(entry: StoredEntry): Row {
  return {
    index: entry.index,
    time: plain(entry.time, 40),
    who: plain(entry.who, 80),
    what: plain(entry.what, 60),
    on: plain(entry.target, 120),
    result: plain(entry.result, 40),
    session: entry.session === undefined ? null : plain(entry.session, 60),
    call: entry.call === undefined ? null : plain(entry.call, 60),
    says: saysOf(entry),
  };
}

/** Arguments of a call, the sentence of a decision, the request of a connection; never more than a line. */
function saysOf({ data, what }: StoredEntry): string {
  const text = (key: string): string => (typeof data?.[key] === "string" ? plain(data[key]) : "");
  const args = data?.["arguments"];
  const spelled = isObject(args)
    ? plain(
        Object.entries(args)
          .map(([name, value]) => `${name}=${short(value)}`)
          .join(" "),
        200,
      )
    : "";
  if (what === "call.decided") return plain(`${spelled} (${text("says")})`);
  return [spelled, text("summary"), text("request"), text("reason"), text("why"), text("detail"), text("condition")]
    .filter((part) => part !== "")
    .join("; ")
    .slice(0, LONGEST);
}

function short(value: JsonValue | undefined): string {
  if (typeof value === "string") return plain(value, 80);
  return isArray(value) || isObject(value) ? "…" : String(value);
}

/** One line of a timeline, for people. */
export function writeRow({ time, who, what, on, result, says }: Row): string {
  return `${time.slice(0, 19).replace("T", " ")}  ${who}  ${what} ${on}: ${result}${says === "" ? "" : `  ${says}`}`;
}
