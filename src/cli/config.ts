/** `vambrace config get`, `validate` and `schema`: reading the configuration. @module */
import { stringify } from "yaml";
import { stateFolder } from "../app/config/environment.ts";
import { keysAt } from "../app/config/explain.ts";
import { loadConfig } from "../app/config/load.ts";
import { nearest } from "../core/nearest.ts";
import { mapObject } from "../app/config/references.ts";
import { effectiveTree, getPath, parsePath } from "../app/config/paths.ts";
import { configSchema } from "../app/config/schema.ts";
import { Fault } from "../core/fault.ts";
import { isArray, isObject, type JsonValue } from "../core/json.ts";
import { type Command, flagOn, type Io } from "./command.ts";
import { existing } from "./judging.ts";
import { oneLine } from "./style.ts";

export const configGet: Command = {
  name: "config get",
  words: 1,
  summary: "what counts now, defaults and all; secrets stay references",
  usage: "vambrace config get [KEY] [--json]",
  example: "vambrace config get tools.exec.allow",
  options: { json: { type: "boolean", default: false } },
  help: { json: "as JSON instead of YAML" },
  async run(args, flags, io) {
    const [key, ...more] = args;
    if (more.length > 0) throw usage("one key at a time", configGet);
    const loaded = loadConfig({ home: stateFolder(io.env), env: io.env });
    const value = key === undefined ? effectiveTree(loaded) : getPath(loaded, parsePath(key));
    if (value === undefined) return notSet(io, key ?? "");
    const text = flagOn(flags, "json") ? JSON.stringify(value) : asText(value);
    io.out(text);
    if (/: \*same1$/m.test(text)) io.err("`*same1` is the list that is marked `&same1`");
    return 0;
  },
};

function asText(value: JsonValue): string {
  if (typeof value !== "object" || value === null) return String(value);
  return stringify(shared(value, new Map()), { lineWidth: 0, anchorPrefix: "same" }).trimEnd();
}

/** Shorter ones are read faster than a reference. */
const SHORT = 4;

/** Long lists that are alike become one, which YAML writes once and refers to: doors repeat what all have. */
function shared(value: JsonValue, lists: Map<string, JsonValue>): JsonValue {
  if (isObject(value)) return mapObject(value, (member) => member && shared(member, lists));
  if (!isArray(value) || value.length < SHORT) return value;
  const text = JSON.stringify(value);
  const known = lists.get(text) ?? value;
  lists.set(text, known);
  return known;
}

/** A key that there is and nobody set, or one that there is not. */
function notSet(io: Io, key: string): number {
  const path = parsePath(key);
  const known = keysAt(path.slice(0, -1));
  const last = String(path.at(-1));
  if (known.length > 0 && !known.includes(last)) {
    const near = nearest(last, known);
    throw new Fault("CONFIG_KEY_UNKNOWN", {
      message: `there is no key \`${key.slice(0, 200)}\``,
      hint:
        near === undefined
          ? `the keys here are: ${known.join(", ")}`
          : `did you mean \`${[...path.slice(0, -1), near].join(".")}\`?`,
    });
  }
  io.err(`\`${oneLine(key, 200)}\` is not set and has no default`);
  return 1;
}

export const configValidate: Command = {
  name: "config validate",
  words: 1,
  summary: "check a configuration without using it, and say what it weakens",
  usage: "vambrace config validate [FILE] [--json]",
  example: "vambrace config validate ./config.yaml",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print the outcome as JSON" },
  async run(args, flags, io) {
    const [name, ...more] = args;
    if (more.length > 0) throw usage("one file at a time", configValidate);
    const file = name === undefined ? {} : { file: existing(name, "file") };
    try {
      const { downgrades } = loadConfig({ home: stateFolder(io.env), env: io.env, ...file });
      if (flagOn(flags, "json")) io.out(JSON.stringify({ valid: true, downgrades }));
      else {
        io.err("valid");
        for (const line of downgrades) io.err(`weaker than the default: ${line}`);
      }
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      if (flagOn(flags, "json")) io.out(JSON.stringify({ valid: false, problem: thrown.toJSON() }));
      else io.err(`error: ${thrown.message}\nhint: ${thrown.hint}`);
      return 1;
    }
  },
};

export const configSchemaCommand: Command = {
  name: "config schema",
  words: 0,
  summary: "every key, what it takes and its default, as JSON Schema",
  usage: "vambrace config schema [--json]",
  example: "vambrace config schema > vambrace.schema.json",
  options: { json: { type: "boolean", default: false } },
  help: { json: "on one line" },
  async run(_args, flags, io) {
    io.out(JSON.stringify(configSchema(), null, flagOn(flags, "json") ? 0 : 2));
    return 0;
  },
};

function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
