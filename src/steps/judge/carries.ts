/**
 * What a call would carry away: the kinds of sensitive data in everything that
 * it says, and that nobody asked to be carried.
 *
 * A secret always counts. Personal data does not where a person wrote that very
 * value himself, nor where it is the recipient: his own address is no leak.
 *
 * @module
 */
import type { Facts, Proposal } from "../../core/call.ts";
import { type FindSensitive, KNOWN_SECRET, type Sensitive } from "../../core/dlp.ts";
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import type { Effect } from "../../core/tool.ts";
import { holds } from "./designation/values.ts";

/** Effects that send something of the call out of this machine. */
const LEAVING: ReadonlySet<Effect> = new Set(["fetch", "send", "pay", "use_mcp", "unknown"]);

export function leaves({ effect, hosts }: Pick<Facts, "effect" | "hosts">): boolean {
  return LEAVING.has(effect) || hosts.length > 0;
}

/** @returns each kind once, sorted. */
export function carriedBy(
  proposal: Proposal,
  facts: Pick<Facts, "effect" | "hosts">,
  find: FindSensitive,
): readonly string[] {
  if (!leaves(facts)) return [];
  // As one text: what was cut up over several arguments is whole again.
  const found = find([...words(proposal.arguments)].join("\n"));
  const recipients = [...words(recipientsOf(proposal))].map((word) => word.toLowerCase());
  const counted = found.filter((one) => isGrave(one) || !(isRecipient(one, recipients) || isNamed(one, proposal)));
  return [...new Set(counted.map(({ kind }) => kind))].sort();
}

function isGrave({ kind }: Sensitive): boolean {
  return kind === "secret" || kind === KNOWN_SECRET;
}

/** Every word of a value: names of members too, for they leave as well. */
function* words(value: JsonValue | undefined): Generator<string> {
  if (typeof value === "string") yield value;
  else if (typeof value === "number") yield String(value);
  else if (isArray(value)) for (const member of value) yield* words(member);
  else if (isObject(value)) {
    for (const [name, member] of Object.entries(value)) {
      yield name;
      yield* words(member);
    }
  }
}

function recipientsOf({ arguments: args, declaration }: Proposal): JsonValue {
  return Object.entries(args).flatMap(([name, value]) =>
    value !== undefined && declaration?.roles.get(name) === "recipient" ? [value] : [],
  );
}

function isRecipient({ value }: Sensitive, recipients: readonly string[]): boolean {
  return recipients.some((recipient) => holds(recipient, value.toLowerCase()));
}

function isNamed({ value }: Sensitive, { context }: Proposal): boolean {
  return context.some((item) => item.kind === "person" && holds(item.text, value));
}
