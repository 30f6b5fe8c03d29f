/**
 * Asking a model beside the conversation: one request in a fresh context,
 * without tools. For quarantined reading and for the plan.
 *
 * Recorded before it leaves and counted like every other request; what must
 * stay on this machine does.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { TurnId } from "../../core/ids.ts";
import type { Label } from "../../core/label.ts";
import { reachOf } from "../../core/local-only.ts";
import type { Origin } from "../../core/person.ts";
import type { ModelIdentity, Usage } from "../../core/ports/model.ts";
import { newDraft, readAnswer } from "../../steps/agent/answer.ts";
import type { ModelUse } from "../../steps/agent/ports.ts";
import { estimateTokens } from "../../steps/agent/window.ts";
import type { Helpers } from "../helpers.ts";
import type { Metrics } from "../metrics.ts";
import type { Budgets } from "./budgets.ts";
import { type Kit, noneHere } from "./kits.ts";

export type AskParts = {
  readonly helpers: Pick<Helpers, "ledger">;
  readonly metrics: Metrics;
  readonly budgets: Budgets;
  readonly kitOf: (agent: Origin["agent"]) => Kit;
};

/** Whose request it is, and where. */
export type Asking = { readonly person: string; readonly origin: Origin };

export type Question = {
  readonly system: string;
  readonly text: string;
  /** Of the text. */
  readonly label: Label;
  readonly purpose: "quarantine" | "plan";
};

export type Spent = { readonly identity: ModelIdentity; readonly usage: Usage };

export type Asker = {
  /** @throws Fault of the model; MODEL_LOCAL_ONLY; RATE_LIMITED where nothing is left of the day. */
  ask(asking: Asking, question: Question, signal: AbortSignal): Promise<string>;
  /** What was asked beside a turn since this was last called: it counts against the turn. */
  takeSpent(turn: TurnId): readonly Spent[];
};

const OUTPUT_TOKENS = 1_500;

export function createAsker(parts: AskParts): Asker {
  const spent = new Map<TurnId, Spent[]>();
  return {
    async ask(asking, question, signal) {
      const { person, origin } = asking;
      const { system, text, label, purpose } = question;
      const left = await parts.budgets.left(person);
      const estimated = estimateTokens(system) + estimateTokens(text);
      if (!(estimated < Math.min(left.person.tokens, left.day.tokens))) throw usedUp();
      const model = parts.kitOf(origin.agent).modelFor(label);
      const draft = newDraft(model.identity);
      const begun = { phase: "begun", label, items: 1, estimatedTokens: estimated } as const;
      await recordUse(parts, asking, { ...begun, identity: model.identity }, purpose);
      let ok = false;
      try {
        const messages = [
          { role: "system", text: system },
          { role: "user", text },
        ] as const;
        const onSending = (identity: ModelIdentity): Promise<void> =>
          recordUse(parts, asking, { ...begun, identity }, purpose);
        await readAnswer(
          draft,
          { messages, tools: [], maxOutputTokens: OUTPUT_TOKENS },
          { model, signal, onText: () => undefined, onSending },
        );
        ok = true;
      } finally {
        const usage = draft.usage ?? { inputTokens: estimated, outputTokens: estimateTokens(draft.text) };
        note(spent, origin.turn, { identity: draft.identity, usage });
        await recordUse(parts, asking, { phase: "ended", identity: draft.identity, label, usage, ok }, purpose);
      }
      // A reader has no tools: one that calls some did not answer.
      return draft.calls.length === 0 ? draft.text : "";
    },
    takeSpent(turn) {
      const all = spent.get(turn) ?? [];
      spent.delete(turn);
      return all;
    },
  };
}

/** Turns that nobody meters, as one call that a program proposed, are never asked about: the oldest are let go. */
const TURNS_KEPT = 1_000;

function note(spent: Map<TurnId, Spent[]>, turn: TurnId, one: Spent): void {
  spent.set(turn, [...(spent.get(turn) ?? []), one]);
  const [oldest] = spent.keys();
  if (spent.size > TURNS_KEPT && oldest !== undefined) spent.delete(oldest);
}

/**
 * What went to which provider is recorded before it leaves (R-LOG-1); what it cost, after.
 *
 * INVARIANT(stays-local): whoever chose the model, what may not leave this machine is refused here, for each model that
 * is asked, fallbacks too.
 */
export async function recordUse(
  parts: AskParts,
  { person, origin }: Asking,
  use: ModelUse,
  purpose: "conversation" | Question["purpose"] = "conversation",
): Promise<void> {
  const { provider, model, remote } = use.identity;
  const { localOnly } = parts.kitOf(origin.agent);
  const begun = use.phase === "begun";
  if (begun && remote && reachOf(localOnly, use.label) === "local") noneHere(localOnly);
  const { trust, confidentiality } = use.label;
  const base = { provider, model, remote, trust, confidentiality, ...(purpose === "conversation" ? {} : { purpose }) };
  await parts.helpers.ledger.append({
    kind: "model",
    who: person,
    what: begun ? "model.asked" : "model.answered",
    target: `${provider}/${model}`,
    result: begun ? "begun" : use.ok ? "ok" : "failed",
    session: origin.session,
    turn: origin.turn,
    data: begun ? { ...base, items: use.items } : { ...base, ...use.usage },
  });
  if (begun) return;
  const { inputTokens, outputTokens } = use.usage;
  parts.metrics.tokens("in", inputTokens);
  parts.metrics.tokens("out", outputTokens);
  await parts.budgets.add(person, { tokens: inputTokens + outputTokens });
}

function usedUp(): Fault {
  return new Fault("RATE_LIMITED", {
    message: "the token budget of today is used up",
    hint: "go on tomorrow, or raise `agents.defaults.budgets`",
  });
}
