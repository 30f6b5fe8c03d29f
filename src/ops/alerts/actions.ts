/**
 * What a rule does: one or several actions, with commas between them.
 *
 *     email ana@example.com, slack #security, webhook siem, operator, freeze, stop
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { didYouMean } from "../../core/nearest.ts";

export type Action =
  | { readonly kind: "email"; readonly to: string }
  | { readonly kind: "slack" | "webhook"; readonly name: string }
  /** To the owner's page and terminal. */
  | { readonly kind: "operator" }
  /** Ends the session that the alert is about, and keeps it from going on. */
  | { readonly kind: "freeze" }
  /** Everything, until `vambrace resume`. */
  | { readonly kind: "stop" }
  /** The ledger only. */
  | { readonly kind: "record" };

const ALONE = ["operator", "freeze", "stop", "record"] as const;
const WORDS = ["email", "slack", "webhook", ...ALONE] as const;
// One address, without display name: nothing in it can begin another header or another recipient.
const ADDRESS = /^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)*[A-Za-z0-9-]{1,63}$/;
const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** @throws Fault ALERT_MALFORMED */
export function parseActions(text: string): readonly Action[] {
  const actions = text.split(",").map((part) => parseAction(part.trim()));
  const spelled = actions.map(writeAction);
  const twice = spelled.find((one, i) => spelled.indexOf(one) !== i);
  if (twice === undefined) return actions;
  throw malformed(`\`${twice}\` stands there twice`, "write each action once");
}

function parseAction(text: string): Action {
  const [word = "", ...rest] = text.split(/\s+/);
  const argument = rest.join(" ");
  if (word === "email") {
    if (ADDRESS.test(argument)) return { kind: "email", to: argument };
    throw malformed(`\`${argument.slice(0, 80)}\` is not an e-mail address`, "write `email ana@example.com`");
  }
  if (word === "slack" || word === "webhook") return { kind: word, name: nameOf(word, argument) };
  if (word === "disable" || word === "halt") {
    const hint = "the canonical word is `stop`: everything is halted until `vambrace resume`";
    throw malformed(`there is no action \`${word}\``, hint);
  }
  const alone = ALONE.find((known) => known === word);
  if (alone === undefined) throw malformed(`there is no action \`${word.slice(0, 40)}\``, didYouMean(word, WORDS));
  if (argument !== "") throw malformed(`\`${word}\` takes nothing behind it`, `write \`${word}\` alone`);
  return { kind: alone };
}

/** `#security` is `security`: which channel a Slack webhook leads to was said where it was made. */
function nameOf(word: string, argument: string): string {
  const name = argument.replace(/^#/, "");
  if (NAME.test(name)) return name;
  throw malformed(
    `\`${word}\` needs a name`,
    `write \`${word} NAME\`, as it stands under \`alerts.${word === "slack" ? "slack" : "webhooks"}\``,
  );
}

export function writeAction(action: Action): string {
  switch (action.kind) {
    case "email":
      return `email ${action.to}`;
    case "slack":
    case "webhook":
      return `${action.kind} ${action.name}`;
    case "operator":
    case "freeze":
    case "stop":
    case "record":
      return action.kind;
  }
}

function malformed(message: string, hint: string): Fault {
  return new Fault("ALERT_MALFORMED", { message, hint });
}
