/**
 * What the configuration says of secrets: which are named, and where they are
 * kept. Names and places, never a value.
 *
 * @module
 */
import { isObject } from "../../core/json.ts";
import { parseReference, type SecretId, type SecretRef } from "../../core/secret-ref.ts";
import type { Path } from "./document.ts";
import { isLoopback } from "./hosts.ts";
import { expand, overlap, type Places } from "./places.ts";
import type { Config } from "./schema.ts";
import { isSecretKey } from "./secret-keys.ts";
import { agentSettings } from "./settings.ts";

/** Variables that are used without being named in the file. */
export const SECRET_VARIABLES = [
  "LLM_API_KEY",
  "ANTHROPIC_API_KEY",
  "OPENAI_API_KEY",
  "GOOGLE_API_KEY",
  "GEMINI_API_KEY",
  "GOOGLE_GENERATIVE_AI_API_KEY",
  "DEEPSEEK_API_KEY",
  "BRAVE_API_KEY",
] as const;

export type NamedSecret = {
  readonly ref: SecretRef;
  /** The key that names it: `egress.credentials.github.secret`. */
  readonly at: string;
};

/** Every reference to a secret, once for each place. */
export function namedSecrets(config: Config): readonly NamedSecret[] {
  const found: NamedSecret[] = [];
  const walk = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) for (const [i, item] of value.entries()) walk(item, [...path, i]);
    else if (isObject(value)) for (const [name, member] of Object.entries(value)) walk(member, [...path, name]);
    else if (typeof value === "string" && isSecretKey(String(path.at(-1)))) {
      const ref = parseReference(value);
      if (ref !== undefined) found.push({ ref, at: path.join(".") });
    }
  };
  walk(config, []);
  return found;
}

/** What each credential of the egress proxy is, by the name that connections are recorded under. */
export function credentialSecrets({ egress }: Config): ReadonlyMap<string, SecretId> {
  return new Map(
    Object.entries(egress.credentials).flatMap(([name, { secret }]) => {
      const ref = parseReference(secret);
      return ref === undefined ? [] : [[name, ref.id] as const];
    }),
  );
}

/** The hosts that each secret is bound to, for whoever looks at a list. */
export function boundHosts({ egress }: Config): ReadonlyMap<SecretId, readonly string[]> {
  const bound = new Map<SecretId, readonly string[]>();
  for (const { secret, hosts } of Object.values(egress.credentials)) {
    const ref = parseReference(secret);
    if (ref !== undefined) bound.set(ref.id, [...new Set([...(bound.get(ref.id) ?? []), ...hosts])]);
  }
  return bound;
}

type Refusal = { readonly path: Path; readonly says: string; readonly hint: string };

/** What has to fit together. */
export function* checkSecrets(config: Config, places: Places): Generator<Refusal> {
  yield* references(config);
  yield* hashicorp(config);
  yield* files(config, places);
}

function* references(config: Config): Generator<Refusal> {
  for (const { ref, at } of namedSecrets(config)) {
    const path = at.split(".");
    if (ref.source === "sops" && !Object.hasOwn(config.secrets.sops, ref.file)) {
      const hint = `write \`secrets.sops.${ref.file}.file\``;
      yield { path, says: `names the sops file \`${ref.file}\`, which is not there`, hint };
    }
    if (ref.source !== "hashicorp") continue;
    if (config.secrets.hashicorp === undefined) {
      const hint = "write `secrets.hashicorp.address`";
      yield { path, says: "is kept in a HashiCorp Vault, and none is named", hint };
    }
    if (at.startsWith("secrets.hashicorp")) {
      const hint = "keep it elsewhere: `${vault:NAME}` or `${NAME}`";
      yield { path, says: "would open the place that it is kept in", hint };
    }
  }
}

function* hashicorp({ secrets: { hashicorp: server } }: Config): Generator<Refusal> {
  if (server === undefined) return;
  const path = ["secrets", "hashicorp"];
  if ((server.token === undefined) === (server.appRole === undefined)) {
    const hint = "write `token: ${VAULT_TOKEN}`, or an `appRole`";
    yield { path, says: "needs `token` or `appRole`, and not both", hint };
  }
  const { protocol, hostname } = new URL(server.address);
  if (protocol === "http:" && !isLoopback(hostname.replace(/^\[|\]$/g, "")) && hostname !== "localhost")
    yield {
      path: [...path, "address"],
      says: "would send secrets in clear over the network",
      hint: "use https; http is for this machine",
    };
}

/** What opens secrets must lie where no tool can get. */
function* files(config: Config, places: Places): Generator<Refusal> {
  const { vault, sops } = config.secrets;
  const keys: readonly (readonly [Path, string])[] = [
    [["secrets", "vault", "identity"], vault.identity],
    ...Object.entries(sops).map(([id, { identity }]) => [["secrets", "sops", id, "identity"], identity] as const),
  ];
  const open = [
    ...agentSettings(config, places).map(({ workspace }) => workspace),
    ...config.tools.fs.allowedPaths.map((path) => expand(path, places)),
  ];
  for (const [path, file] of keys) {
    if (!open.some((folder) => overlap(folder, expand(file, places)))) continue;
    const hint = "keep it in `~/.config`, or another folder that no tool reaches";
    yield { path, says: "lies where the agent could read it", hint };
  }
}

/** Absolute: the files that open secrets, which no tool may see wherever they lie. */
export function secretFiles(config: Config, places: Places): readonly string[] {
  const { vault, sops } = config.secrets;
  return [vault.identity, ...Object.values(sops).map(({ identity }) => identity)].map((path) => expand(path, places));
}
