/**
 * What would have allowed a call: the same question put to the policies again,
 * with one thing otherwise. Only what turns the answer is told.
 *
 * @module
 */
import { type Asked, writeAsked } from "../../core/asked.ts";
import type { Decision } from "../../core/decision.ts";
import { TRUST_LEVELS, type Trust, trustRank } from "../../core/label.ts";
import type { Engine } from "./policy/engine.ts";
import { decideAsked, readAsked, type ReadAsked } from "./asked.ts";

/** Sentences, the nearest first; empty where nothing that was tried would have. */
export function wouldAllow(engine: Engine, asked: ReadAsked): readonly string[] {
  const now = decideAsked(engine, asked);
  if (now === undefined || now.verdict === "allow") return [];
  return [...withYes(now), ...withMoreTrust(engine, asked), ...WAYS.flatMap((way) => way.says(engine, asked))];
}

/** Whether a call would not be asked about, had all that led to it the trust of whoever began it. */
export function doesTrustMatter(engine: Engine, asked: Asked): boolean {
  const read = readAsked(writeAsked(asked));
  if (read === undefined) return false;
  return isAllowed(engine, read, { influence: trustRank(asked.principal.trust) });
}

function withYes(now: Decision): readonly string[] {
  if (now.verdict !== "ask") return [];
  const kind = now.needs === "owner-yes" ? "the owner's yes" : "a yes";
  return [`${kind} to this very call, of ${now.askOf.join(" or ")}`];
}

/** The least trust that would do: of all that the model had read. */
function withMoreTrust(engine: Engine, asked: ReadAsked): readonly string[] {
  const enough = TRUST_LEVELS.find((_, influence) => isAllowed(engine, asked, { influence }));
  if (enough === undefined) return [];
  return [`nothing less trusted than ${enough satisfies Trust} in what the model had read, or that text endorsed`];
}

type Changed = { readonly [name: string]: boolean | number | readonly string[] };

const NAMED: Changed = { named: true, designated: true, ownerDesignated: true, planned: true };

const WAYS = [
  way({ planned: true }, "a request that plainly asks for this step, so that it is in the plan"),
  way({ named: true, planned: true }, "the address written whole in the request, by somebody trusted enough"),
  way(NAMED, "everything that matters named in the request, by somebody trusted enough and for this purpose"),
  way({ confidentiality: 0 }, "nothing private in what the model had read"),
  way({ carries: [] }, "none of the sensitive data that it carries"),
];

function way(changed: Changed, sentence: string) {
  return {
    says: (engine: Engine, asked: ReadAsked): readonly string[] =>
      isAllowed(engine, asked, changed) ? [sentence] : [],
  };
}

function isAllowed(engine: Engine, asked: ReadAsked, changed: Changed): boolean {
  return decideAsked(engine, changedTo(asked, changed))?.verdict === "allow";
}

function changedTo<T extends Pick<Asked, "requests">>(asked: T, changed: Changed): T {
  return { ...asked, requests: asked.requests.map((one) => ({ ...one, context: { ...one.context, ...changed } })) };
}
