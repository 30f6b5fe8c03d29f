/**
 * The rules for sensitive data, as policies: which kinds are asked about and
 * which are blocked, by whom a call carries them to.
 *
 * A call is judged as it stands, so nothing can be taken out of it: where a rule
 * says to redact, a call is asked about instead.
 *
 * @module
 */
import type { Expr, PolicyJson } from "@cedar-policy/cedar-wasm/nodejs";
import { type DataKind, DLP_RECIPIENTS, type DlpRecipient, type DlpRule, kindsFor } from "../../../core/dlp.ts";
import { all, any, approved, containsAny, contextFact, forbid, isA, not, resourceFact } from "./expressions.ts";

const GOES: Readonly<Record<DlpRecipient, string>> = {
  asker: "to the person who asks",
  person: "to somebody else",
  host: "to another machine",
};

const REACHES: Readonly<Record<DlpRecipient, Expr>> = {
  asker: all(isA("Recipient"), resourceFact("asker")),
  person: all(isA("Recipient"), not(resourceFact("asker"))),
  // Files that a call opens on the way are no destination.
  host: any(isA("Host"), isA("Tool"), isA("Command")),
};

export function dlpPolicies(rules: readonly DlpRule[]): readonly PolicyJson[] {
  return DLP_RECIPIENTS.flatMap((to) => {
    const asked = kindsFor(rules, { direction: "out", to }, ["ask", "redact"]);
    const blocked = kindsFor(rules, { direction: "out", to }, ["block"]);
    const secrets = asked.filter((kind) => kind === "secret");
    const personal = asked.filter((kind) => kind !== "secret");
    return [
      ...ask(`config.dlp.secret.${to}`, `Something that looks like a secret would go ${GOES[to]}.`, to, secrets),
      ...ask(`config.dlp.personal.${to}`, `Personal data that nobody named would go ${GOES[to]}.`, to, personal),
      ...block(to, blocked),
    ];
  });
}

function ask(id: string, says: string, to: DlpRecipient, kinds: readonly DataKind[]): readonly PolicyJson[] {
  if (kinds.length === 0) return [];
  // Whoever is in the audience of everything that the call was made from knows such data already.
  const isNew = to === "person" && !kinds.includes("secret") ? [not(resourceFact("mayKnow"))] : [];
  return [
    forbid({
      id,
      says,
      hint: "leave it out, or have a person say yes to this very call",
      actions: [],
      when: all(leaving(kinds), REACHES[to], ...isNew),
      unless: approved("yes"),
    }),
  ];
}

function block(to: DlpRecipient, kinds: readonly DataKind[]): readonly PolicyJson[] {
  if (kinds.length === 0) return [];
  return [
    forbid({
      id: `config.dlp.block.${to}`,
      says: `This holds data that must not go ${GOES[to]}: ${kinds.join(", ")}.`,
      hint: "leave it out; the configuration says so under `dlp.rules`",
      actions: [],
      when: all(leaving(kinds), REACHES[to]),
    }),
  ];
}

function leaving(kinds: readonly DataKind[]): Expr {
  return all(contextFact("leaves"), containsAny(contextFact("carries"), kinds));
}
