/**
 * Places: where a message came in, and which session that is.
 *
 * INVARIANT(sessions-apart): under the default scope two places that differ in
 * anything have different sessions. Each part is percent-encoded before parts
 * are put together, so that no peer can be named like an account and a peer.
 *
 * `session.dmScope` widens this for conversations of two only; a room is always
 * its own place.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { Fault } from "../../core/fault.ts";
import { type AgentId, type MessageId, newId, type PersonId } from "../../core/ids.ts";
import { canonicalJson } from "../../core/json.ts";
import type { Random } from "../../core/ports/random.ts";
import type { SessionRow } from "../../core/ports/store.ts";

/** From widest to narrowest. */
export const DM_SCOPES = ["main", "per-peer", "per-channel-peer", "per-account-channel-peer"] as const;
export type DmScope = (typeof DM_SCOPES)[number];

export type Place = {
  readonly agent: AgentId;
  readonly channel: string;
  /** Which of several accounts of the channel; absent where there is one. */
  readonly account?: string;
  /** Who writes: a person's id, or a sender's as the channel names it. */
  readonly peer: string;
  readonly room?: string;
};

type Key = Omit<SessionRow, "id" | "createdMs">;

/** Names that no encoding produces: an encoded part has no slash. */
const ANY_CHANNEL = "/any";
const ANY_PEER = "//any";

/**
 * The key of the session of a place.
 *
 * @throws Fault REQUEST_MALFORMED where a part is empty or not well-formed text.
 */
export function keyOf(place: Place, scope: DmScope): Key {
  const channel = part(place.channel, "channel");
  const peer = part(place.peer, "sender");
  const account = place.account === undefined ? "" : part(place.account, "account");
  const narrow = { agent: place.agent, channel, peer: `${account}/${peer}` };
  if (place.room !== undefined) return { ...narrow, room: part(place.room, "room") };
  switch (scope) {
    case "main":
      return { agent: place.agent, channel: ANY_CHANNEL, peer: ANY_PEER };
    case "per-peer":
      return { agent: place.agent, channel: ANY_CHANNEL, peer };
    case "per-channel-peer":
      return { agent: place.agent, channel, peer };
    case "per-account-channel-peer":
      return narrow;
    default:
      return narrow;
  }
}

function part(text: string, what: string): string {
  if (text !== "" && text.length <= 512 && text.isWellFormed()) return encodeURIComponent(text);
  throw new Fault("REQUEST_MALFORMED", {
    message: `the ${what} of the message is empty, too long or not well-formed text`,
    hint: `give the ${what} as 1 to 512 characters of UTF-8`,
  });
}

/** The id of a message that an outside sender named: the same name from the same person is the same message. */
export function messageIdOf(person: PersonId, channel: string, outsideId: string): MessageId {
  return newId("msg", derived(["message", person, channel, outsideId]));
}

/** Bytes that follow from what is given: for ids that must come out the same when a crash makes us do it again. */
export function derived(from: readonly string[]): Random {
  const digest = createHash("sha256").update(canonicalJson(from)).digest();
  return { bytes: (count) => digest.subarray(0, count), uniform: () => 0 };
}
