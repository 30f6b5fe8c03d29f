/**
 * Which records an incident is about: those of its session and of the sessions
 * that this one spawned, and what is around them; or everything since then.
 *
 * @module
 */
import type { RecordMembers } from "../../ledger/members.ts";
import { parseRecord } from "../../ledger/entry.ts";
import { scanRecords, type Seen, startingAt } from "../../ledger/search.ts";

export type About = {
  /** Null: everything since then. */
  readonly session: string | null;
  readonly sinceMs: number;
};

/** Is shown each record that is asked for, newest first, and holds what it found. */
export type Looker<T> = { readonly see: (record: Seen) => void; readonly found: T };

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
 * Shows each record that the incident is about to somebody, newest first.
 *
 * @param open makes one who has seen nothing.
 * @throws Fault LEDGER_DAMAGED
 */
export async function lookThrough<T>(
  dir: string,
  { session, sinceMs }: About,
  open: () => Looker<T>,
): Promise<{ readonly sessions: readonly string[]; readonly found: T }> {
  let sessions: readonly string[] = session === null ? [] : [session];
  for (;;) {
    const looker = open();
    const spawned = await scan(dir, { sessions, sinceMs }, looker);
    // Newest first, what a spawned session did comes before the word that it was spawned: then once more, with those.
    const all = withSpawned(sessions, spawned);
    if (all.length === sessions.length) return { sessions, found: looker.found };
    sessions = all;
  }
}

type Spawn = { readonly by: string; readonly session: string };

async function scan(
  dir: string,
  { sessions, sinceMs }: { readonly sessions: readonly string[]; readonly sinceMs: number },
  { see }: Looker<unknown>,
): Promise<readonly Spawn[]> {
  const scope = sessions.length === 0 ? ofAll(sinceMs) : ofSessions(sessions, sinceMs);
  const known = new Set(sessions);
  const spawned: Spawn[] = [];
  let isLast = true;
  for await (const bundle of scanRecords(dir, scope.mayHold)) {
    for (const record of bundle) {
      const found = isSpawn(record) ? spawnIn(record.bytes) : [];
      spawned.push(...found);
      if (found.some(({ by, session }) => known.has(by) && !known.has(session))) isLast = false;
      // Where it has to be done once more, the rest is only looked through for sessions.
      if (isLast && scope.has(record)) see(record);
    }
    if (scope.isPassed()) break;
  }
  return spawned.toReversed();
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
