/**
 * Which models there are, where each provider is reached, and what names its
 * key. Everything comes as an argument: the provider packages would read the
 * environment by themselves where a key or an address is missing.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { ModelIdentity } from "../../core/ports/model.ts";

export const PROVIDERS = [
  "anthropic",
  "openai",
  "google",
  "deepseek",
  "openai-compatible",
  "ollama",
  "offline",
] as const;
export type Provider = (typeof PROVIDERS)[number];

export type ModelRef = {
  readonly provider: Provider;
  readonly model: string;
  /** With its path: `https://api.example.org/v1`. */
  readonly baseURL?: string;
  readonly apiKey?: string;
  /** Which secret its key is, where whoever makes the model looks it up for each request instead of handing it in. */
  readonly keyId?: string;
  /** What the model can take and answer together; absent: a cautious guess. */
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
};

export type ModelsConfig = { readonly primary: ModelRef; readonly fallbacks: readonly ModelRef[] };

type Facts = {
  readonly baseURL: string | undefined;
  /** The environment variable that a person would set. */
  readonly keyName: string;
  readonly keyNeeded: boolean;
  readonly contextTokens: number;
  /** Asked where a provider is named without a model. */
  readonly defaultModel: string | undefined;
};

const TABLE = {
  anthropic: {
    baseURL: "https://api.anthropic.com/v1",
    keyName: "ANTHROPIC_API_KEY",
    keyNeeded: true,
    contextTokens: 200_000,
    defaultModel: "claude-sonnet-5-5",
  },
  openai: {
    baseURL: "https://api.openai.com/v1",
    keyName: "OPENAI_API_KEY",
    keyNeeded: true,
    contextTokens: 128_000,
    defaultModel: "gpt-5.5",
  },
  google: {
    baseURL: "https://generativelanguage.googleapis.com/v1beta",
    keyName: "GOOGLE_API_KEY",
    keyNeeded: true,
    contextTokens: 200_000,
    defaultModel: "gemini-3.8-flash",
  },
  deepseek: {
    baseURL: "https://api.deepseek.com/v1",
    keyName: "DEEPSEEK_API_KEY",
    keyNeeded: true,
    contextTokens: 64_000,
    defaultModel: "deepseek-chat",
  },
  "openai-compatible": {
    baseURL: undefined,
    keyName: "LLM_API_KEY",
    keyNeeded: false,
    contextTokens: 32_000,
    defaultModel: undefined,
  },
  ollama: {
    baseURL: "http://127.0.0.1:11434/v1",
    keyName: "LLM_API_KEY",
    keyNeeded: false,
    // Ollama cuts silently at the window that it was started with; this is its smallest default.
    contextTokens: 4096,
    defaultModel: undefined,
  },
  offline: {
    baseURL: undefined,
    keyName: "",
    keyNeeded: false,
    contextTokens: 1_000_000,
    defaultModel: "planner-1",
  },
} as const satisfies Record<Provider, Facts>;

export function factsOf(provider: Provider): Facts {
  return TABLE[provider];
}

export function isProvider(name: string): name is Provider {
  return PROVIDERS.some((provider) => provider === name);
}

/** A reference that can be asked: its address is known, and its key where one is needed. */
export type ReadyRef = ModelRef & { readonly baseURL: string };

/**
 * @throws Fault MODEL_REFUSED where the key is missing, CONFIG_MALFORMED where the address is missing or would
 *   carry a key in clear.
 */
export function readyRef(ref: ModelRef): ReadyRef {
  const facts = factsOf(ref.provider);
  const baseURL = ref.baseURL ?? facts.baseURL;
  if (baseURL === undefined || !URL.canParse(baseURL)) {
    throw new Fault("CONFIG_MALFORMED", {
      message: `the model provider \`${ref.provider}\` has no usable address`,
      hint: "set its base URL, with the path: `https://models.example.org/v1` (environment: LLM_BASE_URL)",
    });
  }
  const hasKey = keyOrId(ref) !== "";
  if (facts.keyNeeded && !hasKey) throw keyMissing(ref.provider);
  const { protocol } = new URL(baseURL);
  const inClear = protocol === "http:" && hasKey && !isLoopback(baseURL);
  if (inClear || (protocol !== "https:" && protocol !== "http:")) {
    throw new Fault("CONFIG_MALFORMED", {
      message: `the address of \`${ref.provider}\` would send its key in clear over the network`,
      hint: "use an https:// base URL; http:// is for this machine, or for a server that needs no key",
    });
  }
  return { ...ref, baseURL };
}

function keyOrId({ keyId, apiKey }: ModelRef): string {
  return keyId ?? apiKey ?? "";
}

export function keyMissing(provider: Provider): Fault {
  const { keyName } = factsOf(provider);
  return new Fault("MODEL_REFUSED", {
    message: `the model provider \`${provider}\` is configured, but there is no key for it`,
    hint: `set ${keyName} in the environment of the gateway, or choose another provider`,
  });
}

export function identityOf(ref: ModelRef): ModelIdentity {
  const baseURL = ref.baseURL ?? factsOf(ref.provider).baseURL;
  const remote = ref.provider !== "offline" && (baseURL === undefined || !isLoopback(baseURL));
  return { provider: ref.provider, model: ref.model, remote };
}

export function originOf(ref: ReadyRef): string {
  return new URL(ref.baseURL).origin;
}

/** Whether what is sent there stays on this machine. A name other than `localhost` might be resolved elsewhere. */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** The smallest window among the models that might be asked: a conversation that fits fits all of them. */
export function contextTokensOf(config: ModelsConfig): number {
  const refs = [config.primary, ...config.fallbacks];
  return Math.min(...refs.map((ref) => ref.contextTokens ?? factsOf(ref.provider).contextTokens));
}
