/**
 * Takes what the command line left: into the ledger, and for a stop, into
 * force.
 *
 * @module
 */
import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import { type Digest, type JsonObject, sha256 } from "../core/json.ts";
import type { MemoryId } from "../core/ids.ts";
import type { Ledger, LedgerEntry, RecordKind } from "../core/ports/ledger.ts";
import type { StateStore } from "../core/ports/store.ts";
import { holdLock } from "../edges/store/lock.ts";
import { CONFIG_NAME } from "./config/document.ts";
import { caseFile } from "./incidents/cases.ts";
import { donePending, type Found, type Pending, readPending } from "./pending.ts";
import { readRegistry } from "./secrets/registry.ts";
import { readPlain } from "./plain-file.ts";

export type TakeParts = {
  readonly home: string;
  readonly ledger: Pick<Ledger, "append" | "search">;
  readonly state: StateStore;
  /** Takes out what must not be kept in clear (R-DLP-2). */
  readonly redact: (value: JsonObject) => JsonObject;
  /** In force when it resolves. */
  readonly stop: (by: string, reason: string) => Promise<void>;
  /** Told that secrets were changed, once that is recorded. */
  readonly secrets?: () => void;
  /** Lets a memory go, once that is recorded. One that is gone already is no fault. */
  readonly forget: (memory: MemoryId) => Promise<boolean>;
  /** Told after a step of an incident was recorded. */
  readonly incident: () => void;
};

/** Of the configuration that was recorded last. */
const KNOWN = "config-digest";

/**
 * @param waitMs how long to wait for somebody who is changing the configuration now.
 * @throws Fault CONFIG_CONFLICT where he does not end; nothing was taken then.
 */
export async function takePending(parts: TakeParts, waitMs: number): Promise<void> {
  if (readPending(parts.home).length === 0) return;
  // Whoever edits holds it from his record to his replacement of the file: what is read here is not half done.
  const lock = holdLock(join(parts.home, "config.lock"), waitMs);
  if (lock === "busy") {
    if (waitMs === 0) return;
    throw new Fault("CONFIG_CONFLICT", {
      message: "somebody is changing the configuration",
      hint: "wait until that command has ended, then try again",
    });
  }
  try {
    const all = readPending(parts.home);
    for (const one of all) await takeOne(parts, one, all);
  } finally {
    lock.release();
  }
}

/** A text that no command put there: somebody used an editor. Called with the text that is about to count. */
export async function noteConfig(
  parts: Omit<TakeParts, "stop" | "secrets" | "incident" | "forget">,
  digest: Digest,
): Promise<void> {
  const before = (await parts.state.get(KNOWN))?.["digest"];
  if (before === digest) return;
  if (before !== undefined) {
    await parts.ledger.append({
      ...CONFIG,
      who: "-",
      what: "config.found",
      result: "ok",
      data: { before, after: digest },
    });
  }
  await parts.state.set(KNOWN, { digest });
}

const CONFIG = { kind: "config", target: CONFIG_NAME } as const;

async function takeOne(parts: TakeParts, found: Found, all: readonly Found[]): Promise<void> {
  const { pending } = found;
  if (pending?.kind === "stop") await parts.stop(pending.who, pending.why);
  // A crash between the append and the removal: it was recorded, once.
  const isRecorded =
    pending !== undefined && (await recordedIds(parts.ledger, recordKind(pending.kind))).has(pending.id);
  if (!isRecorded) await parts.ledger.append(entryOf(parts, found, all));
  if (pending !== undefined) await follow(parts, pending);
  donePending(found);
}

/** What comes of it, once it is recorded. */
async function follow(parts: TakeParts, pending: Pending): Promise<void> {
  if (pending.kind === "memory") await parts.forget(pending.memory);
  if (pending.kind === "incident") parts.incident();
  if (pending.kind === "config") await parts.state.set(KNOWN, { digest: pending.after });
  if (pending.kind === "secret") parts.secrets?.();
}

const recordKind = (kind: Pending["kind"]): RecordKind => (kind === "harden" ? "audit" : kind);

async function recordedIds(ledger: TakeParts["ledger"], kind: RecordKind): Promise<ReadonlySet<unknown>> {
  return new Set((await ledger.search({ kind, limit: 1_000 })).map((entry) => entry.data?.["pending"]));
}

