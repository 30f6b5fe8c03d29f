/**
 * Paths into the configuration, as a person types them: `tools.exec.allow`,
 * `people["ana@example.org"].trust`, `folders[0].path`.
 *
 * @module
 */
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { Fault } from "../../core/fault.ts";
import { type Path, valueAt } from "./document.ts";
import { doorsOf } from "./doors.ts";
import type { Loaded } from "./load.ts";
import { hasReference, mapObject } from "./references.ts";
import { peopleOf } from "./settings.ts";

const STEP = /^(?:\.?([A-Za-z_][A-Za-z0-9_@-]*)|\[([0-9]{1,6})\]|\.?\["((?:[^"\\]|\\["\\])+)"\])/;

/** @throws Fault CONFIG_MALFORMED */
export function parsePath(text: string): Path {
  const steps: (string | number)[] = [];
  let rest = text;
  while (rest !== "") {
    const found = STEP.exec(rest);
    if (found === null || (steps.length === 0 && rest.startsWith("."))) throw badPath(text);
    const [whole, word, index, quoted] = found;
    steps.push(word ?? (index === undefined ? (quoted ?? "").replaceAll(/\\(["\\])/g, "$1") : Number(index)));
    rest = rest.slice(whole.length);
  }
  if (steps.length === 0) throw badPath(text);
  return steps;
}

function badPath(text: string): Fault {
  return new Fault("CONFIG_MALFORMED", {
    message: `not a path into the configuration: \`${text.slice(0, 80)}\``,
    hint: 'write `tools.exec.allow`, `folders[0].path` or `people["ana@example.org"].trust`',
  });
}

/** What counts, defaults and all, as it may be shown: references stay references. */
export function getPath(loaded: Loaded, path: Path): JsonValue | undefined {
  return valueAt(effectiveTree(loaded), path);
}

export function effectiveTree({ config, source }: Loaded): JsonObject {
  const doors = doorsOf(config);
  const { default: base, ...channels } = Object.fromEntries(doors);
  const tree: JsonObject = {
    ...plain(config),
    tools: { ...plain(config.tools), ...plain(base), exec: { ...plain(config.tools.exec), ...plain(base?.exec) } },
    channels: Object.fromEntries(
      Object.entries(channels).map(([name, door]) => [
        name,
        { enabled: config.channels[name]?.enabled ?? true, tools: plain(door) },
      ]),
    ),
    people: Object.fromEntries(
      [...peopleOf(config)].map(([id, { name, trust, roles }]) => [id, { name, trust, roles: [...roles] }]),
    ),
  };
  return withReferences(tree, source.tree);
}

/** A value that came from the environment is shown as it was written. */
function withReferences(value: JsonObject, written: JsonObject): JsonObject {
  return mapObject(value, (member, name) => restore(member, Object.hasOwn(written, name) ? written[name] : undefined));
}

function restore(value: JsonValue | undefined, written: JsonValue | undefined): JsonValue | undefined {
  if (typeof written === "string" && hasReference(written)) return written;
  if (isArray(value) && isArray(written)) return value.map((item, i) => restore(item, written[i]) ?? null);
  return isObject(value) && isObject(written) ? withReferences(value, written) : value;
}

/** Configuration is maps, lists, text and numbers: JSON, which its types do not say. */
function plain(value: object | undefined): JsonObject {
  return JSON.parse(JSON.stringify(value ?? {}));
}
