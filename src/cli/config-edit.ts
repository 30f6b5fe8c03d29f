/**
 * `vambrace config set`, `unset`, `patch` and `rollback`: changing the
 * configuration. What a person wrote around a change stays, comments and all;
 * a change that would not start is refused before anything is written.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { stateFolder } from "../app/config/environment.ts";
import { configVersion } from "../app/config/versions.ts";
import { Fault } from "../core/fault.ts";
import { isObject, type JsonValue } from "../core/json.ts";
import type { Command } from "./command.ts";
import { applyChange, CHANGE_HELP as HELP, CHANGE_OPTIONS as OPTIONS } from "./config-change.ts";
import { parseJson } from "./json-lines.ts";
import { existing } from "./judging.ts";
import { readInput } from "./typed.ts";

export const configSet: Command = {
  name: "config set",
  words: 2,
  summary: "set one key; comments and order of the file stay",
  usage: "vambrace config set KEY VALUE [--why TEXT] [--dry-run] [--yes] [--json]",
  example: `vambrace config set tools.exec.allow '["git","ls"]' --why "reviewed on Monday"`,
  options: OPTIONS,
  help: HELP,
  async run([key, value, ...more], flags, io) {
    if (key === undefined || value === undefined || more.length > 0)
      throw usage("say one key and one value", configSet);
    return applyChange(io, flags, [{ op: "set", path: key, value: valueOf(value) }], SAID);
  },
};

export const configUnset: Command = {
  name: "config unset",
  words: 1,
  summary: "take one key out, so that its default counts again",
  usage: "vambrace config unset KEY [--why TEXT] [--dry-run] [--yes] [--json]",
  example: "vambrace config unset tools.profile",
  options: OPTIONS,
  help: HELP,
  async run([key, ...more], flags, io) {
    if (key === undefined || more.length > 0) throw usage("say one key", configUnset);
    return applyChange(io, flags, [{ op: "unset", path: key }], SAID);
  },
};

export const configPatch: Command = {
  name: "config patch",
  words: 1,
  summary: "make several changes at once, or none: a JSON merge patch",
  usage: "vambrace config patch FILE|- [--why TEXT] [--dry-run] [--yes] [--json]",
  example: `echo '{"tools":{"profile":null},"gateway":{"port":18900}}' | vambrace config patch -`,
  options: OPTIONS,
  help: HELP,
  async run([name, ...more], flags, io) {
    if (name === undefined || more.length > 0) throw usage("name one file, or - for standard input", configPatch);
    const text = name === "-" ? await readInput(io) : readFileSync(existing(name, "file"), "utf8");
    const value = parseJson(text);
    if (!isObject(value)) throw usage("the patch is a JSON object; null takes a key out", configPatch);
    return applyChange(io, flags, [{ op: "patch", value }], SAID);
  },
};

export const configRollback: Command = {
  name: "config rollback",
  words: 1,
  summary: "put a past text of the configuration back",
  usage: "vambrace config rollback VERSION [--why TEXT] [--dry-run] [--yes] [--json]",
  example: "vambrace config rollback 3",
  options: OPTIONS,
  help: HELP,
  async run([version, ...more], flags, io) {
    if (version === undefined || !/^[0-9]{1,6}$/.test(version) || more.length > 0) {
      throw usage("say one version, as `vambrace config history` numbers them", configRollback);
    }
    const text = configVersion(stateFolder(io.env), Number(version));
    return applyChange(io, flags, text, `rollback to ${version}`);
  },
};

const SAID = "said in a terminal";

/** JSON where it is JSON; else the text as it stands, which the schema refuses where a list or number belongs. */
function valueOf(text: string): JsonValue {
  try {
    const value: JsonValue = JSON.parse(text);
    return value;
  } catch {
    // A word such as `coding` is what people type.
    return text;
  }
}

function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
