/**
 * `vambrace config set`, `unset`, `patch` and `rollback`: changing the
 * configuration. What a person wrote around a change stays, comments and all;
 * a change that would not start is refused before anything is written.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import { text as readAll } from "node:stream/consumers";
import type { Change } from "../app/config/change.ts";
import { configVersion, type Edited, type EditOptions, editConfig, replaceConfig } from "../app/config/edit.ts";
import { stateFolder } from "../app/config/environment.ts";
import { systemClock } from "../app/system.ts";
import { Fault } from "../core/fault.ts";
import { isObject, type JsonValue } from "../core/json.ts";
import { auditAfter } from "./audit/after.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { parseJson } from "./json-lines.ts";
import { existing } from "./judging.ts";

const OPTIONS = { why: { type: "string" }, json: { type: "boolean", default: false } } as const;
const HELP = { why: "kept with the old text in `vambrace config history`", json: "print what was changed as JSON" };

export const configSet: Command = {
  name: "config set",
  summary: "set one key; comments and order of the file stay",
  usage: "vambrace config set KEY VALUE [--why TEXT] [--json]",
  example: `vambrace config set tools.exec.allow '["git","ls"]' --why "reviewed on Monday"`,
  options: OPTIONS,
  help: HELP,
  async run([key, value, ...more], flags, io) {
    if (key === undefined || value === undefined || more.length > 0)
      throw usage("say one key and one value", configSet);
    return edit(io, flags, [{ op: "set", path: key, value: valueOf(value) }]);
  },
};

export const configUnset: Command = {
  name: "config unset",
  summary: "take one key out, so that its default counts again",
  usage: "vambrace config unset KEY [--why TEXT] [--json]",
  example: "vambrace config unset tools.profile",
  options: OPTIONS,
  help: HELP,
  async run([key, ...more], flags, io) {
    if (key === undefined || more.length > 0) throw usage("say one key", configUnset);
    return edit(io, flags, [{ op: "unset", path: key }]);
  },
};

export const configPatch: Command = {
  name: "config patch",
  summary: "make several changes at once, or none: a JSON merge patch",
  usage: "vambrace config patch FILE|- [--why TEXT] [--json]",
  example: `echo '{"tools":{"profile":null},"gateway":{"port":18900}}' | vambrace config patch -`,
  options: OPTIONS,
  help: HELP,
  async run([name, ...more], flags, io) {
    if (name === undefined || more.length > 0) throw usage("name one file, or - for standard input", configPatch);
    const text = name === "-" ? await readAll(io.stdin) : readFileSync(existing(name, "file"), "utf8");
    const value = parseJson(text);
    if (!isObject(value)) throw usage("the patch is a JSON object; null takes a key out", configPatch);
    return edit(io, flags, [{ op: "patch", value }]);
  },
};

export const configRollback: Command = {
  name: "config rollback",
  summary: "put a past text of the configuration back",
  usage: "vambrace config rollback VERSION [--why TEXT] [--json]",
  example: "vambrace config rollback 3",
  options: OPTIONS,
  help: HELP,
  async run([version, ...more], flags, io) {
    if (version === undefined || !/^[0-9]{1,6}$/.test(version) || more.length > 0) {
      throw usage("say one version, as `vambrace config history` numbers them", configRollback);
    }
    const home = stateFolder(io.env);
    const text = configVersion(home, Number(version));
    return report(io, flags, await replaceConfig(home, text, options(io, flags, `rollback to ${version}`)));
  },
};

async function edit(io: Io, flags: Flags, changes: readonly Change[]): Promise<number> {
  return report(io, flags, await editConfig(stateFolder(io.env), changes, options(io, flags, "said in a terminal")));
}

function options(io: Io, flags: Flags, why: string): EditOptions {
  return { env: io.env, clock: systemClock, who: "owner", why: flagText(flags, "why") ?? why };
}

async function report(io: Io, flags: Flags, { changed, version, paths, loaded }: Edited): Promise<number> {
  if (flagOn(flags, "json")) io.out(JSON.stringify({ changed, version, paths, downgrades: loaded.downgrades }));
  if (!changed) io.err("nothing to change: it says so already");
  else {
    io.err(
      `changed ${paths.filter((path) => path !== "").join(", ") || "the whole text"}; the text before is version ${version}`,
    );
    io.err("a running gateway takes it at its next start");
    for (const line of loaded.downgrades) io.err(`weaker than the default: ${line}`);
    await auditAfter(io, "config", "settings");
  }
  return 0;
}

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
