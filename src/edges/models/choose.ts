/**
 * Which model a gateway uses, and why, in a sentence that is printed.
 *
 * What was configured is used or it is a fault: the offline planner never
 * stands in for a provider that somebody chose. Without any choice and key, a
 * local Ollama is used where one answers on loopback; else the planner.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import {
  factsOf,
  identityOf,
  isLoopback,
  isProvider,
  keyMissing,
  type ModelRef,
  type ModelsConfig,
  type Provider,
  PROVIDERS,
  readyRef,
} from "./config.ts";

export type ConfiguredModel = Omit<ModelRef, "provider" | "model"> & {
  readonly provider: string;
  /** Absent: the provider's default. */
  readonly model?: string;
};

/** Values of the environment variables of these names, read by `app/config`; an empty one is absent. */
export type ModelEnv = {
  readonly LLM_PROVIDER?: string | undefined;
  readonly LLM_MODEL?: string | undefined;
  readonly LLM_BASE_URL?: string | undefined;
  readonly LLM_API_KEY?: string | undefined;
  readonly ANTHROPIC_API_KEY?: string | undefined;
  readonly OPENAI_API_KEY?: string | undefined;
  readonly GOOGLE_API_KEY?: string | undefined;
  readonly GEMINI_API_KEY?: string | undefined;
  readonly GOOGLE_GENERATIVE_AI_API_KEY?: string | undefined;
  readonly DEEPSEEK_API_KEY?: string | undefined;
  readonly OLLAMA_HOST?: string | undefined;
};

export type Choice = { readonly refs: ModelsConfig; readonly why: string };

export type ChooseFrom = {
  readonly config?: { readonly primary: ConfiguredModel; readonly fallbacks: readonly ConfiguredModel[] } | undefined;
  readonly env: ModelEnv;
  /** The models that an Ollama at this origin has; undefined where none answers. */
  probeLocal(origin: string): Promise<readonly string[] | undefined>;
};

const BY_KEY = ["anthropic", "openai", "google", "deepseek"] as const;

/** @throws Fault CONFIG_MALFORMED, MODEL_REFUSED, MODEL_UNAVAILABLE where the configured choice cannot work. */
export async function chooseModel(from: ChooseFrom): Promise<Choice> {
  if (from.config !== undefined) {
    const primary = await complete(from.config.primary, from);
    const fallbacks = await Promise.all(from.config.fallbacks.map((ref) => complete(ref, from)));
    return { refs: { primary, fallbacks }, why: `the configuration names ${nameOf(primary)}` };
  }
  const named = present(from.env.LLM_PROVIDER);
  if (named !== undefined) {
    const model = present(from.env.LLM_MODEL);
    const primary = await complete({ provider: named, ...(model === undefined ? {} : { model }) }, from);
    return alone(primary, `LLM_PROVIDER names ${nameOf(primary)}`);
  }
  return await unconfigured(from);
}

async function unconfigured(from: ChooseFrom): Promise<Choice> {
  const model = present(from.env.LLM_MODEL);
  const provider = BY_KEY.find((candidate) => keyOf(candidate, from.env) !== undefined);
  if (provider !== undefined) {
    const primary = await complete({ provider, ...(model === undefined ? {} : { model }) }, from);
    return alone(
      primary,
      `no model is configured and ${factsOf(provider).keyName} is set, so ${nameOf(primary)} is used`,
    );
  }
  if (model !== undefined) {
    throw new Fault("CONFIG_MALFORMED", {
      message: `LLM_MODEL names \`${model}\`, but no provider is configured`,
      hint: `set LLM_PROVIDER to one of: ${PROVIDERS.join(", ")}`,
    });
  }
  const origin = ollamaOrigin(from.env);
  const models = isLoopback(origin) ? await from.probeLocal(origin) : undefined;
  const first = models?.[0];
  if (first !== undefined) {
    const primary: ModelRef = { provider: "ollama", model: first, baseURL: `${origin}/v1` };
    return alone(
      primary,
      `no model and no key is configured, and an Ollama answers on this machine, so ${nameOf(primary)} is used`,
    );
  }
  const offline: ModelRef = { provider: "offline", model: "planner-1" };
  return alone(offline, "no model, no key and no local Ollama was found, so the offline planner answers");
}

function alone(primary: ModelRef, why: string): Choice {
  return { refs: { primary, fallbacks: [] }, why };
}

