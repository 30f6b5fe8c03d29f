/**
 * Records: the canonical JSON of an entry with its index and time. Exactly
 * these bytes are hashed into the tree and kept on disk.
 *
 * @module
 */
import { Fault } from "../core/fault.ts";
import { canonicalJson, isObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { type LedgerEntry, RECORD_KINDS, type RecordKind, type StoredEntry } from "../core/ports/ledger.ts";
import { RECORD_BYTES } from "./layout.ts";

const REQUIRED = ["kind", "who", "what", "target", "result"];
const OPTIONAL = ["session", "turn", "call", "data"];
const INDEX_DIGITS = 16;
/** What `toISOString` gives for years beyond 9999. */
const TIME_CHARACTERS = 27;
/** What stands between the parts: `,` and `"time":"",`. */
const FIXED_CHARACTERS = INDEX_DIGITS + TIME_CHARACTERS + 11;

/** The record of one entry at an index and a time, still to come. */
export type RecordMaker = (index: number, time: string) => Buffer;

/**
 * Spells an entry once; index and time are set into their places among the sorted members.
 *
 * Whether an entry fits is measured with the longest index and time, so that
 * it does not depend on where it lands.
 *
 * @throws Fault LEDGER_ENTRY_TOO_LARGE, or JSON_UNREPRESENTABLE from `canonicalJson`.
 */
export function recordMaker(entry: LedgerEntry): RecordMaker {
  const { call, data, kind, result, session, target, turn, what, who } = entry;
  const head = `{${member("call", call)}${member("data", data)}"index":`;
  const between = `${member("kind", kind)}${member("result", result)}${member("session", session)}${member("target", target)}`;
  const behind = `${member("turn", turn)}${member("what", what)}"who":${canonicalJson(who)}}`;
  const characters = head.length + between.length + behind.length + FIXED_CHARACTERS;
  // A character has at most three bytes: only what could be too long is measured.
  if (characters * 3 > RECORD_BYTES) refuseTooLong(Buffer.byteLength(`${head}${between}${behind}`) + FIXED_CHARACTERS);
  return (index, time) => Buffer.from(`${head}${index},${between}"time":"${time}",${behind}`, "utf8");
}

function refuseTooLong(bytes: number): void {
  if (bytes <= RECORD_BYTES) return;
  throw new Fault("LEDGER_ENTRY_TOO_LARGE", {
    message: `an entry of ${bytes} bytes does not fit into the ledger, which takes ${RECORD_BYTES}`,
    hint: "record a digest and where the content lies instead of the content",
  });
}

/** A member in canonical spelling with the comma behind it; nothing where it is absent. */
function member(name: string, value: JsonValue | undefined): string {
  return value === undefined ? "" : `"${name}":${canonicalJson(value)},`;
}

/** An entry from another process. @throws Fault LEDGER_ENTRY_MALFORMED, also for a member that nobody knows. */
export function parseEntry(value: unknown): LedgerEntry {
  if (!isObject(value)) throw malformed("it is not an object");
  for (const key of Object.keys(value)) {
    if (!REQUIRED.includes(key) && !OPTIONAL.includes(key)) throw malformed(`\`${key.slice(0, 40)}\` is unknown`);
  }
  const { data } = value;
  if (data !== undefined && !isObject(data)) throw malformed("`data` is not an object");
  return {
    kind: kindOf(value["kind"]),
    who: textOf(value, "who"),
    what: textOf(value, "what"),
    target: textOf(value, "target"),
    result: textOf(value, "result"),
    ...optional(value, "session"),
    ...optional(value, "turn"),
    ...optional(value, "call"),
    ...(data === undefined ? {} : { data }),
  };
}

/** A record as it was kept, or undefined where the bytes are not one. */
export function parseRecord(record: Uint8Array): StoredEntry | undefined {
  return parseRecordText(Buffer.from(record).toString("utf8"));
}

export function parseRecordText(text: string): StoredEntry | undefined {
  try {
    const value: JsonValue = JSON.parse(text);
    if (!isObject(value)) return undefined;
    const { index, time, ...entry } = value;
    if (typeof index !== "number" || typeof time !== "string") return undefined;
    return { ...parseEntry(entry), index, time };
  } catch {
    // A damaged record is the verifier's to name; a search only cannot show it.
    return undefined;
  }
}

function kindOf(value: unknown): RecordKind {
  const kind = RECORD_KINDS.find((known) => known === value);
  if (kind === undefined) throw malformed("its `kind` is unknown");
  return kind;
}

function textOf(value: JsonObject, key: string): string {
  const text = value[key];
  if (typeof text !== "string") throw malformed(`\`${key}\` is not text`);
  return text;
}

function optional<K extends "session" | "turn" | "call">(value: JsonObject, key: K): { [P in K]?: string } {
  if (value[key] === undefined) return {};
  const found: { [P in K]?: string } = {};
  found[key] = textOf(value, key);
  return found;
}

function malformed(what: string): Fault {
  return new Fault("LEDGER_ENTRY_MALFORMED", {
    message: `the ledger does not take this entry: ${what}`,
    hint: "write an entry as src/core/ports/ledger.ts describes it",
  });
}
