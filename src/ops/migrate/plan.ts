/**
 * Moving from OpenClaw: what comes along, and what is left with the reason.
 *
 * @module
 */
import { isObject, type JsonObject } from "../../core/json.ts";
import type { Left, MigratedSecret, MigratedSetting, Migration } from "../../core/migration.ts";
import type { OpenClawHome } from "../../core/openclaw.ts";
import { moveSchedules } from "./schedules.ts";
import { moveSettings, PROVIDERS } from "./settings.ts";

/** Files that say who the agent is and how it behaves: orders, not memory. */
const ORDERS = ["AGENTS.md", "SOUL.md", "IDENTITY.md", "HEARTBEAT.md"];

/** @param keys secrets outside of its store: the keys of providers, found by the reader. */
export function planMigration(home: OpenClawHome, keys: readonly MigratedSecret[]): Migration {
  const { settings, left: settingsLeft } = moveSettings(home.config);
  const { schedules, left: schedulesLeft } = moveSchedules(home.state?.jobs ?? []);
  const present = home.workspaces.filter((one) => one.present);
  const notes = present.flatMap(({ agent, path, notes: names }) =>
    names.filter((name) => !ORDERS.includes(name)).map((name) => ({ agent, path: `${path}/${name}`, name })),
  );
  const orders = present.flatMap(({ path, notes: names }) =>
    names
      .filter((name) => ORDERS.includes(name))
      .map(
        (name): Left => ({ what: `${path}/${name}`, why: "orders to the agent, not memory: read it and say it anew" }),
      ),
  );
  const skills = present.flatMap((one) => one.skills);
  const secrets = unique([...keys, ...storedSecrets(home), ...configSecrets(home.config)]);
  return {
    settings: [...settings, ...keySettings(secrets)],
    notes,
    schedules,
    skills: skills.filter((one) => !one.escapes).map(({ name, folder, digest }) => ({ name, folder, digest })),
    secrets,
    left: [
      ...settingsLeft,
      ...schedulesLeft,
      ...orders,
      ...skills
        .filter((one) => one.escapes)
        .map(({ folder }) => ({ what: folder, why: "it lies outside of its folder, behind a link" })),
      ...approvalsLeft(home),
      ...peopleLeft(home),
      ...home.unread.map(({ path, why }) => ({ what: path, why: `could not be read: ${why}` })),
    ],
  };
}

function storedSecrets(home: OpenClawHome): readonly MigratedSecret[] {
  return (home.state?.stored ?? [])
    .filter(({ kind }) => kind === "secret")
    .map(({ name, hosts }) => ({ name: vaultName(name), from: `store:${name}`, hosts }));
}

/** A provider finds its key in the vault. */
function keySettings(secrets: readonly MigratedSecret[]): readonly MigratedSetting[] {
  return secrets.flatMap(({ name, provider, from }) =>
    provider !== undefined && PROVIDERS.includes(provider)
      ? [{ path: `models.providers.${provider}.apiKey`, value: `\${vault:${name}}`, from }]
      : [],
  );
}

/** As the vault takes names. */
function vaultName(name: string): string {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "_")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, 100);
  return plain === "" ? "secret" : plain;
}

const SECRET_KEY = /(token|secret|password|apikey)$/i;

/** Written out in the configuration of channels and skills; the gateway's own are not wanted here. */
function configSecrets(config: JsonObject): readonly MigratedSecret[] {
  const channels = objectOf(config, "channels");
  return Object.entries(channels).flatMap(([channel, value]) =>
    Object.entries(value !== undefined && isObject(value) ? value : {}).flatMap(
      ([key, secret]): readonly MigratedSecret[] => {
        if (!SECRET_KEY.test(key) || typeof secret !== "string" || secret === "" || secret.startsWith("${")) return [];
        const name = vaultName(`${channel}_${key.replaceAll(/([a-z])([A-Z])/g, "$1_$2")}`);
        return [{ name, from: `config:channels.${channel}.${key}`, hosts: [] }];
      },
    ),
  );
}

function objectOf(config: JsonObject, key: string): JsonObject {
  const value = config[key];
  return value !== undefined && isObject(value) ? value : {};
}

/** One of each name; a second one keeps its place in its name. */
function unique(secrets: readonly MigratedSecret[]): readonly MigratedSecret[] {
  const taken = new Set<string>();
  return secrets.map((one) => {
    let { name } = one;
    for (let i = 2; taken.has(name); i++) name = `${one.name}_${i}`;
    taken.add(name);
    return { ...one, name };
  });
}

function approvalsLeft(home: OpenClawHome): readonly Left[] {
  return home.state?.approvals === null || home.state === null
    ? []
    : [{ what: "exec approvals", why: "what was approved there is asked anew here" }];
}

function peopleLeft(home: OpenClawHome): readonly Left[] {
  return (home.state?.paired ?? []).map(({ channel, account, entry }) => ({
    what: `paired ${channel}/${account}: ${entry.slice(0, 80)}`,
    why: "people are named here with their trust: `vambrace config set people.NAME.trust limited`",
  }));
}