async function complete(configured: ConfiguredModel, from: ChooseFrom): Promise<ModelRef> {
  const { provider } = configured;
  if (!isProvider(provider)) {
    throw new Fault("CONFIG_MALFORMED", {
      message: `there is no model provider \`${provider.slice(0, 40)}\``,
      hint: `use one of: ${PROVIDERS.join(", ")}`,
    });
  }
  if (provider === "offline") return { provider, model: "planner-1" };
  const baseURL = configured.baseURL ?? baseUrlOf(provider, from.env);
  const key = keyFor(configured, provider, from.env);
  const model = configured.model ?? (await defaultModel(provider, baseURL, from));
  const { contextTokens, maxOutputTokens } = configured;
  return readyRef({
    provider,
    model,
    ...(baseURL === undefined ? {} : { baseURL }),
    ...key,
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  });
}

/** The key, or which one it is. @throws Fault MODEL_REFUSED where one is needed and there is none */
function keyFor(
  { keyId, apiKey }: ConfiguredModel,
  provider: Provider,
  env: ModelEnv,
): Pick<ModelRef, "apiKey" | "keyId"> {
  if (keyId !== undefined) return { keyId };
  const found = apiKey ?? keyOf(provider, env);
  if (found === undefined && factsOf(provider).keyNeeded) throw keyMissing(provider);
  return found === undefined ? {} : { apiKey: found };
}

async function defaultModel(provider: Provider, baseURL: string | undefined, from: ChooseFrom): Promise<string> {
  const known = factsOf(provider).defaultModel;
  if (known !== undefined) return known;
  if (provider === "ollama") {
    const origin = new URL(baseURL ?? ollamaOrigin(from.env)).origin;
    const first = (await from.probeLocal(origin))?.[0];
    if (first !== undefined) return first;
    throw new Fault("MODEL_UNAVAILABLE", {
      message: `Ollama is configured, but none answers at \`${origin}\`, or it has no model`,
      hint: "start it (`ollama serve`), fetch a model (`ollama pull …`), or name one in LLM_MODEL",
    });
  }
  throw new Fault("CONFIG_MALFORMED", {
    message: `the provider \`${provider}\` is configured without a model`,
    hint: "name the model as well (environment: LLM_MODEL)",
  });
}

function baseUrlOf(provider: Provider, env: ModelEnv): string | undefined {
  if (provider === "ollama") return `${ollamaOrigin(env)}/v1`;
  return provider === "openai-compatible" ? present(env.LLM_BASE_URL) : undefined;
}

/** `OLLAMA_HOST` is also what the server binds to: `0.0.0.0` and a bare host or port are common. */
function ollamaOrigin(env: ModelEnv): string {
  const host = present(env.OLLAMA_HOST) ?? "127.0.0.1:11434";
  const url = /^https?:\/\//.test(host) ? host : `http://${host.startsWith(":") ? `127.0.0.1${host}` : host}`;
  if (!URL.canParse(url)) {
    throw new Fault("CONFIG_MALFORMED", {
      message: `OLLAMA_HOST is no address: \`${host.slice(0, 80)}\``,
      hint: "write it as `127.0.0.1:11434`",
    });
  }
  const parsed = new URL(url);
  if (parsed.hostname === "0.0.0.0" || parsed.hostname === "[::]") parsed.hostname = "127.0.0.1";
  if (parsed.port === "" && parsed.protocol === "http:" && !/:80(\/|$)/.test(host)) parsed.port = "11434";
  return parsed.origin;
}

function keyOf(provider: Provider, env: ModelEnv): string | undefined {
  switch (provider) {
    case "anthropic":
      return present(env.ANTHROPIC_API_KEY);
    case "openai":
      return present(env.OPENAI_API_KEY);
    case "google":
      return present(env.GOOGLE_API_KEY) ?? present(env.GEMINI_API_KEY) ?? present(env.GOOGLE_GENERATIVE_AI_API_KEY);
    case "deepseek":
      return present(env.DEEPSEEK_API_KEY);
    case "openai-compatible":
      return present(env.LLM_API_KEY);
    case "ollama":
    case "offline":
      return undefined;
  }
}

function present(value: string | undefined): string | undefined {
  const trimmed = value?.trim();
  return trimmed === "" ? undefined : trimmed;
}

function nameOf(ref: ModelRef): string {
  const { provider, model, remote } = identityOf(ref);
  return `\`${provider}/${model}\`${remote ? "" : " (on this machine)"}`;
}
