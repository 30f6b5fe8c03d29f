/**
 * What a person is shown beside the call: where each value stands in its source,
 * what leaves and who will see it, and what was found in the text that led here.
 *
 * @module
 */
import type { Leaving, Quote } from "../../core/approval.ts";
import type { ArgumentFact, Facts, Proposal } from "../../core/call.ts";
import type { ContextItem, Found } from "../../core/item.ts";
import { mayKnow } from "../../core/label.ts";
import { signsIn } from "../../steps/outbound/sift.ts";

const QUOTES = 12;
/** UTF-16 units on each side of a value. */
const AROUND = 60;

/** Of each argument that matters, the best and the worst place that it stands in. */
export function quotesOf(origins: readonly ArgumentFact[], context: readonly ContextItem[]): readonly Quote[] {
  const texts = new Map(context.flatMap((item) => (item.kind === "model" ? [] : [[item.id as string, item.text]])));
  return origins
    .flatMap(({ argument, value, sources }) =>
      [...new Set([sources.at(0), sources.at(-1)])].flatMap((source): readonly Quote[] => {
        const text = source?.item === undefined ? undefined : around(texts.get(source.item) ?? "", value);
        return source === undefined || text === undefined
          ? []
          : [{ argument, value: value.slice(0, 200), source, text }];
      }),
    )
    .slice(0, QUOTES);
}

function around(text: string, value: string): string | undefined {
  const at = text.toLowerCase().indexOf(value.toLowerCase());
  if (at < 0) return undefined;
  const from = Math.max(0, at - AROUND);
  const to = Math.min(text.length, at + Math.min(value.length, 200) + AROUND);
  const piece = text.slice(from, to).replaceAll(/\s+/g, " ").trim().toWellFormed();
  return `${from > 0 ? "…" : ""}${piece}${to < text.length ? "…" : ""}`;
}

export function leavingOf({ principal }: Proposal, facts: Facts): Leaving {
  const { influence, carries } = facts;
  const persons = facts.arguments
    .filter(({ role }) => role === "recipient")
    .map(({ value }) => ({ name: value, mayKnow: value === principal.person || mayKnow(influence.audience, value) }));
  const hosts = facts.hosts.map(({ host, port }) => ({
    name: port === 443 ? host : `${host}:${port}`,
    mayKnow: influence.audience.kind === "anyone",
  }));
  const to = [...new Map([...persons, ...hosts].map((one) => [one.name, one])).values()];
  return { confidentiality: influence.confidentiality, carries, to };
}

/** Of results as they were brought; of what persons and notes say, as it stands: nobody's own words were changed. */
export function foundIn(context: readonly ContextItem[]): Found {
  const counts: Record<string, number> = {};
  for (const item of context) {
    const found = item.kind === "result" ? (item.found ?? {}) : item.kind === "model" ? {} : signsOf(item);
    for (const [rule, times] of Object.entries(found)) counts[rule] = (counts[rule] ?? 0) + times;
  }
  return counts;
}

function signsOf(item: Extract<ContextItem, { kind: "system" | "person" | "note" }>): Found {
  return item.kind === "system" ? {} : signsIn(item.text);
}
