/**
 * How old each secret is, and which should be replaced (R-KEY-2). For `status`,
 * `doctor`, `secrets list` and the security audit; needs no key.
 *
 * @module
 */
import type { SecretAge } from "../../core/ports/secrets.ts";
import type { SecretId } from "../../core/secret-ref.ts";
import type { Registry, Row } from "./registry.ts";

const DAY_MS = 86_400_000;

/** Every secret that is known, the most overdue first. */
export function secretAges(registry: Registry, rotateDays: number, nowMs: number): readonly SecretAge[] {
  return [...registry.rows]
    .map(([id, row]) => ageOf(id, row, { rotateDays, nowMs }))
    .sort((a, b) => a.dueInDays - b.dueInDays || (a.id < b.id ? -1 : 1));
}

/** One line for each that is overdue, or whose old value was never let go. */
export function reminders(registry: Registry, rotateDays: number, nowMs: number): readonly string[] {
  return secretAges(registry, rotateDays, nowMs).flatMap(({ id, ageDays, dueInDays, state }) => {
    if (state === "revoked") return [];
    const old = dueInDays <= 0 ? [`${id} is ${ageDays} days old: \`vambrace secrets rotate ${id}\``] : [];
    const kept = `the old value of ${id} is still kept: \`vambrace secrets rotate ${id} --confirm\``;
    return state === "old value kept" && ageDays >= KEPT_DAYS ? [...old, kept] : old;
  });
}

/** After so long a new value has shown whether it works. */
const KEPT_DAYS = 7;

function ageOf(
  id: SecretId,
  row: Row,
  { rotateDays, nowMs }: { readonly rotateDays: number; readonly nowMs: number },
): SecretAge {
  // A clock that goes back makes nothing younger than new.
  const ageDays = Math.max(0, Math.floor((nowMs - row.setMs) / DAY_MS));
  const state = row.revoked === null ? (row.oldKept ? "old value kept" : "ready") : "revoked";
  return { id, owner: row.owner, ageDays, dueInDays: rotateDays - ageDays, state };
}
