/**
 * Wires that are laid before what they lead to exists: helpers boot while the
 * rest of the gateway is read.
 *
 * @module
 */
import type { ContainerConfig } from "../core/broker-wire.ts";
import type { Conversations } from "../steps/run/conversations.ts";
import type { HelperParts } from "./helpers.ts";

/** What the helpers may say before there is a log to write it to, or a ledger to record it in. */
export type LateWires = {
  readonly log: HelperLog;
  /** What the configuration says of containers; rejects where it cannot be read. */
  readonly container: PromiseWithResolvers<ContainerConfig | null>;
  onConnection: HelperParts["onConnection"];
  onHelper: HelperParts["onHelper"];
  /** The sandbox's newest word, which may come before anybody can record it. */
  proved(isReady: boolean, says: string): void;
  /** From here on it goes there; the one that waited goes first. */
  onProof(listener: ProofListener): void;
  /** From here on lines go there; those that waited go first. */
  openLog(log: HelperLog): void;
};

type ProofListener = (isReady: boolean, says: string) => void;

type HelperLog = HelperParts["log"];

export function lateWires(): LateWires {
  const waiting: (readonly ["warn" | "error", string])[] = [];
  const container = Promise.withResolvers<ContainerConfig | null>();
  container.promise.catch(() => undefined); // whoever waits for it is told
  let to: HelperLog | undefined;
  let listener: ProofListener | undefined;
  let early: Parameters<ProofListener> | undefined;
  const say = (level: "warn" | "error") => (line: string) => {
    if (to === undefined) waiting.push([level, line]);
    else to[level](line);
  };
  return {
    container,
    log: { warn: say("warn"), error: say("error") },
    // Nothing runs before there is a gateway: a connection then is nobody's.
    onConnection: () => Promise.reject(new Error("a connection before the gateway was open")),
    // Nothing to tell it to yet; the log has it.
    onHelper: () => undefined,
    proved(isReady, says) {
      if (listener === undefined) early = [isReady, says];
      else listener(isReady, says);
    },
    onProof(next) {
      listener = next;
      if (early !== undefined) next(...early);
      early = undefined;
    },
    openLog(log) {
      to = log;
      for (const [level, line] of waiting.splice(0)) log[level](line);
    },
  };
}

/** What tools reach others with, which needs the tools. */
export function lateConversations(late: { readonly conversations?: Conversations }): Conversations {
  const now = (): Conversations => {
    if (late.conversations === undefined) throw new Error("a tool ran before the gateway was put together");
    return late.conversations;
  };
  return {
    deliver: (message) => now().deliver(message),
    tell: (message) => now().tell(message),
    spawn: (task) => now().spawn(task),
    schedule: (entry) => now().schedule(entry),
  };
}
