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
import type { RecordMembers } from "../../ledger/members.ts";
import { scanRecords, startingAt } from "../../ledger/search.ts";

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
  /** Oldest first, with the bytes that were hashed into the tree. */
  readonly records: readonly { readonly entry: StoredEntry; readonly bytes: Buffer }[];
  /** The session and those that it spawned; empty where it is about everything. */
  readonly sessions: readonly string[];
  /** Older ones that did not fit. */
  readonly left: number;
};

export type About = {
  /** Null: everything since then. */
  readonly session: string | null;
  readonly sinceMs: number;
  /** Only records with a lower index: for those that did not fit. */
  readonly before?: number;
  readonly most?: number;
};

/** Records of one incident that are kept, each with its proof. */
export const MOST_RECORDS = 20_000;
/** What is of interest whatever session it is about: who came in, and what was changed. */
const AROUND: ReadonlySet<string> = new Set([
  "login",
  "token",
  "config",
  "policy",
  "stop",
  "alert",
  "incident",
  "gateway",
]);

/**
 * The newest records of an incident that fit, and how many more there are. Looks at each record of the ledger, and
 * parses those that it keeps.
 *
 * @throws Fault LEDGER_DAMAGED
 */
export async function collect(dir: string, about: About): Promise<Collected> {
  let sessions: readonly string[] = about.session === null ? [] : [about.session];
  for (;;) {
    const { spawned, ...found } = await scan(dir, sessions, about);
    // Newest first, what a spawned session did comes before the word that it was spawned: then once more, with those.
    const all = withSpawned(sessions, spawned);
    if (all.length === sessions.length) return { ...found, sessions };
    sessions = all;
  }
}

type Spawn = { readonly by: string; readonly session: string };
type Scanned = Omit<Collected, "sessions"> & { readonly spawned: readonly Spawn[] };

async function scan(dir: string, sessions: readonly string[], about: About): Promise<Scanned> {
  const { sinceMs, before, most } = { before: Number.POSITIVE_INFINITY, most: MOST_RECORDS, ...about };
  const scope = sessions.length === 0 ? ofAll(sinceMs) : ofSessions(sessions, sinceMs);
  const found: Collected["records"][number][] = [];
  const spawned: Spawn[] = [];
  let left = 0;
  for await (const bundle of scanRecords(dir, scope.mayHold)) {
    for (const record of bundle) {
      if (isSpawn(record)) spawned.push(...spawnIn(record.bytes));
      if (!scope.has(record) || record.index >= before) continue;
      // What does not fit is only counted, and of a session of a million records that is nearly all.
      const entry = found.length < most ? parseRecord(record.bytes) : undefined;
      if (entry !== undefined) found.push({ entry, bytes: Buffer.from(record.bytes) });
      else if (found.length >= most) left += 1;
    }
    if (scope.isPassed()) break;
  }
  return { records: found.toReversed(), left, spawned: spawned.toReversed() };
}

/** Which records an incident is about: each is asked once, newest first. */
type Scope = {
  readonly has: (own: RecordMembers) => boolean;
  /** Of a bundle's bytes. */
  readonly mayHold: (bundle: Buffer) => boolean;
  readonly isPassed: () => boolean;
};

function ofAll(sinceMs: number): Scope {
  return { ...startingAt(sinceMs), mayHold: () => true };
}

/** A session's own records count from its beginning; what is around it from when the incident is said to begin. */
function ofSessions(sessions: readonly string[], sinceMs: number): Scope {
  const wanted = new Set(sessions);
  const since = startingAt(sinceMs);
  // Canonical JSON has one spelling of each member.
  const pieces = sessions.map((id) => `"session":${JSON.stringify(id)}`);
  return {
    has(own) {
      const isLate = !since.isPassed() && since.has(own);
      const { session } = own;
      return session === undefined ? isLate && AROUND.has(own.kind) : wanted.has(session);
    },
    // Most of what is older holds nothing of a session, and is not taken apart.
    mayHold: (bundle) =>
      !since.isPassed() || pieces.length > MOST_PIECES || pieces.some((piece) => bundle.includes(piece)),
    isPassed: () => false,
  };
}

/** To look for more in a bundle takes longer than to look at its records. */
const MOST_PIECES = 4;

/** Whom a session spawned is in the outcome of a call. */
function isSpawn({ kind, target }: RecordMembers): boolean {
  return kind === "outcome" && target === "spawn";
}

function spawnIn(bytes: Buffer): readonly Spawn[] {
  const { session: by, data } = parseRecord(bytes) ?? {};
  const session = data?.["session"];
  return by !== undefined && typeof session === "string" ? [{ by, session }] : [];
}

/** With those that they spawned, and whom these did, generation by generation. */
function withSpawned(sessions: readonly string[], spawned: readonly Spawn[]): readonly string[] {
  const all = new Set(sessions);
  const byParent = Map.groupBy(spawned, ({ by }) => by);
  // A set that grows while it is gone through is gone through to its new end.
  for (const parent of all) for (const { session } of byParent.get(parent) ?? []) all.add(session);
  return [...all];
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
