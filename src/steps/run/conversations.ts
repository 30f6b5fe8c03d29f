/**
 * The effectors that reach other conversations: send, message, spawn, and
 * schedule. Text that arrives elsewhere keeps its label; the turn that it
 * begins there never has more than this one. What is said of it here is the
 * gateway's own word about the call, and was made from the call alone.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { SessionId } from "../../core/ids.ts";
import { type Label, NEUTRAL_LABEL } from "../../core/label.ts";
import type { Origin, Principal } from "../../core/person.ts";
import { type Effector, textArgument, type Work } from "./run.ts";

/** What the gateway offers for reaching others. Each is durable when it resolves. */
export type Conversations = {
  /** Delivers to a person known to the gateway. @throws Fault RECIPIENT_UNKNOWN */
  deliver(message: {
    readonly to: string;
    readonly text: string;
    readonly label: Label;
    readonly from: Origin;
  }): Promise<string>;
  /** Begins a turn in another session. @throws Fault SESSION_UNKNOWN */
  tell(message: {
    readonly session: string;
    readonly text: string;
    readonly label: Label;
    readonly principal: Principal;
    readonly from: Origin;
  }): Promise<void>;
  /** Begins a session of its own under this one's principal. @throws Fault AGENT_UNKNOWN */
  spawn(task: {
    readonly agent: string;
    readonly text: string;
    readonly label: Label;
    readonly principal: Principal;
    readonly parent: Origin;
  }): Promise<SessionId>;
  /** Stores a schedule; answers when it is next due, in words. @throws Fault SCHEDULE_MALFORMED */
  schedule(entry: {
    readonly when: string;
    readonly text: string;
    readonly label: Label;
    readonly principal: Principal;
    readonly from: Origin;
  }): Promise<string>;
};

export function sendEffector(conversations: Conversations): Effector {
  return async (work) => {
    const to = textArgument(work, "recipient");
    const where = await conversations.deliver({ to, text: textArgument(work, "text"), ...common(work) });
    return { ok: true, text: `sent to ${to} (${where})`, summary: `sent to ${to}`, label: NEUTRAL_LABEL };
  };
}

export function messageEffector(conversations: Conversations): Effector {
  return async (work) => {
    const session = textArgument(work, "session");
    if (session === work.proposal.origin.session) {
      throw new Fault("DENIED", {
        message: "a session cannot write to itself",
        hint: "answer in the conversation instead",
      });
    }
    await conversations.tell({
      session,
      text: textArgument(work, "text"),
      principal: work.proposal.principal,
      ...common(work),
    });
    const said = `delivered to ${session}`;
    return { ok: true, text: said, summary: said, label: NEUTRAL_LABEL };
  };
}

export function spawnEffector(conversations: Conversations): Effector {
  return async (work) => {
    const agent = textArgument(work, "agent") || work.proposal.origin.agent;
    const { principal, origin } = work.proposal;
    const session = await conversations.spawn({
      agent,
      text: textArgument(work, "task"),
      principal,
      parent: origin,
      label: common(work).label,
    });
    return {
      ok: true,
      text: `begun in session ${session}; its answer will arrive here`,
      summary: `spawned ${session}`,
      label: NEUTRAL_LABEL,
      data: { session },
    };
  };
}

export function scheduleEffector(conversations: Conversations): Effector {
  return async (work) => {
    const { principal } = work.proposal;
    const when = await conversations.schedule({
      when: textArgument(work, "when"),
      text: textArgument(work, "text"),
      principal,
      ...common(work),
    });
    const said = `scheduled: ${when}`;
    return { ok: true, text: said, summary: said, label: NEUTRAL_LABEL };
  };
}

function common(work: Work): { readonly label: Label; readonly from: Origin } {
  return { label: work.judged.facts.influence, from: work.proposal.origin };
}
