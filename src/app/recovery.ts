/**
 * What a crash left: turns that can go on go on; calls whose outcome nobody
 * knows are recorded as such and told, and are not run again.
 *
 * @module
 */
import type { Ledger } from "../core/ports/ledger.ts";
import type { SessionRow, TurnRow } from "../core/ports/store.ts";
import type { Sessions } from "../steps/session/session.ts";

export type RecoveryParts = {
  readonly sessions: Sessions;
  readonly ledger: Ledger;
  readonly sessionOf: (turn: TurnRow) => Promise<SessionRow | undefined>;
  readonly resume: (turn: TurnRow, session: SessionRow) => Promise<unknown>;
  readonly log: (line: string) => void;
};

/** To be called once, before any message is taken. @returns how many turns go on, and how many were reported. */
export async function recoverTurns(
  parts: RecoveryParts,
): Promise<{ readonly resumed: number; readonly reported: number }> {
  const counts = { resumed: 0, reported: 0 };
  for (const recovery of await parts.sessions.recover()) {
    const { turn } = recovery;
    if (recovery.kind === "reported") {
      counts.reported += 1;
      for (const call of recovery.calls) {
        await parts.ledger.append({
          kind: "outcome",
          who: turn.principal.person,
          what: "call.ended",
          target: call.tool,
          result: "unknown",
          session: turn.session,
          turn: turn.id,
          call: call.id,
          data: { summary: "the gateway was interrupted while it ran" },
        });
      }
      parts.log(`turn ${turn.id} was interrupted and is reported: ${recovery.report}`);
      continue;
    }
    const session = await parts.sessionOf(turn);
    if (session === undefined) continue;
    counts.resumed += 1;
    parts.log(`turn ${turn.id} was interrupted and goes on`);
    parts.resume(turn, session).catch((thrown: unknown) => parts.log(`turn ${turn.id} failed: ${String(thrown)}`));
  }
  return counts;
}
