/** What has to fit together among models and their providers. @module */
import type { Path } from "./document.ts";
import { isLoopback } from "./hosts.ts";
import { didYouMean } from "../../core/nearest.ts";
import type { Config } from "./schema.ts";

type Refusal = { readonly path: Path; readonly says: string; readonly hint: string };

export const BUILT_IN_PROVIDERS: readonly string[] = ["anthropic", "openai", "google", "deepseek", "ollama", "offline"];

/** Providers that can be reached, and models that name one. */
export function* checkModels(config: Config): Generator<Refusal> {
  const providers = config.models.providers;
  for (const [name, provider] of Object.entries(providers)) {
    const path = ["models", "providers", name];
    const type = provider.type ?? (BUILT_IN_PROVIDERS.includes(name) ? name : "openai-compatible");
    if (type === "openai-compatible" && provider.baseURL === undefined) {
      yield { path, says: "has no address", hint: "write its `baseURL`, or a `type` that has one" };
    }
    if (provider.baseURL !== undefined && provider.apiKey !== undefined && isPlainRemote(provider.baseURL)) {
      yield { path: [...path, "baseURL"], says: "would send the key unencrypted", hint: "use https" };
    }
  }
  const known = [...BUILT_IN_PROVIDERS, ...Object.keys(providers)];
  for (const { path, ref } of modelRefs(config)) {
    const name = ref.split("/")[0] ?? "";
    if (!known.includes(name)) {
      yield { path, says: "names a provider that there is not", hint: didYouMean(name, known) };
    }
  }
}

function modelRefs(config: Config): readonly { path: Path; ref: string }[] {
  const places: [Path, Config["agents"]["defaults"]["model"]][] = [
    [["agents", "defaults", "model"], config.agents.defaults.model],
    ...Object.entries(config.agents.entries).map(([id, agent]): [Path, Config["agents"]["defaults"]["model"]] => [
      ["agents", "entries", id, "model"],
      agent.model,
    ]),
  ];
  return places.flatMap(([path, model]) =>
    model === undefined
      ? []
      : [
          { path: [...path, "primary"], ref: model.primary },
          ...model.fallbacks.map((ref, i) => ({ path: [...path, "fallbacks", i], ref })),
        ],
  );
}

function isPlainRemote(address: string): boolean {
  const url = new URL(address);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return url.protocol === "http:" && host !== "localhost" && !isLoopback(host);
}
