/**
 * What a hardening would do: the mends of findings, each once, in an order in
 * which none disturbs another.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import type { Finding, Mend } from "../../core/finding.ts";
import type { JsonValue } from "../../core/json.ts";

export type ConfigMend = Extract<Mend, { readonly op: "set" | "unset" | "drop" }>;

export type Plan = {
  /** Ids of the findings that it is for. */
  readonly findings: readonly string[];
  /** Keys first, then entries of lists: places in a list count until something is taken out of it. */
  readonly config: readonly ConfigMend[];
  /** By path: bits to take away. */
  readonly modes: ReadonlyMap<string, number>;
  readonly away: readonly string[];
};

export function planOf(findings: readonly Finding[]): Plan {
  const mendable = findings.filter(({ mends }) => mends.length > 0);
  const mends = mendable.flatMap((finding) => finding.mends);
  const modes = new Map<string, number>();
  for (const mend of mends) if (mend.op === "mode") modes.set(mend.path, (modes.get(mend.path) ?? 0) | mend.take);
  return {
    findings: mendable.map(({ id }) => id),
    config: [...keysOf(mends), ...dropsOf(mends)],
    modes,
    away: [...new Set(mends.flatMap((mend) => (mend.op === "away" ? [mend.path] : [])))],
  };
}

function keysOf(mends: readonly Mend[]): readonly ConfigMend[] {
  const keys = new Map<string, ConfigMend>();
  for (const mend of mends) {
    // A key that one check takes out and another sets: out is the default, which is safe.
    if (mend.op === "unset" || (mend.op === "set" && !keys.has(mend.path))) keys.set(mend.path, mend);
  }
  return [...keys.values()];
}

function dropsOf(mends: readonly Mend[]): readonly ConfigMend[] {
  const drops = new Map<string, JsonValue[]>();
  for (const mend of mends) {
    if (mend.op !== "drop") continue;
    const values = drops.get(mend.path) ?? [];
    for (const value of mend.values) if (!values.some((one) => isDeepStrictEqual(one, value))) values.push(value);
    drops.set(mend.path, values);
  }
  return [...drops].map(([path, values]) => ({ op: "drop", path, values }));
}
