/**
 * Endorsing at the gateway: which texts a question offers, the record of what
 * was said, and who sees and takes back what stands.
 *
 * @module
 */
import { ownOf, type Rest } from "../../core/basis.ts";
import type { Proposal } from "../../core/call.ts";
import type { Endorsable, EndorsedAs, Endorsement, Endorsing } from "../../core/endorsement.ts";
import { Fault } from "../../core/fault.ts";
import type { ContextItem } from "../../core/item.ts";
import { type Trust, trustRank } from "../../core/label.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Caller } from "../../core/ports/gateway.ts";
import type { Ledger } from "../../core/ports/ledger.ts";
import type { Endorsements } from "../../steps/label/endorsements.ts";

/** A person cannot weigh more at once; the next question offers the next. */
const OFFERED = 5;
/** UTF-16 units of each that are shown with the question. */
const SHOWN = 600;

/**
 * What could be endorsed so that this call counts as more trusted, the least trusted and newest first.
 *
 * @param known who is asked: only what each of them may know is shown.
 */
export function sourcesOf(
  { context, origin }: Proposal,
  given: {
    readonly endorsements: Endorsements;
    readonly known: readonly string[];
    /** Where it would ask all the same, nobody is offered to endorse anything. */
    readonly doesTrustMatter: boolean;
  },
): readonly Endorsable[] {
  const standing = given.endorsements.list().filter(({ session }) => session === origin.session);
  return context
    .flatMap((item): readonly Endorsable[] => {
      const own = item.kind === "result" || item.kind === "note" ? ownOf(item) : undefined;
      if (own === undefined || !mayAllKnow(own, given.known)) return [];
      const said = standing.find((one) => one.item === own.item && one.digest === own.digest);
      const as = openTo(own, said).filter((one) => one !== "trusted" || given.doesTrustMatter);
      return as.length === 0 ? [] : [offerOf(item, own, as)];
    })
    .reverse()
    .sort((a, b) => trustRank(a.trust) - trustRank(b.trust))
    .slice(0, OFFERED);
}

function openTo({ trust, confidentiality }: Rest, said: Endorsement | undefined): readonly EndorsedAs[] {
  return [
    ...(trust !== "full" && said?.trust === undefined ? (["trusted"] as const) : []),
    ...(confidentiality === "secret" && said?.confidentiality === undefined ? (["private"] as const) : []),
  ];
}

function mayAllKnow({ persons }: Rest, known: readonly string[]): boolean {
  return persons === null || known.every((person) => persons.includes(person));
}

function offerOf(item: ContextItem, own: Rest, as: readonly EndorsedAs[]): Endorsable {
  const { trust, confidentiality, digest } = own;
  const first = item.label.sources.find((source) => source.trust === trust);
  const about = first === undefined ? "" : ` (${first.kind} ${first.id})`;
  const from = item.kind === "result" ? `result of ${item.tool}` : item.kind === "note" ? `note from ${item.from}` : "";
  const text = item.text.slice(0, SHOWN).toWellFormed();
  const shown = `${from}${about}`.slice(0, 200).toWellFormed();
  return { item: item.id, digest, from: shown, trust, confidentiality, as, text, characters: item.text.length };
}

export type EndorsingParts = {
  readonly endorsements: Endorsements;
  readonly ledger: Ledger;
  readonly clock: Clock;
};

/** INVARIANT(labels-fall): recorded first, of the very text that was shown, and never above whoever said it. */
export async function endorse(
  { endorsements, ledger, clock }: EndorsingParts,
  { origin, id: call }: Pick<Proposal, "origin" | "id">,
  { id, by, of, as, trust }: Endorsing,
): Promise<void> {
  const { item, digest, from } = of;
  const to: { trust: Trust } | { confidentiality: "private" } =
    as === "trusted" ? { trust } : { confidentiality: "private" };
  await ledger.append({
    kind: "approval",
    who: by,
    what: "approval.endorsed",
    target: item,
    result: "ok",
    session: origin.session,
    turn: origin.turn,
    call,
    data: {
      approval: id,
      digest,
      source: from,
      as,
      was: { trust: of.trust, confidentiality: of.confidentiality },
      now: { ...to },
    },
  });
  await endorsements.add({ session: origin.session, item, digest, from, by, atMs: clock.wallMs(), ...to });
}

/** Takes one back. It falls before it is recorded: what lowers is never kept waiting. */
export async function unendorse(
  { endorsements, ledger }: EndorsingParts,
  caller: Caller,
  one: Endorsement | undefined,
): Promise<void> {
  if (one === undefined || !(await endorsements.remove(one.session, one.item))) {
    throw new Fault("ENDORSEMENT_UNKNOWN", {
      message: "there is no such endorsement that you can take back",
      hint: "list them: `vambrace endorsements`",
    });
  }
  await ledger.append({
    kind: "approval",
    who: caller.person,
    what: "approval.unendorsed",
    target: one.item,
    result: "ok",
    session: one.session,
    data: { digest: one.digest, source: one.from, by: one.by },
  });
}
