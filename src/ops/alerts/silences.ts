/**
 * Silences: a rule that tells nobody for a while. Each has an end, a reason and
 * somebody who said it. What a rule *does* (freeze, stop) is not silenced: it
 * protects, and quiet is not what it is for.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { JsonObject } from "../../core/json.ts";
import { didYouMean } from "../../core/nearest.ts";

export type Silence = { readonly rule: string; readonly untilMs: number; readonly by: string; readonly why: string };

const LONGEST_MS = 30 * 86_400_000;

export type Silences = {
  readonly now: () => readonly Silence[];
  isSilent(rule: string): boolean;
  /** @throws Fault ALERT_UNKNOWN, ALERT_MALFORMED for an end that is none or more than 30 days away. */
  add(silence: Silence): Silence;
  /** @returns false where it was not silent. */
  remove(rule: string): boolean;
  toJson(): JsonObject;
};

export function createSilences(kept: JsonObject | undefined, names: readonly string[], nowMs: () => number): Silences {
  const silences = new Map<string, Silence>();
  for (const one of readAll(kept)) if (names.includes(one.rule)) silences.set(one.rule, one);

  const live = (): readonly Silence[] => {
    for (const [rule, { untilMs }] of silences) if (untilMs <= nowMs()) silences.delete(rule);
    return [...silences.values()];
  };

  return {
    now: live,
    isSilent: (rule) => live().some((silence) => silence.rule === rule),
    add(silence) {
      if (!names.includes(silence.rule)) {
        throw new Fault("ALERT_UNKNOWN", {
          message: `there is no rule \`${silence.rule.slice(0, 80)}\``,
          hint: didYouMean(silence.rule, names),
        });
      }
      const lastsMs = silence.untilMs - nowMs();
      if (!(lastsMs > 0 && lastsMs <= LONGEST_MS)) {
        throw new Fault("ALERT_MALFORMED", {
          message: "a silence has an end, at most 30 days away",
          hint: "write `--for 1h`, `--for 7d`; to be rid of a rule for good, write `off: true` in `alerts.builtIn`",
        });
      }
      silences.set(silence.rule, silence);
      return silence;
    },
    remove: (rule) => silences.delete(rule),
    toJson: () => ({ silences: live().map((one) => ({ ...one })) }),
  };
}

function readAll(kept: JsonObject | undefined): readonly Silence[] {
  const list: unknown = kept?.["silences"];
  if (!Array.isArray(list)) return [];
  return list.flatMap((one: unknown): Silence[] => {
    if (typeof one !== "object" || one === null) return [];
    const { rule, untilMs, by, why }: { rule?: unknown; untilMs?: unknown; by?: unknown; why?: unknown } = one;
    const isWhole =
      typeof rule === "string" && typeof untilMs === "number" && typeof by === "string" && typeof why === "string";
    return isWhole ? [{ rule, untilMs, by, why }] : [];
  });
}
