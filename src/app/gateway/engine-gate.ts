/**
 * The gate with every step put in its place.
 *
 * @module
 */
import type { Proposal } from "../../core/call.ts";
import { openPermitOffice } from "../../core/permit.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { SessionRow, Store } from "../../core/ports/store.ts";
import type { Judged } from "../../core/run.ts";
import { createGate, type Gate } from "../../gate.ts";
import type { ApprovalDesk } from "../../steps/approval/desk.ts";
import { doesTrustMatter } from "../../steps/judge/would-allow.ts";
import type { Endorsements } from "../../steps/label/endorsements.ts";
import { labelRefusal, labelResult } from "../../steps/label/label.ts";
import type { Outbound } from "../../steps/outbound/outbound.ts";
import { createRun, type Effector } from "../../steps/run/run.ts";
import type { Freeze } from "../freeze.ts";
import type { Halt } from "../halt.ts";
import type { Helpers } from "../helpers.ts";
import type { Metrics } from "../metrics.ts";
import { endorse } from "./endorsing.ts";
import type { Kit } from "./kits.ts";
import type { Presence, Reachable } from "./people.ts";
import { judgeByPlan, type PlannerParts } from "./planner.ts";
import { putQuestion } from "./questions.ts";
import { incoming } from "./reading.ts";
import { createTogether, type Together } from "./together.ts";
import type { Waits } from "./waits.ts";

export type GateParts = {
  readonly clock: Clock;
  readonly random: Random;
  readonly store: Store;
  readonly helpers: Helpers;
  readonly desk: ApprovalDesk;
  readonly presence: Presence;
  readonly halt: Halt;
  readonly freeze: Freeze;
  readonly metrics: Metrics;
  readonly outbound: Outbound;
  readonly effectors: ReadonlyMap<string, Effector>;
  readonly planner: PlannerParts;
  readonly endorsements: Endorsements;
  readonly kitOf: (agent: SessionRow["agent"]) => Kit;
  /** The owner: whose data an unlabelled private value is. */
  readonly owner: string;
};

/** As everything counts at this moment: an endorsement that was taken back meanwhile is none. */
function judgeNow(parts: GateParts, proposed: Proposal): Promise<Judged> {
  const { presence, planner, endorsements } = parts;
  const proposal = { ...proposed, context: endorsements.counted(proposed.origin.session, proposed.context) };
  const { judge } = parts.kitOf(proposal.origin.agent);
  return judgeByPlan(planner, judge, proposal, { reachable: presence.reachable() });
}

export function createEngineTogether(parts: GateParts): Together {
  const { desk, endorsements, presence } = parts;
  const { ledger } = parts.helpers;
  const doors = (): readonly Reachable[] => presence.reachable();
  const doesTrust = ({ origin }: Proposal, { asked }: Judged): boolean =>
    asked !== undefined && doesTrustMatter(parts.kitOf(origin.agent).judge.engine, asked);
  const questions = { desk, ledger, endorsements, doors, doesTrustMatter: doesTrust };
  return createTogether({
    judge: (proposal) => judgeNow(parts, proposal),
    put: (proposal, judged, io, grouped) => putQuestion(questions, { proposal, judged, grouped }, io),
    ledger,
  });
}

export function createEngineGate(parts: GateParts, waits: Waits, together: Together): Gate {
  const { clock, random, helpers, endorsements, metrics } = parts;
  const { ledger } = helpers;
  const office = openPermitOffice({
    clock,
    random,
    signer: helpers.signer,
    confirms: (receipt, call, digest) =>
      helpers.ledger.gave(receipt) &&
      receipt.entry.kind === "prepared" &&
      receipt.entry.call === call &&
      receipt.entry.data?.["digest"] === digest,
  });
  const nowMs = (): number => clock.monotonicMs();
  const run = createRun(office, parts.effectors);
  return createGate({
    judge: async (proposal) => {
      const judged = await judgeNow(parts, proposal);
      metrics.call(proposal.declaration === undefined ? "unknown" : proposal.tool, judged.decision.verdict);
      return judged;
    },
    async approve(proposal, judged, io) {
      const startedMs = nowMs();
      try {
        return await together.approve(proposal, judged, io);
      } finally {
        waits.add(proposal.origin.turn, nowMs() - startedMs);
      }
    },
    endorse: (proposal, endorsing) => endorse({ endorsements, ledger, clock }, proposal, endorsing),
    ledger,
    calls: parts.store.sessions,
    office,
    run: async (permit, request) => {
      together.goesOn(request.proposal);
      const startedMs = nowMs();
      try {
        return await run(permit, request);
      } finally {
        metrics.callSeconds(request.proposal.tool, (nowMs() - startedMs) / 1000);
      }
    },
    label: (proposal, facts, recorded) => labelResult(proposal, facts, recorded, parts.owner),
    labelRefusal: (facts) => labelRefusal(facts),
    redact: (value) => parts.outbound.value(value),
    incoming: (text, brought) => incoming(parts.outbound, text, brought),
    clock,
    state: (session) => (parts.freeze.isFrozen(session) ? "frozen" : parts.halt.state()),
  });
}
