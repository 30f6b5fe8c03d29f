/** The configuration as a file, and what it comes to. @module */
import { join } from "node:path";
import { toFault } from "../../core/fault.ts";
import { isArray, isObject, type JsonValue, sha256 } from "../../core/json.ts";
import { parseReference } from "../../core/secret-ref.ts";
import type { SecretPlace } from "../../ops/audit/facts-state.ts";
import type { ConfigFacts, Effective } from "../../ops/audit/installation.ts";
import { type Known, known, unknown } from "../../ops/audit/known.ts";
import { pathText } from "../../ops/audit/written.ts";
import { knownWeak } from "../../edges/models/weak.ts";
import { scanSecrets } from "../../steps/outbound/scan/scan.ts";
import { parseText, type Path } from "../config/document.ts";
import { doorsOf } from "../config/doors.ts";
import { HISTORY_NAME } from "../config/versions.ts";
import { egressRules } from "../config/egress.ts";
import { loadConfig, type Loaded, readText, type Where } from "../config/load.ts";
import { dlpRules } from "../config/settings.ts";
import { foreign } from "../config/vocabulary.ts";
import { namesIn, statOf, textOf } from "./paths.ts";

export type GatheredConfig = {
  readonly config: Known<ConfigFacts>;
  readonly effective: Known<Effective>;
  /** Null: a gateway would not start. */
  readonly loaded: Loaded | null;
};

const PAST_MOST = 50;

/** @param isSet whether the gateway has a variable. */
export function gatherConfig(where: Where, path: string, isSet: (name: string) => boolean): GatheredConfig {
  let text: string;
  try {
    text = readText(path) ?? "";
  } catch (thrown) {
    const why = `the configuration cannot be read: ${toFault(thrown).message}`;
    return { config: unknown(why), effective: unknown(why), loaded: null };
  }
  const { loaded, refused } = load(where);
  const tree = treeOf(text);
  const config: ConfigFacts = {
    path,
    text,
    digest: sha256(text),
    tree,
    refused,
    foreign: tree.known ? foreignIn(tree.value, []) : [],
    secrets: secretsIn(text, { path, refused }),
    pastSecrets: pastSecrets(where.home),
    changedMs: statOf(path)?.mtimeMs ?? null,
  };
  const effective =
    loaded === null
      ? unknown(`a gateway does not start with this configuration (${refused?.code ?? "unknown"})`)
      : known(effectiveOf(loaded, isSet));
  return { config: known(config), effective, loaded };
}

function load(where: Where): { readonly loaded: Loaded | null; readonly refused: ConfigFacts["refused"] } {
  try {
    return { loaded: loadConfig(where), refused: null };
  } catch (thrown) {
    const { code, message, hint } = toFault(thrown);
    return { loaded: null, refused: { code, says: message, hint } };
  }
}

function treeOf(text: string): ConfigFacts["tree"] {
  try {
    return known(parseText(text).tree);
  } catch (thrown) {
    return unknown(`the configuration cannot be parsed: ${toFault(thrown).message}`);
  }
}

/** Every one of them; a start names the first. */
function foreignIn(value: JsonValue | undefined, path: Path): ConfigFacts["foreign"] {
  const entries = isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
  const inner = entries.flatMap(([step, member]) => foreignIn(member, [...path, step]));
  const found = inner.length > 0 || path.length === 0 ? undefined : foreign(path, value);
  return found === undefined ? inner : [{ path: pathText(path), says: found.says }];
}

function secretsIn(
  text: string,
  { path, refused }: { readonly path: string; readonly refused: ConfigFacts["refused"] },
): readonly SecretPlace[] {
  const found = placesIn(text, { where: "configuration", path, open: false });
  if (found.length > 0 || refused?.code !== "CONFIG_SECRET") return found;
  const line = Number(/line (\d+)/.exec(refused.says)?.[1] ?? 0);
  return [{ where: "configuration", path, line, what: "a secret that is written out", open: false }];
}

/** What an editor or a person left beside it counts as one. */
const BESIDE = /^[.#]?config\.ya?ml.+|^config.*\.(?:bak|old|orig|save)$/;

function pastSecrets(home: string): readonly SecretPlace[] {
  const folder = join(home, HISTORY_NAME);
  const versions = namesIn(folder).filter((name) => name.endsWith(".yaml"));
  const paths = [
    ...versions.slice(-PAST_MOST).map((name) => join(folder, name)),
    ...namesIn(home).flatMap((name) => (BESIDE.test(name) ? [join(home, name)] : [])),
  ];
  return paths.flatMap((path) => {
    return placesIn(textOf(path) ?? "", { where: "past configuration", path, open: false });
  });
}

/** Where what looks like a secret stands, by line and rule; never the secret. */
export function placesIn(text: string, of: Pick<SecretPlace, "where" | "path" | "open">): readonly SecretPlace[] {
  return scanSecrets(text).map(({ rule, start }) => ({ ...of, line: lineAt(text, start), what: rule }));
}

function lineAt(text: string, index: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < index; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

function effectiveOf(loaded: Loaded, isSet: (name: string) => boolean): Effective {
  const { config } = loaded;
  const { model } = config.agents.defaults;
  const refs = model === undefined ? [] : [model.primary, ...model.fallbacks];
  return {
    settings: config,
    doors: doorsOf(config),
    egress: egressRules(config),
    dlp: dlpRules(config),
    downgrades: loaded.downgrades,
    weakModels: refs.flatMap((ref) => {
      const says = knownWeak(ref.split("/").slice(1).join("/"));
      return says === undefined ? [] : [`${ref}: ${says}`];
    }),
    missingVariables: referencesOf(loaded).filter((name) => !isSet(name)),
  };
}

/** Variables that the configuration names as secrets; of other places only the gateway knows what they hold. */
export function referencesOf({ config }: Loaded): readonly string[] {
  const { hashicorp } = config.secrets;
  const all = [
    ...Object.values(config.models.providers).map(({ apiKey }) => apiKey),
    ...Object.values(config.egress.credentials).map(({ secret }) => secret),
    hashicorp?.token,
    hashicorp?.appRole?.secretId,
    config.backup.passphrase,
  ];
  const names = all.flatMap((text) => {
    const found = text === undefined ? undefined : parseReference(text);
    return found?.source === "env" ? [found.name] : [];
  });
  return [...new Set(names)];
}
