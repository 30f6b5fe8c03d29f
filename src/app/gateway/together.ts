/**
 * Questions put together: where a model asks for several things in one answer,
 * a person sees all that needs him at once, each call exactly as it is.
 *
 * Each question stays bound to its own call and digest. When its turn comes the
 * call is judged again: what is another call by then is asked about anew, and
 * what need not be asked any more is withdrawn.
 *
 * @module
 */
import type { ApprovalRecord, Grouped } from "../../core/approval.ts";
import type { Proposal } from "../../core/call.ts";
import type { Endorsing } from "../../core/endorsement.ts";
import { HANDLE } from "../../core/held.ts";
import type { CallId, TurnId } from "../../core/ids.ts";
import { canonicalJson } from "../../core/json.ts";
import type { Ledger } from "../../core/ports/ledger.ts";
import type { Judged } from "../../core/run.ts";
import type { GateIo } from "../../gate.ts";

type Answered = ApprovalRecord | Endorsing;

export type TogetherParts = {
  readonly judge: (proposal: Proposal) => Promise<Judged>;
  readonly put: (proposal: Proposal, judged: Judged, io: GateIo, grouped?: Grouped) => Promise<Answered>;
  readonly ledger: Ledger;
};

export type Together = {
  /** Acts on the calls of one answer; what is still open when that is over is withdrawn. */
  within<T>(turn: TurnId, calls: readonly Proposal[], work: () => Promise<T>): Promise<T>;
  approve(proposal: Proposal, judged: Judged, io: GateIo): Promise<Answered>;
  /** It goes on without having been asked: its question, where there is one, is moot. */
  goesOn(proposal: Proposal): void;
};

/** More than this nobody weighs at once; the next ones follow. */
export const GROUP_MOST = 6;

type Early = { readonly judged: Judged; readonly answer: Promise<Answered>; readonly ending: AbortController };
type Batch = { readonly calls: readonly Proposal[]; readonly early: Map<CallId, Early> };

export function createTogether(parts: TogetherParts): Together {
  const batches = new Map<TurnId, Batch>();
  return {
    async within(turn, calls, work) {
      const batch: Batch = { calls, early: new Map() };
      batches.set(turn, batch);
      try {
        return await work();
      } finally {
        batches.delete(turn);
        await close(parts, batch);
      }
    },
    async approve(proposal, judged, io) {
      const batch = batches.get(proposal.origin.turn);
      const early = batch?.early.get(proposal.id);
      batch?.early.delete(proposal.id);
      if (early !== undefined && isSame(early.judged, judged)) return early.answer;
      early?.ending.abort();
      const others = batch === undefined || batch.early.size > 0 ? [] : await askingAfter(parts, batch, proposal);
      if (batch === undefined || others.length === 0) return parts.put(proposal, judged, io);
      const grouped = (at: number): Grouped => ({ id: proposal.id, at, of: others.length + 1 });
      const own = parts.put(proposal, judged, io, grouped(1));
      others.forEach((other, i) => open(parts, batch, { ...other, io, grouped: grouped(i + 2) }));
      return own;
    },
    goesOn({ id, origin }) {
      const early = batches.get(origin.turn)?.early;
      early?.get(id)?.ending.abort();
      early?.delete(id);
    },
  };
}

/** The same call, for the same reasons. */
function isSame(a: Judged, b: Judged): boolean {
  return a.digest === b.digest && a.decision.because.join() === b.decision.because.join();
}

type Asking = { readonly proposal: Proposal; readonly judged: Judged };

/** Calls of this answer that come later and ask as things are; each question once. */
async function askingAfter({ judge }: TogetherParts, { calls }: Batch, first: Proposal): Promise<readonly Asking[]> {
  const seen = new Set([shapeOf(first)]);
  const found: Asking[] = [];
  for (const proposal of calls.slice(calls.findIndex(({ id }) => id === first.id) + 1)) {
    if (found.length >= GROUP_MOST - 1) break;
    // What a handle stands for is put in when its turn comes.
    if (seen.has(shapeOf(proposal)) || canonicalJson(proposal.arguments).match(HANDLE) !== null) continue;
    seen.add(shapeOf(proposal));
    const judged = await judge(proposal);
    if (judged.decision.verdict === "ask") found.push({ proposal, judged });
  }
  return found;
}

const shapeOf = ({ tool, arguments: args }: Proposal): string => canonicalJson([tool, args]);

function open(
  { put }: TogetherParts,
  { early }: Batch,
  { proposal, judged, io, grouped }: Asking & { readonly io: GateIo; readonly grouped: Grouped },
): void {
  const ending = new AbortController();
  const signal = AbortSignal.any([io.signal, ending.signal]);
  const answer = put(proposal, judged, { ...io, signal }, grouped);
  // Whoever waits for it is told; a question that nobody waits for any more must not end the process.
  answer.catch(() => undefined);
  early.set(proposal.id, { judged, answer, ending });
}

/** What was answered and never used is recorded too: somebody said it (R-LOG-1). */
async function close({ ledger }: TogetherParts, { calls, early }: Batch): Promise<void> {
  for (const [call, { answer, ending }] of early) {
    ending.abort();
    const said = await answer;
    const proposal = calls.find(({ id }) => id === call);
    if (proposal === undefined || said.by === "nobody") continue;
    const { session, turn } = proposal.origin;
    await ledger.append({
      kind: "approval",
      who: said.by,
      what: "approval.unused",
      target: proposal.tool,
      result: said.answer === "yes" ? "ok" : "denied",
      session,
      turn,
      call,
      data: { approval: said.id },
    });
  }
}
