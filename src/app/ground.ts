/**
 * What a start reads first: configuration and the operator's policies. The
 * policies of every agent begin to be vetted here, beside everything else that
 * is still to be read.
 *
 * @module
 */
import type { ContainerConfig } from "../core/broker-wire.ts";
import { loadPolicies } from "../steps/judge/policy/load.ts";
import type { PolicyFile, Vet } from "../steps/judge/policy/vet.ts";
import type { Environment } from "./config/environment.ts";
import { loadConfig, type Loaded } from "./config/load.ts";
import { toPosture } from "./config/posture.ts";
import { agentSettings, containerSettings } from "./config/settings.ts";
import type { Home } from "./home.ts";
import { standNow } from "./incidents/cases.ts";
import { closeWatchPolicies } from "./incidents/close-watch.ts";
import { readPolicies } from "./policies.ts";

export type Ground = {
  readonly loaded: Loaded;
  /** When the configuration was read; milliseconds since 1970. */
  readonly readMs: number;
  /** What the broker, which boots meanwhile, waits to hear. */
  readonly container: ContainerConfig | null;
  readonly operatorPolicies: readonly PolicyFile[];
  readonly vet: Vet;
};

/** @throws Fault where the configuration cannot be used; policies that cannot be are refused when their judge is made. */
export function readGround({
  home,
  env,
  vet,
}: {
  readonly home: Home;
  readonly env: Environment;
  readonly vet: Vet;
}): Ground {
  const readMs = Date.now();
  const loaded = loadConfig({ home: home.root, env });
  const watch = closeWatchPolicies(standNow(home.root, readMs));
  const operatorPolicies = [...readPolicies(home.policies), ...watch];
  for (const { id } of agentSettings(loaded.config, loaded.places)) {
    const posture = toPosture(loaded.config, loaded.places, id);
    loadPolicies({ posture, operator: operatorPolicies, vet }).catch(() => undefined);
  }
  return { loaded, readMs, container: containerSettings(loaded.config), operatorPolicies, vet };
}
