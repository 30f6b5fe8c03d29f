/**
 * What an interruption left, by a crash or by a ledger or store that failed:
 * turns that can go on go on; calls whose outcome nobody knows are recorded as
 * such and told, and are not run again.
 *
 * @module
 */
import type { CallId, TurnId } from "../core/ids.ts";
import type { Ledger } from "../core/ports/ledger.ts";
import type { SessionRow, TurnRow } from "../core/ports/store.ts";
import type { CallWord, Witness } from "../steps/session/recovery.ts";
import type { Sessions } from "../steps/session/session.ts";
import { receivedEntry } from "../pipeline.ts";
import { mayGoOn } from "./gateway/engine.ts";

export type RecoveryParts = {
  readonly sessions: Sessions;
  readonly ledger: Ledger;
  readonly sessionOf: (turn: TurnRow) => Promise<SessionRow | undefined>;
  readonly resume: (turn: TurnRow, session: SessionRow) => Promise<unknown>;
  /** Tells the person, where he is. */
  readonly report: (turn: TurnRow, text: string) => void;
  readonly log: (line: string) => void;
};

type Counts = { readonly resumed: number; readonly reported: number };

/**
 * @param which turns that nobody runs now: at start, before any message is taken, all of them.
 * @throws Fault where ledger or store cannot be read or written: to be tried again.
 */
export async function recoverTurns(parts: RecoveryParts, which: (turn: TurnId) => boolean): Promise<Counts> {
  const counts = { resumed: 0, reported: 0 };
  const witness = witnessOf(parts);
  for (const recovery of await parts.sessions.recover(witness, which)) {
    const { turn } = recovery;
    const session = await parts.sessionOf(turn);
    if (recovery.kind === "resumable" && mayGoOn(turn) && session !== undefined) {
      counts.resumed += 1;
      if (turn.state === "received") await recordMessage(parts.ledger, turn, session);
      parts.log(`turn ${turn.id} was interrupted and goes on`);
      parts.resume(turn, session).catch((thrown: unknown) => parts.log(`turn ${turn.id} failed: ${String(thrown)}`));
      continue;
    }
    counts.reported += 1;
    const said = recovery.kind === "reported" ? recovery.report : NOT_AGAIN;
    if (recovery.kind === "resumable") {
      await witness.ended(turn);
      await parts.sessions.finish(turn.id, "failed", said);
    }
    parts.report(turn, said);
    parts.log(`turn ${turn.id} was interrupted and is reported: ${said}`);
  }
  return counts;
}

const NOT_AGAIN = "this was interrupted and is not run again; what came of it is in the log";

/** The message may have been stored and never recorded: then it is now, before anything comes of it. */
async function recordMessage(ledger: Ledger, turn: TurnRow, session: SessionRow): Promise<void> {
  const recorded = await ledger.search({ kind: "message", turn: turn.id, limit: 1 });
  if (recorded.length === 0) await ledger.append(receivedEntry(turn, session));
}

function witnessOf({ ledger, sessionOf }: Pick<RecoveryParts, "ledger" | "sessionOf">): Witness {
  return {
    said: (call) => wordOf(ledger, call),
    unknown: async (call, turn) => {
      const { tool: target, id } = call;
      const data = { summary: "the gateway was interrupted while it ran" };
      const entry = { kind: "outcome", what: "call.ended", target, result: "unknown", call: id, data } as const;
      await ledger.append({ ...entry, ...about(turn) });
    },
    ended: async (turn) => {
      const target = (await sessionOf(turn))?.channel ?? "unknown";
      await ledger.append({ kind: "turn", what: "turn.finished", target, result: "failed", ...about(turn) });
    },
  };
}

function about(turn: TurnRow): { readonly who: string; readonly session: string; readonly turn: string } {
  return { who: turn.principal.person, session: turn.session, turn: turn.id };
}

async function wordOf(ledger: Ledger, call: CallId): Promise<CallWord> {
  const records = await ledger.search({ call });
  const outcome = records.find((record) => record.kind === "outcome");
  if (outcome !== undefined) {
    const summary = outcome.data?.["summary"];
    const state = outcome.result === "unknown" ? "unknown" : "done";
    return { recorded: "outcome", state, summary: typeof summary === "string" ? summary : "" };
  }
  return { recorded: records.some((record) => record.kind === "prepared") ? "prepared" : "nothing" };
}

/** Turns that were left behind while the gateway runs, until they are recovered. */
export type LeftTurns = {
  add(turn: TurnId): void;
  /** Recovers them, where there are any and the ledger answers; else they stay for the next time. */
  recover(): Promise<void>;
};

export function createLeftTurns(parts: {
  /** Rejects where nothing can be recorded now. */
  readonly ready: () => Promise<unknown>;
  readonly isRunning: (turn: TurnId) => boolean;
  readonly recover: (which: (turn: TurnId) => boolean) => Promise<unknown>;
}): LeftTurns {
  const left = new Set<TurnId>();
  return {
    add: (turn) => void left.add(turn),
    async recover() {
      if (left.size === 0) return;
      await parts.ready();
      const these = new Set(left);
      left.clear();
      try {
        await parts.recover((turn) => these.has(turn) && !parts.isRunning(turn));
      } catch (thrown) {
        for (const turn of these) left.add(turn);
        throw thrown;
      }
    },
  };
}
