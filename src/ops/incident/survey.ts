/**
 * All records of an incident, looked through once, in the memory of a few:
 * their reach, and those that are kept. However many came after the deed, it is
 * seen.
 *
 * @module
 */
import type { StoredEntry } from "../../core/ports/ledger.ts";
import { parseRecordText } from "../../ledger/entry.ts";
import type { Seen } from "../../ledger/search.ts";
import { Calls, type Raw } from "./calls.ts";
import { Choice, type Chosen, type Left, MOST_RECORDS, MOST_ROWS } from "./choice.ts";
import { LISTED, type Reach, ReachTally } from "./reach.ts";
import { type About, lookThrough } from "./scope.ts";
import { type Row, rowOf } from "./timeline.ts";

export type Bounds = {
  /** Lines of each list of the reach. */
  readonly listed: number;
  /** Records that are kept. */
  readonly records: number;
  /** Of them in the review document. */
  readonly rows: number;
};
export const BOUNDS: Bounds = { listed: LISTED, records: MOST_RECORDS, rows: MOST_ROWS };

/** A record that is kept, and what a timeline says of it. */
export type Kept = Raw & { readonly row: Row };

export type Survey = Pick<Chosen, "foremost"> & {
  /** Oldest first. */
  readonly records: readonly Kept[];
  readonly left: readonly Left[];
  readonly reach: Reach;
  /** The session and those that it spawned; empty where it is about everything. */
  readonly sessions: readonly string[];
};

/**
 * @param provable records from this index on are not kept, because nothing could prove them; their reach counts.
 * @throws Fault LEDGER_DAMAGED
 */
export async function survey(
  dir: string,
  about: About,
  {
    provable = Number.POSITIVE_INFINITY,
    bounds = BOUNDS,
  }: { readonly provable?: number; readonly bounds?: Bounds } = {},
): Promise<Survey> {
  const { sessions, found } = await lookThrough(dir, about, () => {
    const one = new Surveyor(provable, bounds);
    return { found: one, see: (record) => one.see(record) };
  });
  return { ...found.survey(), sessions };
}

/** Shown one record after the other, newest first. */
export class Surveyor {
  readonly #calls = new Calls();
  readonly #choice: Choice;
  readonly #reach: ReachTally;
  readonly #provable: number;
  readonly #rows: number;

  constructor(provable: number, { listed, records, rows }: Bounds) {
    this.#provable = provable;
    this.#rows = rows;
    this.#choice = new Choice(records);
    this.#reach = new ReachTally(listed);
  }

  see(record: Seen): void {
    this.#reach.saw(record);
    const { index, kind, bytes } = record;
    const raw: Raw = { index, kind, text: bytes.toString("utf8") };
    if (isRead(record)) {
      const entry = parseRecordText(raw.text);
      if (entry !== undefined) return this.#read(entry, raw);
    } else if (this.#calls.became(record, raw)) return;
    if (this.#isProvable(raw)) this.#choice.other(record, raw);
  }

  #read(entry: StoredEntry, raw: Raw): void {
    if (entry.kind === "call") {
      const call = this.#calls.decided(entry, raw);
      this.#reach.decided(call);
      this.#choice.call({ ...call, records: call.records.filter((one) => this.#isProvable(one)) });
      return;
    }
    this.#reach.connected(entry);
    this.#reach.asked(entry);
    if (!this.#isProvable(raw)) return;
    if (entry.kind === "connection") this.#choice.connection(entry, raw);
    else this.#choice.other(entry, raw);
  }

  survey(): Omit<Survey, "sessions"> {
    for (const raw of this.#calls.rest()) if (this.#isProvable(raw)) this.#choice.orphan(raw);
    const { records, foremost } = this.#choice.chosen(this.#rows);
    return {
      records: records.flatMap((raw) => this.#kept(raw)),
      foremost,
      left: this.#choice.left(),
      reach: this.#reach.reach(),
    };
  }

  /** What is damaged is the verifier's to name: of it there is no row. */
  #kept(raw: Raw): readonly Kept[] {
    const entry = parseRecordText(raw.text);
    if (entry === undefined) this.#choice.leave(raw);
    return entry === undefined ? [] : [{ ...raw, row: rowOf(entry) }];
  }

  #isProvable(raw: Raw): boolean {
    if (raw.index < this.#provable) return true;
    this.#choice.leave(raw);
    return false;
  }
}

/** What is asked of the others is told from their bytes. */
function isRead({ kind, what, call }: Seen): boolean {
  return kind === "connection" || what === "model.asked" || (what === "call.decided" && call !== undefined);
}
