/**
 * The request that is being worked on: which messages speak for it, and how
 * often something that they asked for has been done already.
 *
 * @module
 */
import type { ContextItem, ProposedCall } from "../../../core/item.ts";
import { type Trust, trustRank } from "../../../core/label.ts";
import type { Effect } from "../../../core/tool.ts";

export type Message = Extract<ContextItem, { kind: "person" }>;

export type Request = {
  /** Newest first; only of persons whose own trust reaches the effect. */
  readonly messages: readonly Message[];
  /** Calls since it began whose result says that they were done. */
  readonly done: readonly ProposedCall[];
};

/**
 * The least own trust with which a person may cause an effect, and so name
 * something for it: the guide's matrix, which `floor.who.*` enforces. A test
 * holds the two together.
 */
export const OWN_TRUST: Readonly<Record<Effect, Trust>> = {
  read: "limited",
  write: "standard",
  fetch: "standard",
  send: "standard",
  remember: "standard",
  delete: "elevated",
  exec: "elevated",
  pay: "elevated",
  schedule: "elevated",
  spawn: "elevated",
  use_mcp: "elevated",
  configure: "full",
  install: "full",
  unknown: "full",
};

/** A designation holds for this request: what was said before the last finished answer names nothing any more. */
export function currentRequest(context: readonly ContextItem[], effect: Effect): Request {
  const closed = context.findLastIndex((item) => item.kind === "model" && item.calls.length === 0);
  const current = context.slice(closed + 1);
  const messages = current.filter(
    (item): item is Message => item.kind === "person" && trustRank(item.label.trust) >= trustRank(OWN_TRUST[effect]),
  );
  const ok = new Set(current.flatMap((item) => (item.kind === "result" && item.ok ? [item.call] : [])));
  const calls = current.flatMap((item) => (item.kind === "model" ? item.calls : []));
  return { messages: messages.reverse(), done: calls.filter((call) => ok.has(call.id)) };
}
