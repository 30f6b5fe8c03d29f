/**
 * Pending records: what the command line did where it cannot write the ledger
 * itself. Each is a file of its own, durable before the thing is done; a
 * running gateway appends it within a tick, the next start before anything
 * else.
 *
 * INVARIANT(recorded-edits): config.yaml is replaced by a command only after a pending record of it is on the disk.
 *
 * @module
 */
import { readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { INCIDENT_ID } from "../ops/incident/case.ts";
import { parseId } from "../core/ids.ts";
import { isObject, type JsonObject, parseDigest } from "../core/json.ts";
import type { DurableFiles } from "../core/ports/disk.ts";
import { durable } from "./config/durable.ts";
import { readPlainText } from "./plain-file.ts";

export const PENDING_NAME = "pending";

const base = { id: z.string().regex(/^[a-z0-9-]{1,80}$/), who: z.string().max(128), why: z.string(), atMs: z.number() };
const digest = z.string().transform(parseDigest);
const PENDING = z.discriminatedUnion("kind", [
  z.strictObject({
    ...base,
    kind: z.literal("config"),
    /** Places that were changed, without their values. */
    paths: z.array(z.string()),
    before: digest,
    after: digest,
    version: z.number(),
    /** What it means, one sentence each. */
    meaning: z.array(z.string()).default([]),
  }),
  z.strictObject({ ...base, kind: z.literal("stop") }),
  z.strictObject({
    ...base,
    kind: z.literal("secret"),
    what: z.string().regex(/^secret\.[a-z-]{1,40}$/),
    /** Names, and salted digests of the values; never a value. */
    ids: z.array(z.string().max(2_000)).max(10_000),
    digests: z.array(digest.nullable()).max(10_000),
    /** Of the state folder. */
    file: z.enum(["vault.age", "secrets.json"]),
    /** What the list of secrets counts after it. */
    serial: z.number(),
    before: digest,
    after: digest,
  }),
  /** What was brought over from another system; `target` is its folder. */
  z.strictObject({
    ...base,
    kind: z.literal("migration"),
    target: z.string().max(1_000),
    data: z.record(z.string(), z.union([z.string().max(1_000), z.number()])),
  }),
  /** What was done with a backup; `target` is its number. */
  z.strictObject({
    ...base,
    kind: z.literal("backup"),
    what: z.enum(["backup.created", "backup.failed", "backup.restored", "backup.drilled"]),
    target: z.string().max(200),
    result: z.enum(["ok", "failed"]),
    data: z.record(z.string(), z.union([z.string().max(1_000), z.number(), z.boolean(), z.null()])),
  }),
  /** `data`: what was found, or what was mended. */
  z.strictObject({ ...base, kind: z.literal("audit"), data: z.custom<JsonObject>(isObject) }),
  z.strictObject({ ...base, kind: z.literal("harden"), data: z.custom<JsonObject>(isObject) }),
  /** A memory that is to be forgotten: by the gateway, or by the command that left this. */
  z.strictObject({ ...base, kind: z.literal("memory"), memory: z.string().transform((id) => parseId("mem", id)) }),
  z.strictObject({
    ...base,
    kind: z.literal("incident"),
    incident: z.string().regex(INCIDENT_ID),
    what: z.string().max(80),
    /** Of its case file. */
    before: digest,
    after: digest,
  }),
]);
export type Pending = z.infer<typeof PENDING>;

export type Unnamed<T> = T extends Pending ? Omit<T, "id"> : never;

/** Durable when it returns. @throws Fault STATE_FULL, STATE_UNAVAILABLE: then the thing is not done. */
export function leavePending(home: string, what: Unnamed<Pending>, files: DurableFiles = durable): void {
  const folder = join(home, PENDING_NAME);
  files.makeFolder(folder);
  // In the order of their ids; the process id keeps apart what two commands do in one millisecond.
  const id = `${String(what.atMs).padStart(15, "0")}-${process.pid}-${String(++left).padStart(4, "0")}`;
  const text = { ...what, why: what.why.slice(0, 1_000), id };
  files.makeFile(join(folder, `${id}.json`), `${JSON.stringify(text)}\n`);
}

let left = 0;

export type Found = { readonly file: string; readonly pending: Pending | undefined };

/** Oldest first; what cannot be read as one is among them, as undefined. */
export function readPending(home: string): readonly Found[] {
  const folder = join(home, PENDING_NAME);
  return names(folder).map((name) => ({ file: join(folder, name), pending: readOne(join(folder, name)) }));
}

/** After it was appended. */
export function donePending({ file, pending }: Found): void {
  // What nobody can read is kept for whoever looks into it.
  if (pending === undefined) renameSync(file, `${file}.unreadable`);
  else rmSync(file, { force: true });
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(".json"))
      .sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function readOne(file: string): Pending | undefined {
  try {
    return PENDING.parse(JSON.parse(readPlainText(file)));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}
