/**
 * Labels: who could have written a text, who may know it, where it came from.
 *
 * A label travels with its value from the edge. Joining two only lowers trust,
 * raises confidentiality and narrows the audience; nothing in this file raises
 * trust, and nothing else may: an endorsement is an approval of its own.
 *
 * @module
 */

/** From least to most. People and texts have the same five. */
export const TRUST_LEVELS = ["none", "limited", "standard", "elevated", "full"] as const;
export type Trust = (typeof TRUST_LEVELS)[number];

/** From least to most. */
export const CONFIDENTIALITY_LEVELS = ["public", "internal", "private", "secret"] as const;
export type Confidentiality = (typeof CONFIDENTIALITY_LEVELS)[number];

/** Who may know a value: anyone, or the named persons only (an empty list: nobody). */
export type Audience = { readonly kind: "anyone" } | { readonly kind: "persons"; readonly persons: readonly string[] };

/** Where a text came from, as shown to a person: `{kind:"web", id:"https://example.org/"}`. */
export type Source = {
  readonly kind:
    | "system"
    | "person"
    | "quoted"
    | "model"
    | "tool"
    | "file"
    | "web"
    | "memory"
    | "schedule"
    | "session"
    | "directory"
    | "api";
  /** Person id, tool name, path, URL, …: what names it within its kind. */
  readonly id: string;
  readonly trust: Trust;
  /** The context item or recorded event that it came in by, where there is one. */
  readonly item?: string;
};

export type Label = {
  readonly trust: Trust;
  readonly confidentiality: Confidentiality;
  readonly audience: Audience;
  readonly sources: readonly Source[];
};

/** What a value without a label is taken for: written by anybody, private. */
export const UNKNOWN_LABEL: Label = {
  trust: "none",
  confidentiality: "private",
  audience: { kind: "persons", persons: [] },
  sources: [],
};

/** The neutral element of `join`: the program's own words. */
export const SYSTEM_LABEL: Label = {
  trust: "full",
  confidentiality: "public",
  audience: { kind: "anyone" },
  sources: [{ kind: "system", id: "vambrace", trust: "full" }],
};

/** Of words that were made from nothing but what they are joined with. */
export const NEUTRAL_LABEL: Label = { ...SYSTEM_LABEL, sources: [] };

/** Sources are kept for explanation; a join keeps this many, the least trusted first. */
export const SOURCES_KEPT = 32;

export function trustRank(trust: Trust): number {
  return TRUST_LEVELS.indexOf(trust);
}

export function confidentialityRank(level: Confidentiality): number {
  return CONFIDENTIALITY_LEVELS.indexOf(level);
}

export function leastTrust(a: Trust, b: Trust): Trust {
  return trustRank(a) <= trustRank(b) ? a : b;
}

export function mostConfidential(a: Confidentiality, b: Confidentiality): Confidentiality {
  return confidentialityRank(a) >= confidentialityRank(b) ? a : b;
}

/**
 * The label of what was made from both.
 *
 * INVARIANT(weakest-influence): never more trusted, less confidential or wider known than either.
 */
export function join(a: Label, b: Label): Label {
  return {
    trust: leastTrust(a.trust, b.trust),
    confidentiality: mostConfidential(a.confidentiality, b.confidentiality),
    audience: narrower(a.audience, b.audience),
    sources: mergeSources(a.sources, b.sources),
  };
}

/** The join of all; of none: the neutral label. */
export function joinAll(labels: Iterable<Label>): Label {
  let result: Label | undefined;
  for (const label of labels) result = result === undefined ? label : join(result, label);
  return result ?? NEUTRAL_LABEL;
}

/** Those who are in both. */
export function narrower(a: Audience, b: Audience): Audience {
  if (a.kind === "anyone") return b;
  if (b.kind === "anyone") return a;
  const second = new Set(b.persons);
  return { kind: "persons", persons: a.persons.filter((person) => second.has(person)) };
}

export function mayKnow(audience: Audience, person: string): boolean {
  return audience.kind === "anyone" || audience.persons.includes(person);
}

function mergeSources(a: readonly Source[], b: readonly Source[]): readonly Source[] {
  const seen = new Map<string, Source>();
  for (const source of [...a, ...b]) seen.set(`${source.kind}\n${source.id}\n${source.item ?? ""}`, source);
  const merged = [...seen.values()];
  if (merged.length <= SOURCES_KEPT) return merged;
  return merged.sort((x, y) => trustRank(x.trust) - trustRank(y.trust)).slice(0, SOURCES_KEPT);
}

/** A label of one source: `trust` is that of the source. */
export function labelOf(source: Source, confidentiality: Confidentiality, audience: Audience): Label {
  return { trust: source.trust, confidentiality, audience, sources: [source] };
}
