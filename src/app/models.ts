/** Which model each agent has: chosen once, before anything starts. @module */
import type { AgentId } from "../core/ids.ts";
import type { Clock } from "../core/ports/clock.ts";
import type { Model } from "../core/ports/model.ts";
import type { Random } from "../core/ports/random.ts";
import { chooseModel } from "../edges/models/choose.ts";
import { contextTokensOf, type ModelRef, type ModelsConfig } from "../edges/models/config.ts";
import { createLocalModel, createModel, type ModelKeys } from "../edges/models/model.ts";
import { probeOllama } from "../edges/models/ollama.ts";
import { knownWeak } from "../edges/models/weak.ts";
import { listens } from "../edges/net/listens.ts";
import { createNet } from "../edges/net/net.ts";
import type { Environment } from "./config/environment.ts";
import type { Loaded } from "./config/load.ts";
import { agentSettings, modelSettings } from "./config/settings.ts";
import type { SecretBook } from "./secrets/book.ts";

export type ChosenModel = {
  readonly model: Model;
  /** The same choice without every model that is not on this machine; null where none is left. */
  readonly local: Model | null;
  readonly contextTokens: number;
  readonly why: string;
  /** Which of the models it may fall back on, too, is known to follow injected orders, and why. */
  readonly weak?: string;
};

/** Which key, in place of the key: it is looked up for each request. */
function withoutKeys({ primary, fallbacks }: ModelsConfig, secrets: SecretBook): ModelsConfig {
  const bare = (ref: ModelRef): ModelRef => {
    const { apiKey, ...rest } = ref;
    const keyId = apiKey === undefined ? undefined : secrets.idOf(apiKey);
    return keyId === undefined ? ref : { ...rest, keyId };
  };
  return { primary: bare(primary), fallbacks: fallbacks.map(bare) };
}

/** How long a model on this machine may take to accept a connection. */
const PROBE_MS = 500;

/** @throws Fault where a configured model cannot work: nothing else is taken in its place (rule 4, no silent downgrade). */
export async function chooseModels(
  loaded: Loaded,
  env: Environment,
  deps: { readonly clock: Clock; readonly random: Random; readonly secrets: SecretBook; readonly keys: ModelKeys },
): Promise<ReadonlyMap<AgentId, ChosenModel>> {
  const net = createNet();
  const fetchFor = net.fetchFor.bind(net);
  const probeLocal = async (origin: string): Promise<readonly string[] | undefined> =>
    (await listens(origin, PROBE_MS)) ? probeOllama(origin, { fetchFor, clock: deps.clock }) : undefined;
  const chosen = new Map<AgentId, ChosenModel>();
  for (const { id } of agentSettings(loaded.config, loaded.places)) {
    const settings = modelSettings(loaded.config, env, deps.secrets, id);
    const { refs: keyed, why } = await chooseModel({ ...settings, probeLocal });
    const refs = withoutKeys(keyed, deps.secrets);
    const weak = [refs.primary, ...refs.fallbacks].flatMap(({ model: name }) => {
      const says = knownWeak(name);
      return says === undefined ? [] : [`${name}: ${says}`];
    });
    const model = createModel(refs, { fetchFor, ...deps });
    const local = createLocalModel(refs, { fetchFor, ...deps });
    chosen.set(id, {
      model,
      local,
      contextTokens: contextTokensOf(refs),
      why,
      ...(weak.length === 0 ? {} : { weak: weak.join("; ") }),
    });
  }
  return chosen;
}
