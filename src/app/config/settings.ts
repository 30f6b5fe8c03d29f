/**
 * What the other parts of the gateway read, each as plain values of its own.
 *
 * @module
 */
import type { ContainerConfig } from "../../core/broker-wire.ts";
import { type DlpRule, PERSONAL_KINDS } from "../../core/dlp.ts";
import { type AgentId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import { trustRank } from "../../core/label.ts";
import type { ReturnLabel } from "../../core/tool.ts";
import type { Person } from "../../core/person.ts";
import type { SecretLookup } from "../../core/ports/secrets.ts";
import { parseReference } from "../../core/secret-ref.ts";
import { BUILT_IN_PROVIDERS } from "./checks-models.ts";
import type { Environment, VariableName } from "./environment.ts";
import { expand, type Places, realPath } from "./places.ts";
import type { Config } from "./schema.ts";

export type GatewaySettings = {
  /** The address to listen on. */
  readonly host: string;
  readonly port: number;
  /** Names that a `Host` header may have; those of this machine are always among them. */
  readonly allowedHosts: readonly string[];
  readonly trustedProxies: readonly string[];
};

const OWN_NAMES: readonly string[] = ["localhost", "127.0.0.1", "[::1]"];

export function gatewaySettings({ gateway }: Config): GatewaySettings {
  const { bind, customBindHost, port, allowedHosts, trustedProxies } = gateway;
  const host = bind === "custom" ? (customBindHost ?? "127.0.0.1") : bind === "lan" ? "0.0.0.0" : "127.0.0.1";
  return { host, port, allowedHosts: [...OWN_NAMES, ...allowedHosts], trustedProxies };
}

/** `personal` stands for every kind of personal data. */
export function dlpRules({ dlp }: Config): readonly DlpRule[] {
  return dlp.rules.map((rule) => ({
    ...rule,
    find: rule.find.flatMap((kind) => (kind === "personal" ? PERSONAL_KINDS : [kind])),
  }));
}

export function channelEnabled(config: Config, channel: string): boolean {
  return config.channels[channel]?.enabled ?? true;
}

/** Where nobody is named `owner`, there is one with full trust. */
export function peopleOf(config: Config): ReadonlyMap<string, Person> {
  const owner = { name: "owner", trust: "full", roles: ["admin"] } as const;
  return new Map(
    Object.entries({ owner, ...config.people }).map(([id, { name, trust, roles }]) => [
      id,
      { id: parsePersonId(id), name: name ?? id, trust, roles },
    ]),
  );
}

export type AgentSettings = {
  readonly id: AgentId;
  /** Absolute. */
  readonly workspace: string;
};

export const MAIN_AGENT = parseAgentId("main");

/** `main` first; each other agent has an entry. */
export function agentIds(config: Config): readonly AgentId[] {
  return [...new Set([MAIN_AGENT, ...Object.keys(config.agents.entries).map(parseAgentId)])];
}

export function agentSettings(config: Config, places: Places): readonly AgentSettings[] {
  return agentIds(config).map((id) => ({
    id,
    workspace: expand(agentEntry(config, id)?.workspace ?? config.agents.defaults.workspace, places),
  }));
}

export function agentEntry(config: Config, agent: AgentId): Config["agents"]["entries"][string] | undefined {
  return Object.hasOwn(config.agents.entries, agent) ? config.agents.entries[agent] : undefined;
}

/** How long a session's `/tmp` is kept after its last use; null: each command has one of its own. */
export function scratchSettings({ agents }: Config): { readonly idleMs: number } | null {
  const { scope, idleMinutes = IDLE_MINUTES } = agents.defaults.sandbox;
  return scope === "call" ? null : { idleMs: idleMinutes * 60_000 };
}

const IDLE_MINUTES = 30;

/** Where commands run in containers; null: in bubblewrap. */
export function containerSettings({ agents }: Config): ContainerConfig | null {
  const { backend, container } = agents.defaults.sandbox;
  // A back-end without its settings was refused when the file was read.
  if (backend !== "container" || container === undefined) return null;
  const { socket, image, runtime, warm, cpus } = container;
  return { socket, image, runtime: runtime ?? null, warm, cpus };
}

export type ConfiguredModel = {
  /** As `edges/models` names them. */
  readonly provider: string;
  readonly model?: string;
  readonly baseURL?: string;
  readonly keyId?: string;
  readonly contextTokens?: number;
  readonly maxOutputTokens?: number;
};

const MODEL_VARIABLES = [
  "LLM_PROVIDER",
  "LLM_MODEL",
  "LLM_BASE_URL",
  "LLM_API_KEY",
  "ANTHROPIC_API_KEY",
  "OPENAI_API_KEY",
  "GOOGLE_API_KEY",
  "GEMINI_API_KEY",
  "GOOGLE_GENERATIVE_AI_API_KEY",
  "DEEPSEEK_API_KEY",
  "OLLAMA_HOST",
] as const satisfies readonly VariableName[];

export type ModelSettings = {
  /** Absent: nothing was configured, the environment decides. */
  readonly config?: { readonly primary: ConfiguredModel; readonly fallbacks: readonly ConfiguredModel[] };
  readonly env: { readonly [Name in (typeof MODEL_VARIABLES)[number]]?: string };
};

/** @throws Fault CONFIG_VARIABLE_MISSING, SECRET_UNKNOWN where a provider that is used names a key that is not there. */
export function modelSettings(
  config: Config,
  env: Environment,
  secrets: SecretLookup,
  agent: AgentId = MAIN_AGENT,
): ModelSettings {
  const given: { [Name in (typeof MODEL_VARIABLES)[number]]?: string } = {};
  for (const name of MODEL_VARIABLES) {
    const value = env[name];
    if (value !== undefined) given[name] = value;
  }
  const model = agentEntry(config, agent)?.model ?? config.agents.defaults.model;
  if (model === undefined) return { env: given };
  const ref = (text: string): ConfiguredModel => configuredModel(text, config, secrets);
  return { config: { primary: ref(model.primary), fallbacks: model.fallbacks.map(ref) }, env: given };
}

function configuredModel(ref: string, config: Config, secrets: SecretLookup): ConfiguredModel {
  const [name = "", ...rest] = ref.split("/");
  const settings = Object.hasOwn(config.models.providers, name) ? config.models.providers[name] : undefined;
  const { type, apiKey, ...limits } = settings ?? {};
  const keyId = apiKey === undefined ? undefined : keyOf(apiKey, secrets, `models.providers.${name}.apiKey`);
  return {
    provider: type ?? (BUILT_IN_PROVIDERS.includes(name) ? name : "openai-compatible"),
    ...(rest.length === 0 ? {} : { model: rest.join("/") }),
    ...(keyId === undefined ? {} : { keyId }),
    ...defined(limits),
  };
}

/** Which key, not the key: one that was revoked is refused when it is asked for. @throws Fault where there is none */
function keyOf(reference: string, secrets: SecretLookup, at: string): string {
  if (!secrets.has(reference)) secrets.value(reference, at);
  return parseReference(reference)?.id ?? "";
}

function defined(limits: {
  readonly baseURL?: string | undefined;
  readonly contextTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
}): Pick<ConfiguredModel, "baseURL" | "contextTokens" | "maxOutputTokens"> {
  const { baseURL, contextTokens, maxOutputTokens } = limits;
  return {
    ...(baseURL === undefined ? {} : { baseURL }),
    ...(contextTokens === undefined ? {} : { contextTokens }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
  };
}

type Used = { readonly tokens: number; readonly toolCalls: number; readonly wallMs: number };

export type BudgetSettings = {
  readonly maxModelRequests: number;
  readonly maxToolCalls: number;
  readonly maxOutputTokens: number;
  readonly maxTokensPerTurn: number;
  readonly maxWallMs: number;
  /** `Infinity` where none is configured. */
  readonly maxMoneyPerTurn: number;
  /** Per million tokens, by `provider/model`. */
  readonly prices: ReadonlyMap<string, { readonly input: number; readonly output: number }>;
  /** Of one day. */
  readonly daily: { readonly person: Used; readonly day: Used };
};

export function budgetSettings(config: Config): BudgetSettings {
  const { turn, person, day } = config.agents.defaults.budgets;
  const daily = ({ tokens, toolCalls, seconds }: typeof day): Used => ({ tokens, toolCalls, wallMs: seconds * 1_000 });
  return {
    maxModelRequests: turn.modelRequests,
    maxToolCalls: turn.toolCalls,
    maxOutputTokens: turn.outputTokens,
    maxTokensPerTurn: turn.tokens,
    maxWallMs: turn.seconds * 1_000,
    maxMoneyPerTurn: turn.money ?? Number.POSITIVE_INFINITY,
    prices: new Map(Object.entries(config.models.prices)),
    daily: { person: daily(person), day: daily(day) },
  };
}

/** What a request costs, in the currency of the configuration; 0 where no price is configured. */
export function pricing(config: Config): (model: string, inputTokens: number, outputTokens: number) => number {
  const { prices } = budgetSettings(config);
  return (model, input, output) => {
    const price = prices.get(model);
    return price === undefined ? 0 : (price.input * input + price.output * output) / 1_000_000;
  };
}

export type QuarantineSettings = {
  /** Results of trust none that are longer than this many characters become handles; `Infinity`: none. */
  readonly longerThan: number;
  /** What one source may tell one session. */
  readonly bits: number;
};

export function quarantineSettings(config: Config): QuarantineSettings {
  const { results, characters, bits } = config.agents.defaults.quarantine;
  const longerThan = { off: Number.POSITIVE_INFINITY, large: characters, all: 0 }[results];
  return { longerThan, bits };
}

export type WebSettings = {
  readonly fetch: { readonly enabled: boolean };
  readonly search:
    | { readonly enabled: true; readonly provider: "brave"; readonly key: () => string }
    /** `says`: why, and what to do, for whoever tries it. */
    | { readonly enabled: false; readonly says: string };
};

const SEARCH_KEY = "${BRAVE_API_KEY}";

/** R-AGENT-8: off by a key, or for want of a key, with a clear word. */
export function webSettings(config: Config, secrets: SecretLookup): WebSettings {
  const { search, fetch } = config.tools.web;
  const at = "tools.web.search.apiKey";
  const isThere = search.apiKey !== undefined || secrets.has(SEARCH_KEY);
  if (!search.enabled) {
    return { fetch, search: { enabled: false, says: "web search is turned off: `tools.web.search.enabled` is false" } };
  }
  if (!isThere) {
    const says = "web search has no key: set BRAVE_API_KEY in the environment, or `tools.web.search.apiKey`";
    return { fetch, search: { enabled: false, says } };
  }
  // Asked for with each search: a key that is replaced or revoked counts with the next.
  const key = (): string => secrets.value(search.apiKey ?? SEARCH_KEY, at);
  return { fetch, search: { enabled: true, provider: search.provider, key } };
}

export type BrowserSettings = {
  readonly limits: { readonly memoryBytes: number; readonly processes: number };
  readonly idleMs: number;
};

export function browserSettings(config: Config): BrowserSettings {
  const { memoryMb, processes, idleSeconds } = config.tools.browser;
  return { limits: { memoryBytes: memoryMb * 1_024 * 1_024, processes }, idleMs: idleSeconds * 1_000 };
}

export type FolderLabel = ReturnLabel & {
  /** Absolute. */
  readonly path: string;
  readonly audience?: readonly string[];
};

/**
 * Labels of files of which nobody recorded a writer, deepest folder first: the first that contains a file counts. By
 * real paths, as files are: a folder that was named by a link to it would label nothing. Of two names for one folder the
 * least trusted counts.
 */
export function folderLabels(config: Config, places: Places): readonly FolderLabel[] {
  return config.folders
    .map(({ path, ...rest }) => ({ path: realPath(expand(path, places)), ...rest }))
    .sort((a, b) => b.path.length - a.path.length || trustRank(a.trust) - trustRank(b.trust));
}
