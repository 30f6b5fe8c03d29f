/**
 * Doors: the ways in that a request came through.
 *
 * A session that another one spawned, a message to another session, a schedule:
 * each begins a turn that no door began. It has what all the doors on its way
 * offer. So every turn carries them with its principal, and each step adds to
 * them.
 *
 * @module
 */
import type { AgentId } from "./ids.ts";
import type { Door, Origin, Principal } from "./person.ts";

/** Session channels that stand for no door begin with a slash; no real one does. */
export function isDoor(channel: string): boolean {
  return !channel.startsWith("/");
}

/**
 * The principal of a turn that this one begins elsewhere.
 *
 * INVARIANT(child-within-parent): every door that bound this turn binds the next one too.
 */
export function through(principal: Principal, { agent, channel }: Pick<Origin, "agent" | "channel">): Principal {
  const before = principal.within ?? [];
  const own = [channel, ...before.map((door) => door.channel)].filter((one) => isDoor(one) || before.length === 0);
  return { ...principal, within: unique([...before, ...own.map((one) => ({ agent, channel: one }))]) };
}

/** The principal of somebody at a door whose session is not that door's alone (`session.dmScope`). */
export function cameBy(
  principal: Principal,
  agent: AgentId,
  doors: { readonly door: string; readonly session: string },
): Principal {
  return isDoor(doors.session) ? principal : { ...principal, within: [{ agent, channel: doors.door }] };
}

function unique(doors: readonly Door[]): readonly Door[] {
  return [...new Map(doors.map((door) => [`${door.agent}/${door.channel}`, door])).values()];
}
