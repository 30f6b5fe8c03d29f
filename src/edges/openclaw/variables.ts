/**
 * References to the environment in OpenClaw's configuration, put in place where
 * its own files say what they are. Secrets stay references, by the name of the
 * setting and by that of the variable.
 *
 * @module
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

const REFERENCE = /(?<!\$)\$\{([A-Z_][A-Z0-9_]*)\}/g;
const SECRET = /(?:key|token|secret|passw(?:or)?d|credentials?|auth|authorization)$/i;
/** Maps from names to values for others' programs: no settings. */
const FOR_OTHERS: ReadonlySet<string> = new Set(["env", "headers", "vars"]);
/** Every process has them. */
const EVERYWHERE: ReadonlySet<string> = new Set(["HOME", "USER", "PATH", "HOSTNAME"]);
const MOST_BYTES = 1_048_576;

export type WithVariables = {
  readonly config: JsonObject;
  /** Names that its own files set. */
  readonly variables: readonly string[];
  /** Settings that are decided by a variable which nothing here sets: path, and the variable. */
  readonly undecided: readonly string[];
};

export function withVariables(root: string, config: JsonObject): WithVariables {
  const values = new Map([...inlineIn(config), ...dotEnvIn(join(root, ".env"))]);
  const undecided: string[] = [];
  const resolved = replaced(config, [], (text, path) =>
    text.replaceAll(REFERENCE, (reference: string, name: string) => {
      if (EVERYWHERE.has(name) || SECRET.test(name)) return reference;
      const value = values.get(name);
      if (value === undefined) undecided.push(`${path.join(".")}: ${reference}`);
      return value ?? reference;
    }),
  );
  return { config: isObject(resolved) ? resolved : config, variables: [...values.keys()].sort(), undecided };
}

type Replace = (text: string, path: readonly string[]) => string;

function replaced(value: JsonValue, path: readonly string[], replace: Replace): JsonValue {
  if (typeof value === "string") return replace(value, path);
  if (isArray(value)) return value.map((each, i) => replaced(each, [...path, String(i)], replace));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const isKept = each === undefined || FOR_OTHERS.has(key) || (SECRET.test(key) && !isObject(each));
      return [key, isKept ? each : replaced(each, [...path, key], replace)];
    }),
  );
}

/** `env.vars.NAME`, and `env.NAME` as older releases wrote it. */
function inlineIn({ env }: JsonObject): readonly (readonly [string, string])[] {
  if (env === undefined || !isObject(env)) return [];
  const vars = env["vars"];
  return [env, vars !== undefined && isObject(vars) ? vars : {}].flatMap((one) =>
    Object.entries(one).flatMap(([name, value]) => (typeof value === "string" ? [[name, value] as const] : [])),
  );
}

function dotEnvIn(path: string): readonly (readonly [string, string])[] {
  if (!existsSync(path) || !statSync(path).isFile() || statSync(path).size > MOST_BYTES) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, name, value = ""] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      const bare = value.replace(/^(["'])(.*)\1$/, "$2");
      return name === undefined || bare === "" ? [] : [[name, bare] as const];
    });
}
