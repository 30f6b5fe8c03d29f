/**
 * What a label was made of: the part that nothing changes, and the items that
 * somebody could endorse, each with the label of its own.
 *
 * An item keeps its label as it was made; an endorsement is laid over it when
 * it is read. So what was made from an endorsed item rises with it, falls when
 * the endorsement is taken back, and nothing else moves.
 *
 * @module
 */
import type { ItemId } from "./ids.ts";
import type { ContextItem } from "./item.ts";
import { type Digest, sha256 } from "./json.ts";
import {
  type Audience,
  type Confidentiality,
  confidentialityRank,
  join,
  type Label,
  NEUTRAL_LABEL,
  type Trust,
  trustRank,
} from "./label.ts";

/** A label without its sources; `persons: null` is anyone. */
type Part = {
  readonly trust: Trust;
  readonly confidentiality: Confidentiality;
  readonly persons: readonly string[] | null;
};

/** An item that others were made from, with the label that it has by itself. */
export type Rest = Part & { readonly item: ItemId; readonly digest: Digest };

export type Basis = Part & { readonly rests: readonly Rest[] };

/** What an endorsement says of an item: the trust that it has at least, the confidentiality that it has at most. */
export type Endorsed = { readonly trust?: Trust; readonly confidentiality?: Confidentiality };

/** Absent: nobody endorsed this very text. */
export type EndorsedOf = (item: ItemId, digest: Digest) => Endorsed | undefined;

/** More items than this in one basis: the rest count as they are, for good. */
export const RESTS_KEPT = 16;

/** What names a text that is endorsed. */
export function textDigest({ text }: { readonly text: string }): Digest {
  return sha256(text);
}

/** Of what is made from all of these. */
export function basisOf(items: Iterable<ContextItem>): Basis {
  let fixed = NEUTRAL_LABEL;
  const rests = new Map<string, Rest>();
  for (const { basis, label } of items) {
    fixed = join(fixed, basis === undefined ? label : toLabel(basis));
    for (const rest of basis?.rests ?? []) rests.set(rest.item, rest);
  }
  return bounded(fixed, [...rests.values()]);
}

/** Of an item that has a label of its own beside what it was made from. */
export function withOwn(
  basis: Basis,
  item: { readonly id: ItemId; readonly text: string },
  own: Label,
): { readonly basis: Basis } {
  const part = partOf(own);
  if (isNeutral(part)) return { basis };
  const rest: Rest = { ...part, item: item.id, digest: textDigest(item) };
  return { basis: bounded(toLabel(basis), [...basis.rests, rest]) };
}

/** The label that an item has by itself, where it can be endorsed. */
export function ownOf({ id, basis }: ContextItem): Rest | undefined {
  return basis?.rests.find((rest) => rest.item === id);
}

/**
 * The item with the label that it counts with now.
 *
 * INVARIANT(labels-fall): without an endorsement of something that it was made from, this is its own label; with one, the
 * join of everything else and of what was endorsed.
 */
export function counted<T extends ContextItem>(item: T, endorsedOf: EndorsedOf): T {
  const { basis, label } = item;
  if (basis === undefined) return item;
  const lifted = basis.rests.map((rest) => ({ rest, by: endorsedOf(rest.item, rest.digest) }));
  if (lifted.every(({ by }) => by === undefined)) return item;
  const now = lifted.map(({ rest, by }) => toLabel(by === undefined ? rest : lift(rest, by)));
  return { ...item, label: { ...now.reduce(join, toLabel(basis)), sources: label.sources } };
}

/** Never less trusted and never more confidential than it is; who may know it stays. */
function lift<T extends Part>(part: T, { trust, confidentiality }: Endorsed): T {
  const rises = trust !== undefined && trustRank(trust) > trustRank(part.trust);
  const falls =
    confidentiality !== undefined && confidentialityRank(confidentiality) < confidentialityRank(part.confidentiality);
  return { ...part, ...(rises ? { trust } : {}), ...(falls ? { confidentiality } : {}) };
}

function isNeutral({ trust, confidentiality, persons }: Part): boolean {
  return trust === "full" && confidentiality === "public" && persons === null;
}

function partOf({ trust, confidentiality, audience }: Label): Part {
  return { trust, confidentiality, persons: audience.kind === "anyone" ? null : [...audience.persons] };
}

function toLabel({ trust, confidentiality, persons }: Part): Label {
  const audience: Audience = persons === null ? { kind: "anyone" } : { kind: "persons", persons };
  return { trust, confidentiality, audience, sources: [] };
}

/** The least trusted are kept apart, the newest first; the others become part of what nothing changes. */
function bounded(fixed: Label, rests: readonly Rest[]): Basis {
  if (rests.length <= RESTS_KEPT) return { ...partOf(fixed), rests };
  const byTrust = rests.toReversed().sort((a, b) => trustRank(a.trust) - trustRank(b.trust));
  const kept = new Set(byTrust.slice(0, RESTS_KEPT));
  const folded = byTrust.slice(RESTS_KEPT).map(toLabel).reduce(join, fixed);
  return { ...partOf(folded), rests: rests.filter((rest) => kept.has(rest)) };
}
