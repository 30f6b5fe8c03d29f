/** Asks the live judge of a configuration about every kind of call, in every conversation that was asked for. @module */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Posture } from "../core/posture.ts";
import type { Reachable } from "../steps/judge/decide.ts";
import { type PolicyFile, type Vet, vetHere } from "../steps/judge/policy/vet.ts";
import { ownChannels, type Played, playHijacked, type Under } from "../steps/judge/reach.ts";
import { createOutbound } from "../steps/outbound/outbound.ts";
import { CATALOGUE } from "../tools/catalogue.ts";
import type { Loaded } from "./config/load.ts";
import { toPosture } from "./config/posture.ts";
import { agentIds, channelEnabled } from "./config/settings.ts";
import { findersFor, openJudge } from "./gateway/kits.ts";

export type PlayConfig = {
  readonly loaded: Loaded;
  /** The operator's own. */
  readonly policies: readonly PolicyFile[];
  /** This channel only; else each one that is on. */
  readonly channel?: string;
  readonly under?: readonly Under[];
  /** By what each agent's destinations are chosen; absent: by its own posture. */
  readonly aimedBy?: (own: Posture, agent: string) => Posture;
  /** Where policies are vetted; absent: here. */
  readonly vet?: Vet;
};

/** @throws Fault POLICY_INVALID */
export async function playConfig({ loaded, policies, channel, under, aimedBy, vet }: PlayConfig): Promise<Played> {
  const all: Played[] = [];
  for (const agent of agentIds(loaded.config)) {
    const posture = toPosture(loaded.config, loaded.places, agent);
    const channels = ownChannels(posture).filter((name) => channelEnabled(loaded.config, name));
    all.push(
      await playHijacked({
        // What only asks holds no secrets of its own.
        judge: await openJudge({
          posture,
          operatorPolicies: policies,
          vet: vet ?? vetHere,
          sensitive: createOutbound([]).find,
        }),
        agent,
        finders: findersFor(posture)(),
        tools: [...CATALOGUE.values()].map((tool) => ({ ...tool, shape: tool })),
        channels: channel === undefined ? channels : channels.filter((name) => name === channel),
        persons: personsOf(posture),
        rest: () => nextTurn(),
        ...(under === undefined ? {} : { under }),
        ...(aimedBy === undefined ? {} : { aimedBy: aimedBy(posture, agent) }),
      }),
    );
  }
  return {
    cells: all.flatMap(({ cells }) => cells),
    refused: all.flatMap(({ refused }) => refused),
    unplayed: [...new Set(all.flatMap(({ unplayed }) => unplayed))],
  };
}

function personsOf({ persons }: Posture): readonly Reachable[] {
  return [...persons].map(([person, { trust, roles }]) => ({ person, trust, roles }));
}
