/**
 * Configuration: read once, strictly, and handed on as plain values.
 *
 * A file that is missing means the defaults that ship. A file that cannot be
 * read, or says anything that is not understood, is a fault: the gateway does
 * not start on a guess.
 *
 * @module
 */
import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { type Digest, type JsonObject, sha256 } from "../../core/json.ts";
import { INSTALLATION } from "../home.ts";
import { checkTogether } from "./checks.ts";
import { CONFIG_NAME, type ConfigText, malformed, parseText, SIZE_MAX } from "./document.ts";
import { downgradesOf } from "./downgrades.ts";
import { type Environment, userHome } from "./environment.ts";
import { explain, refuseForeign } from "./explain.ts";
import type { Places } from "./places.ts";
import { resolveReferences } from "./references.ts";
import { type Config, configFile } from "./schema.ts";
import { refuseSecrets } from "./secrets.ts";

export type Loaded = {
  readonly config: Config;
  /** The text with its positions; for edits and messages. */
  readonly source: ConfigText;
  readonly text: string;
  /** Of the text: what an edit may be bound to. */
  readonly digest: Digest;
  /** Every weaker mode that a key switched on, one line each. */
  readonly downgrades: readonly string[];
  readonly places: Places;
};

export type Where = {
  /** The state folder. */
  readonly home: string;
  readonly env: Environment;
  /** Where the program lies; absent: where this file does. */
  readonly installation?: string;
};

/**
 * @throws Fault CONFIG_MALFORMED, CONFIG_KEY_UNKNOWN, CONFIG_SECRET, CONFIG_VARIABLE_MISSING, CONFIG_UNSAFE,
 *   STATE_UNAVAILABLE where the file cannot be read.
 */
export function loadConfig(
  where: Where & { /** Another file than that of the state folder. */ readonly file?: string },
): Loaded {
  return parseConfig(readText(where.file ?? join(where.home, CONFIG_NAME)) ?? "", where);
}

/** The same for a text that is not in the file yet. */
export function parseConfig(text: string, where: Where): Loaded {
  const places = { home: where.home, userHome: userHome(where.env), installation: where.installation ?? INSTALLATION };
  const source = parseText(text);
  refuseForeign(source);
  refuseSecrets(source, text);
  const tree: JsonObject = resolveReferences(source, where.env.variable);
  // Once: a parser made of generated code would take longer to make than it saves.
  const result = configFile.safeParse(tree, { reportInput: false, jitless: true });
  if (!result.success) throw explain(result.error.issues, source);
  const config = result.data;
  checkTogether(config, source, places);
  return { config, source, text, digest: sha256(text), downgrades: downgradesOf(config), places };
}

/** The file's text; undefined where there is none. */
export function readText(path: string): string | undefined {
  const bytes = readBytes(path);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch (cause) {
    throw malformed("it is not UTF-8 text", "save it as UTF-8", cause);
  }
}

function readBytes(path: string): Uint8Array | undefined {
  let file: number;
  try {
    // Not blocking: a pipe in the place of the file would otherwise hold the start for ever.
    file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    // A link that leads nowhere is no configuration that nobody wrote: what it names may not be mounted yet.
    const isLost = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    if (isLost && lstatSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    throw unreadable(cause);
  }
  try {
    const found = fstatSync(file);
    if (!found.isFile()) throw malformed("it is not a file", "put a plain file in its place");
    if (found.size > SIZE_MAX) throw malformed("it is larger than 1 MiB", "keep data out of the configuration");
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

function unreadable(cause: unknown): Fault {
  return new Fault("STATE_UNAVAILABLE", {
    message: `${CONFIG_NAME} cannot be read`,
    hint: "the user that runs vambrace has to own it: `vambrace doctor` shows what is wrong",
    cause,
  });
}
