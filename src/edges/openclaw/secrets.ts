/**
 * Where OpenClaw keeps keys, and their values: read only when they are put
 * into the vault, and handed on at once.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import type { MigratedSecret } from "../../core/migration.ts";
import { lookInto } from "./database.ts";
import { objectOf, parsed, sharedDatabase, textOf } from "./state.ts";

type Profile = { readonly id: string; readonly provider: string; readonly key: string };

/** The keys of model providers, by name and place. What cannot be read has been told by `readOpenClaw`. */
export function providerKeys(root: string): readonly MigratedSecret[] {
  return profiles(root).map(({ id, provider }) => ({
    name: `${provider.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_")}_api_key`,
    from: `profile:${id}`,
    hosts: [],
    provider,
  }));
}

/** @returns by `from`; what is not there, or no text, is left out. */
export function secretValues(
  root: string,
  config: JsonObject,
  secrets: readonly MigratedSecret[],
): ReadonlyMap<string, string> {
  const keys = new Map(profiles(root).map(({ id, key }) => [`profile:${id}`, key]));
  const stored = storedValues(root);
  const values = secrets.flatMap(({ from }): readonly (readonly [string, string])[] => {
    const value = keys.get(from) ?? stored.get(from) ?? configValue(config, from);
    return value === undefined ? [] : [[from, value.trim()]];
  });
  return new Map(values.filter(([, value]) => value !== ""));
}

function storedValues(root: string): ReadonlyMap<string, string> {
  const path = sharedDatabase(root);
  if (!existsSync(path)) return new Map();
  const rows = lookInto(path, ({ rows: of }) => of("secret_store_entries", ["name", "value", "deleted_at_ms"]));
  return new Map(
    rows.flatMap((row) => {
      const [name, value] = [textOf(row["name"]), textOf(row["value"])];
      return name === null || value === null || row["deleted_at_ms"] !== null
        ? []
        : [[`store:${name}`, value] as const];
    }),
  );
}

function configValue(config: JsonObject, from: string): string | undefined {
  if (!from.startsWith("config:")) return undefined;
  let value: JsonValue | undefined = config;
  for (const key of from.slice("config:".length).split("."))
    value = value !== undefined && isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return typeof value === "string" ? value : undefined;
}

/** Of the shared database (2026.7 and later), of each agent's own, and the one before, each profile once. */
function profiles(root: string): readonly Profile[] {
  const shared = sharedDatabase(root);
  const found = [
    ...(existsSync(shared)
      ? lookInto(shared, ({ rows }) =>
          rows("config_machine_state", ["state_key", "value_json"])
            .filter((row) => row["state_key"] === "authProfiles.store")
            .flatMap((row) => profilesIn(parsed(textOf(row["value_json"])))),
        )
      : []),
    ...agentDatabases(root).flatMap((path) =>
      lookInto(path, ({ rows }) =>
        rows("auth_profile_store", ["store_json"]).flatMap((row) => profilesIn(parsed(textOf(row["store_json"])))),
      ),
    ),
  ];
  return [...new Map(found.map((one) => [one.id, one])).values()];
}

function agentDatabases(root: string): readonly string[] {
  const agents = join(root, "agents");
  if (!existsSync(agents)) return [];
  return readdirSync(agents)
    .map((id) => join(agents, id, "agent", "openclaw-agent.sqlite"))
    .filter((path) => existsSync(path));
}

function profilesIn(store: JsonValue): readonly Profile[] {
  const all = objectOf(objectOf(store)?.["profiles"] ?? null) ?? {};
  return Object.entries(all).flatMap(([id, value]) => {
    const profile = objectOf(value ?? null);
    const key = textOf(profile?.["key"] ?? profile?.["token"]);
    const provider = textOf(profile?.["provider"]);
    return key === null || provider === null ? [] : [{ id, provider, key }];
  });
}