function entryOf(parts: TakeParts, { file, pending }: Found, all: readonly Found[]): LedgerEntry {
  if (pending === undefined) {
    return { kind: "fault", who: "-", what: "pending.unreadable", target: file, result: "failed" };
  }
  const { id, who, why, atMs } = pending;
  const said = { pending: id, why, said: new Date(atMs).toISOString() };
  if (pending.kind === "stop") {
    return { kind: "stop", who, what: "stop.said", target: "gateway", result: "ok", data: parts.redact(said) };
  }
  if (pending.kind === "incident") return incidentEntry(parts, pending, all);
  if (pending.kind === "memory") {
    const target = pending.memory;
    return { kind: "memory", who, what: "memory.forgotten", target, result: "ok", data: parts.redact(said) };
  }
  if (pending.kind === "secret") return secretEntry(parts, pending, all);
  if (pending.kind === "migration") {
    const data = parts.redact({ ...said, ...pending.data });
    return { kind: "migration", who, what: "migration.applied", target: pending.target, result: "ok", data };
  }
  if (pending.kind === "backup") {
    const { what, target, result } = pending;
    return { kind: "backup", who, what, target, result, data: parts.redact({ ...said, ...pending.data }) };
  }
  if (pending.kind === "audit" || pending.kind === "harden") {
    const what = pending.kind === "harden" ? why : "audit.done";
    return {
      kind: "audit",
      who,
      what,
      target: "vambrace",
      result: "ok",
      data: parts.redact({ ...said, ...pending.data }),
    };
  }
  return configEntry(parts, pending, all);
}

/** Recorded first: a command that ended in between took no step. */
function incidentEntry(
  parts: TakeParts,
  { id, who, why, atMs, incident, what, before, after }: Extract<Pending, { kind: "incident" }>,
  all: readonly Found[],
): LedgerEntry {
  const wasDone = digestNow(parts.home, caseFile(incident)) === after || all.some((one) => isAfter(one, id, after));
  const said = parts.redact({ pending: id, why, said: new Date(atMs).toISOString() });
  const data = { ...said, before, after };
  return { kind: "incident", who, what, target: incident, result: wasDone ? "ok" : "unknown", data };
}

function configEntry(
  parts: TakeParts,
  { id, who, why, atMs, paths, before, after, version, meaning }: Extract<Pending, { kind: "config" }>,
  all: readonly Found[],
): LedgerEntry {
  const said = { pending: id, why, said: new Date(atMs).toISOString() };
  const data = parts.redact({
    ...said,
    paths: paths.slice(0, 200),
    before,
    after,
    version,
    meaning: meaning.slice(0, 20).map((line) => line.slice(0, 400)),
  });
  // Recorded first: a command that ended in between has changed nothing.
  const wasDone = digestNow(parts.home, CONFIG_NAME) === after || all.some((one) => isAfter(one, id, after));
  return { ...CONFIG, who, what: "config.changed", result: wasDone ? "ok" : "unknown", data };
}

/** A list that is not there has no serial either. */
const NO_SALT = { bytes: (count: number) => new Uint8Array(count), uniform: () => 0 };

/** Names and salted digests; what the values are is in no record. */
function secretEntry(
  parts: TakeParts,
  { id, who, why, atMs, what, ids, digests, file, serial, before, after }: Extract<Pending, { kind: "secret" }>,
  all: readonly Found[],
): LedgerEntry {
  // The gateway notes what it reads in the same list, which has other bytes then.
  const wasDone =
    digestNow(parts.home, file) === after ||
    all.some((one) => isAfter(one, id, after)) ||
    readRegistry(parts.home, NO_SALT).serial >= serial;
  const said = parts.redact({ pending: id, why, said: new Date(atMs).toISOString() });
  // Digests are no text to look through: a rule for long strange words would take them out.
  const data = {
    ...said,
    ids: ids.slice(0, 200),
    digests: digests.slice(0, 200),
    count: ids.length,
    file,
    before,
    after,
  };
  return { kind: "secret", who, what, target: ids[0] ?? "vault", result: wasDone ? "ok" : "unknown", data };
}

/** A later change that began with this text. */
function isAfter({ pending }: Found, id: string, text: Digest): boolean {
  return pending !== undefined && "before" in pending && pending.id > id && pending.before === text;
}

function digestNow(home: string, name: string): Digest | undefined {
  try {
    return sha256(readPlain(join(home, name)));
  } catch (error) {
    // What nobody here may read is not known to have come to be; one such file keeps no other record waiting.
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "EACCES"))
      return undefined;
    throw error;
  }
}
