/** What reads beside the conversation: who may be asked, what is held, what each source may tell. @module */
import type { HeldValues } from "../core/held.ts";
import type { AgentId } from "../core/ids.ts";
import type { Store } from "../core/ports/store.ts";
import { createHeldValues } from "../steps/label/held.ts";
import { budgetSettings, type QuarantineSettings, quarantineSettings } from "./config/settings.ts";
import { type Asker, createAsker } from "./gateway/asker.ts";
import { type Budgets, createBudgets } from "./gateway/budgets.ts";
import type { Kit } from "./gateway/kits.ts";
import type { PlannerParts } from "./gateway/planner.ts";
import type { WireUp } from "./given.ts";
import type { Helpers } from "./helpers.ts";
import type { Metrics } from "./metrics.ts";
import type { Kits } from "./wire-kits.ts";

export type Reading = {
  readonly budgets: Budgets;
  readonly asker: Asker;
  readonly held: HeldValues;
  readonly quarantine: QuarantineSettings;
  readonly plannerOf: (signal: () => AbortSignal) => PlannerParts;
  /** What the model of an agent takes. */
  readonly contextTokensOf: (agent: AgentId) => number;
};

export function wireReading(
  { loaded, clock, random }: WireUp,
  ground: { readonly store: Store; readonly helpers: Helpers; readonly metrics: Metrics; readonly kits: Kits },
): Reading {
  const { store, helpers, metrics, kits } = ground;
  const budgets = createBudgets(store.state, clock, budgetSettings(loaded.config).daily);
  const quarantine = quarantineSettings(loaded.config);
  const kitOf = (agent: AgentId): Kit => kits.of(agent);
  const asker = createAsker({ helpers, metrics, budgets, kitOf });
  const { plan: mode } = loaded.config.agents.defaults;
  return {
    budgets,
    asker,
    plannerOf: (signal) => ({ asker, kitOf, signal, mode, state: store.state, ledger: helpers.ledger }),
    held: createHeldValues({ state: store.state, random, bits: quarantine.bits }),
    quarantine,
    contextTokensOf: (agent) => kits.of(agent).contextTokens,
  };
}
