/**
 * Asks the live judge of two configurations about the same calls: what a
 * change of the one to the other means (R-OPS-1).
 *
 * Every tool, every kind of destination that either of them names, every trust
 * of what was read; nothing is run.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { TRUST_LEVELS } from "../core/label.ts";
import { type Meaning, meaningOf, type Side } from "../ops/history/meaning.ts";
import type { PolicyFile } from "../steps/judge/policy/vet.ts";
import type { Under } from "../steps/judge/reach.ts";
import { aimedAtBoth } from "../steps/judge/reach-both.ts";
import type { Loaded } from "./config/load.ts";
import { toPosture } from "./config/posture.ts";
import { agentIds, channelEnabled } from "./config/settings.ts";
import { playConfig } from "./reach.ts";

const UNDER: readonly Under[] = [
  ...TRUST_LEVELS.map((trust) => ({ trust, confidentiality: "private" }) as const),
  { trust: "none", confidentiality: "public" },
  { trust: "none", confidentiality: "secret", knowsSecret: true },
];

/** @throws Fault POLICY_INVALID where the operator's policies do not fit one of them. */
export async function meaningOfChange(
  before: Loaded,
  after: Loaded,
  policies: readonly PolicyFile[],
): Promise<Meaning> {
  // Where nothing that a judge decides by differs, there is nothing to ask.
  if (isDeepStrictEqual(decidedBy(before), decidedBy(after))) {
    return meaningOf({ answers: [], downgrades: before.downgrades }, { answers: [], downgrades: after.downgrades });
  }
  const [was, is] = [await sideOf(before, after, policies), await sideOf(after, before, policies)];
  return meaningOf(was, is);
}

function decidedBy({ config, places }: Loaded): unknown {
  return agentIds(config).map((agent) => {
    const posture = toPosture(config, places, agent);
    return [agent, posture, [...posture.channels.keys()].filter((channel) => channelEnabled(config, channel))];
  });
}

async function sideOf(loaded: Loaded, other: Loaded, policies: readonly PolicyFile[]): Promise<Side> {
  const { cells } = await playConfig({
    loaded,
    policies,
    under: UNDER,
    aimedBy: (own, agent) =>
      aimedAtBoth(
        own,
        toPosture(
          other.config,
          other.places,
          agentIds(other.config).find((id) => id === agent),
        ),
      ),
  });
  return { answers: cells, downgrades: loaded.downgrades };
}
