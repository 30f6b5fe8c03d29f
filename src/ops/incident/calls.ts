/**
 * Calls put together from records that come newest first: what became of one
 * is known before the record that says what it was.
 *
 * A call counts as having happened from its prepared record on; where its
 * outcome is not known, that is said and it counts all the same.
 *
 * @module
 */
import type { StoredEntry } from "../../core/ports/ledger.ts";
import type { RecordMembers } from "../../ledger/members.ts";

/** A record as it was hashed into the tree. */
export type Raw = Pick<RecordMembers, "index" | "kind"> & { readonly text: string };

type Became = { isPrepared: boolean; outcome: string | undefined };
type Open = Became & { readonly records: Raw[] };

export type Call = {
  readonly id: string;
  /** Its decision. */
  readonly entry: StoredEntry;
  readonly isRan: boolean;
  readonly outcome: string;
  /** The decision, and what came of it. */
  readonly records: readonly Raw[];
};

/** As many as are between their decision and their outcome at once. */
const MOST_OPEN = 10_000;
/** One that was endorsed is decided again, with nothing but people in between. */
const ENDED_KEPT = 4_096;

export class Calls {
  readonly #open = new Map<string, Open>();
  readonly #ended = new Map<string, Became>();
  #isFull = false;

  /** @returns false where it was no such record. */
  became({ kind, call, result }: RecordMembers, raw: Raw): boolean {
    if ((kind !== "prepared" && kind !== "outcome") || call === undefined) return false;
    let open = this.#open.get(call);
    if (open === undefined) {
      // No program of ours has so many begun: this ledger is not what it should be.
      this.#isFull ||= this.#open.size >= MOST_OPEN;
      if (this.#isFull) return false;
      open = { isPrepared: false, outcome: undefined, records: [] };
      this.#open.set(call, open);
    }
    if (kind === "prepared") open.isPrepared = true;
    // The newest one counts.
    else open.outcome ??= result;
    if (open.records.length < 2) open.records.push(raw);
    return true;
  }

  decided(entry: StoredEntry, raw: Raw): Call {
    const id = entry.call ?? "";
    const open = this.#open.get(id);
    this.#open.delete(id);
    const became = open ?? this.#ended.get(id);
    this.#end(id, became);
    // What could have happened, and is not known not to have, counts as if it had.
    const isRan = became?.isPrepared ?? (this.#isFull && entry.result !== "denied");
    const outcome = isRan ? (became?.outcome ?? "unknown") : entry.result;
    return { id, entry, isRan, outcome, records: [...(open?.records ?? []), raw] };
  }

  /** Of calls whose decision did not come. */
  rest(): readonly Raw[] {
    return [...this.#open.values()].flatMap(({ records }) => records);
  }

  #end(id: string, became: Became | undefined): void {
    if (became === undefined) return;
    this.#ended.delete(id);
    this.#ended.set(id, { isPrepared: became.isPrepared, outcome: became.outcome });
    const [oldest] = this.#ended.keys();
    if (this.#ended.size > ENDED_KEPT && oldest !== undefined) this.#ended.delete(oldest);
  }
}
