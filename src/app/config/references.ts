/**
 * References to the environment: `${NAME}` in a value, `$${NAME}` for the text
 * itself. What a variable holds is text, whatever it looks like, and is not
 * looked through for further references.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { parseReference } from "../../core/secret-ref.ts";
import { CONFIG_NAME, type ConfigText, malformed, type Path } from "./document.ts";
import { isSecretKey } from "./secret-keys.ts";

const REFERENCE = /(\$?)\$\{([^}]*)\}/g;
const NAME = /^[A-Z_][A-Z0-9_]{0,127}$/;

/** Whether a value is exactly one reference to a secret, wherever that is kept. */
export function isReference(text: string): boolean {
  return parseReference(text) !== undefined;
}

export function hasReference(text: string): boolean {
  return text.includes("${");
}

/**
 * The tree with values for references. Those under a key that holds a secret stay as they are: they are looked up
 * where they are used, so that no secret is in the configuration that is shown, compared and kept.
 *
 * @throws Fault CONFIG_VARIABLE_MISSING, naming key and variable; CONFIG_MALFORMED for a name that is none.
 */
export function resolveReferences(source: ConfigText, variable: (name: string) => string | undefined): JsonObject {
  const resolve = (value: JsonValue | undefined, path: Path): JsonValue | undefined => {
    if (typeof value === "string") return isSecretPath(path) ? value : fill({ value, path, source, variable });
    if (isArray(value)) return value.map((item, i) => resolve(item, [...path, i]) ?? null);
    if (isObject(value)) return mapObject(value, (member, name) => resolve(member, [...path, name]));
    return value;
  };
  return mapObject(source.tree, (member, name) => resolve(member, [name]));
}

export function mapObject(
  value: JsonObject,
  change: (member: JsonValue | undefined, name: string) => JsonValue | undefined,
): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member, name)]));
}

function isSecretPath(path: Path): boolean {
  const last = path.at(-1);
  return typeof last === "string" && isSecretKey(last);
}

function fill(from: {
  readonly value: string;
  readonly path: Path;
  readonly source: ConfigText;
  readonly variable: (name: string) => string | undefined;
}): string {
  return from.value.replaceAll(REFERENCE, (_, escape: string, name: string) => {
    if (escape !== "") return `\${${name}}`;
    const at = `line ${from.source.lineOf(from.path)}, \`${from.path.join(".")}\``;
    if (/^(?:vault|sops|hashicorp):/.test(name)) {
      throw malformed(
        `${at}: a secret may stand only where one is expected`,
        "keys such as `apiKey`, `token` and `secret` take one; anything else is shown, compared and kept",
      );
    }
    if (!NAME.test(name)) {
      throw malformed(
        `${at}: not the name of a variable`,
        "write `${NAME}` with capital letters, or `$${…}` for the text itself",
      );
    }
    return from.variable(name) ?? missing(at, name);
  });
}

export function missing(at: string, name: string): never {
  throw new Fault("CONFIG_VARIABLE_MISSING", {
    message: `${CONFIG_NAME}, ${at}: the environment variable \`${name}\` is not set`,
    hint: `set ${name} for the user that runs the gateway, or take the reference out`,
  });
}
