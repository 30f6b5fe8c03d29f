/** What is given before anything is wired: configuration, model, time, log. @module */
import type { AgentId } from "../core/ids.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Model } from "../core/ports/model.ts";
import type { Random } from "../core/ports/random.ts";
import type { Outbound } from "../steps/outbound/outbound.ts";
import type { Environment } from "./config/environment.ts";
import type { Ground } from "./ground.ts";
import type { Home } from "./home.ts";
import type { Log } from "./log.ts";
import type { OpenSecrets } from "./secrets/open.ts";

/** The person who set it up: whose data an unlabelled private value is. */
export const OWNER = "owner";

export type WireUp = Ground & {
  readonly home: Home;
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly outbound: Outbound;
  readonly secrets: OpenSecrets;
  readonly version: string;
  /** Which model an agent has; chosen before, so that a choice that cannot work stops the start. */
  readonly modelOf: (agent: AgentId) => {
    readonly model: Model;
    readonly local: Model | null;
    readonly contextTokens: number;
    readonly why: string;
    readonly weak?: string;
  };
};
