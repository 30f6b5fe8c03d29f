/**
 * What is known of each secret besides its value: since when it is what it is,
 * whose it is, and whether it was revoked. Readable without the vault's key,
 * so that a reminder or a revocation needs none.
 *
 * A value stands here as a salted digest only, which tells a new value from
 * the old one and says nothing else.
 *
 * INVARIANT(revoked-stays): a value that was revoked is given out by nobody again, wherever it is read from; a new value
 * under the same name is another one.
 *
 * @module
 */
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { type Digest, parseDigest } from "../../core/json.ts";
import type { DurableFiles } from "../../core/ports/disk.ts";
import type { Random } from "../../core/ports/random.ts";
import type { SecretValue } from "../../core/ports/secrets.ts";
import { parseSecretId, type SecretId } from "../../core/secret-ref.ts";
import { durable } from "../config/durable.ts";
import { readPlainText } from "../plain-file.ts";

export const REGISTRY_NAME = "secrets.json";

const time = z.number().min(0);
const ROW = z.strictObject({
  /** When this value was set, or first seen where its place does not say. */
  setMs: time,
  digest: z.string().transform(parseDigest).nullable(),
  owner: z.string().max(128).nullable(),
  /** The value before is kept until somebody confirms the new one. */
  oldKept: z.boolean(),
  /** Without a digest: whatever stands there when it is read next. */
  revoked: z.strictObject({ atMs: time, digest: z.string().transform(parseDigest).nullable() }).nullable(),
});
export type Row = z.infer<typeof ROW>;

const REGISTRY = z.strictObject({
  format: z.literal("vambrace secrets 1"),
  salt: z.string().regex(/^[0-9a-f]{64}$/),
  /** Grows with each change that a command makes. */
  serial: z.int().min(0),
  rows: z.record(z.string(), ROW),
});
type Written = z.infer<typeof REGISTRY>;

export type Registry = {
  readonly salt: string;
  readonly serial: number;
  readonly rows: ReadonlyMap<SecretId, Row>;
};

/** @throws Fault SECRET_DAMAGED: what was revoked would come back where it is taken for empty. */
export function readRegistry(home: string, random: Random): Registry {
  const path = join(home, REGISTRY_NAME);
  if (!existsSync(path)) return { salt: Buffer.from(random.bytes(32)).toString("hex"), serial: 0, rows: new Map() };
  const written = parsed(path);
  return {
    salt: written.salt,
    serial: written.serial,
    rows: new Map(Object.entries(written.rows).map(([id, row]) => [parseSecretId(id).id, row])),
  };
}

function parsed(path: string): Written {
  try {
    return REGISTRY.parse(JSON.parse(readPlainText(path)));
  } catch (cause) {
    throw new Fault("SECRET_DAMAGED", {
      message: `\`${path}\` cannot be read: it says which secrets were revoked, and how old each is`,
      hint: "put it back from a backup; without it every revoked secret would count again",
      cause,
    });
  }
}

export function registryText({ salt, serial, rows }: Registry): string {
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify({ format: "vambrace secrets 1", salt, serial, rows: Object.fromEntries(sorted) }, null, 1)}\n`;
}

/** Under the lock of the secrets. */
export function writeRegistry(home: string, registry: Registry, files: DurableFiles = durable): void {
  files.replaceFile(join(home, REGISTRY_NAME), registryText(registry));
}

export function saltedDigest({ salt }: Registry, value: string): Digest {
  return parseDigest(createHmac("sha256", Buffer.from(salt, "hex")).update(value).digest("hex"));
}

export function withRow(registry: Registry, id: SecretId, change: (row: Row | undefined) => Row): Registry {
  return { ...registry, rows: new Map(registry.rows).set(id, change(registry.rows.get(id))) };
}

export const newRow = (setMs: number, digest: Digest | null): Row => ({
  setMs,
  digest,
  owner: null,
  oldKept: false,
  revoked: null,
});

/** Revoked, whatever its value: the next one that is read is the one that is meant. */
export function revokeRow(registry: Registry, id: SecretId, nowMs: number): Registry {
  return withRow(registry, id, (row) => ({
    ...(row ?? newRow(nowMs, null)),
    oldKept: false,
    revoked: row?.revoked ?? { atMs: nowMs, digest: row?.digest ?? null },
  }));
}

/**
 * What was read, noted: a value that was not seen before is as old as its place says, else as of now.
 *
 * @returns the same object where there was nothing new.
 */
export function noteValues(registry: Registry, values: ReadonlyMap<SecretId, SecretValue>, nowMs: number): Registry {
  let noted = registry;
  for (const [id, { value, setMs }] of values) {
    const digest = saltedDigest(registry, value);
    const row = noted.rows.get(id);
    const revoked = revokedNow(row, digest);
    const isSame = row !== undefined && row.digest === digest && row.revoked?.digest === revoked?.digest;
    if (isSame && (row.revoked === null) === (revoked === null)) continue;
    const since = row?.digest === digest ? row.setMs : (setMs ?? nowMs);
    noted = withRow(noted, id, (old) => ({ ...(old ?? newRow(since, digest)), setMs: since, digest, revoked }));
  }
  return noted;
}

function revokedNow(row: Row | undefined, digest: Digest): Row["revoked"] {
  if (row === undefined || row.revoked === null) return null;
  if (row.revoked.digest === null) return { ...row.revoked, digest };
  return row.revoked.digest === digest ? row.revoked : null;
}

/** Whether this value may be used under this name. */
export function isRevoked(registry: Registry, id: SecretId, value: string): boolean {
  const revoked = registry.rows.get(id)?.revoked;
  if (revoked === undefined || revoked === null) return false;
  return revoked.digest === null || revoked.digest === saltedDigest(registry, value);
}
