/**
 * Endorsements that stand, kept in the store: each of one text of one session.
 *
 * INVARIANT(labels-fall): a label rises nowhere but here, by what a person said of that very text; and what cannot be
 * read back never raises anything.
 *
 * @module
 */
import { counted, type EndorsedOf } from "../../core/basis.ts";
import type { Endorsement } from "../../core/endorsement.ts";
import { parseId, parsePersonId, type SessionId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { isArray, isObject, type JsonObject, type JsonValue, parseDigest } from "../../core/json.ts";
import { CONFIDENTIALITY_LEVELS, TRUST_LEVELS } from "../../core/label.ts";
import type { StateStore } from "../../core/ports/store.ts";

export type Endorsements = {
  /** Items of this session with the labels that they count with now. */
  counted(session: SessionId, items: readonly ContextItem[]): readonly ContextItem[];
  /** Durable when it resolves. */
  add(one: Endorsement): Promise<void>;
  list(): readonly Endorsement[];
  /** Counts from the call on; durable when it resolves. @returns whether there was one */
  remove(session: string, item: string): Promise<boolean>;
  /** Everything falls back: for `stop`. */
  clear(): Promise<void>;
};

/** More than this: the oldest fall back. */
const KEPT = 500;
const KEY = "endorsements";

export async function openEndorsements(state: StateStore): Promise<Endorsements> {
  let all = readAll(await state.get(KEY));
  // Counts the times at which everything fell.
  let fallen = 0;
  let writing: Promise<void> = Promise.resolve();
  /** One after the other. The next one is done whatever became of this; whoever asked for this one is told. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = writing.then(work);
    writing = done.catch(() => undefined);
    return done;
  };
  const save = (rows: readonly Endorsement[]): Promise<void> => state.set(KEY, { all: rows.map(writeOne) });
  return {
    counted: (session, items) => {
      const own = all.filter((one) => one.session === session);
      const of: EndorsedOf = (item, digest) => own.findLast((one) => one.item === item && one.digest === digest);
      return own.length === 0 ? items : items.map((item) => counted(item, of));
    },
    add(one) {
      const begun = fallen;
      return inTurn(async () => {
        await save(withOne(all, one));
        // Only what was kept counts, and nothing that `clear` came after.
        if (begun === fallen) all = withOne(all, one);
      });
    },
    list: () => all,
    async remove(session, item) {
      const rest = all.filter((one) => one.session !== session || one.item !== item);
      const isThere = rest.length < all.length;
      all = rest;
      if (isThere) await inTurn(() => save(all));
      return isThere;
    },
    async clear() {
      fallen += 1;
      all = [];
      await inTurn(() => save(all));
    },
  };
}

function withOne(all: readonly Endorsement[], one: Endorsement): readonly Endorsement[] {
  const before = all.find(({ session, item }) => session === one.session && item === one.item);
  const both = before?.digest === one.digest ? { ...before, ...one } : one;
  return [...all.filter((other) => other !== before), both].slice(-KEPT);
}

function writeOne({ session, item, digest, from, by, atMs, trust, confidentiality }: Endorsement): JsonObject {
  return {
    session,
    item,
    digest,
    from,
    by,
    atMs,
    ...(trust === undefined ? {} : { trust }),
    ...(confidentiality === undefined ? {} : { confidentiality }),
  };
}

function readAll(row: JsonObject | undefined): readonly Endorsement[] {
  const rows = row?.["all"];
  return isArray(rows) ? rows.flatMap(readOne) : [];
}

function readOne(value: JsonValue): readonly Endorsement[] {
  if (!isObject(value)) return [];
  const { session, item, digest, from, by, atMs } = value;
  const texts = [session, item, digest, from, by].filter((one) => typeof one === "string");
  const [inSession = "", ofItem = "", text = "", what = "", person = ""] = texts;
  const trust = TRUST_LEVELS.find((level) => level === value["trust"]);
  const confidentiality = CONFIDENTIALITY_LEVELS.find((level) => level === value["confidentiality"]);
  if (texts.length !== 5 || typeof atMs !== "number") return [];
  try {
    return [
      {
        session: parseId("ses", inSession),
        item: parseId("itm", ofItem),
        digest: parseDigest(text),
        from: what,
        by: parsePersonId(person),
        atMs,
        ...(trust === undefined ? {} : { trust }),
        ...(confidentiality === undefined ? {} : { confidentiality }),
      },
    ];
  } catch {
    // One that cannot be read endorses nothing.
    return [];
  }
}
