/**
 * Bounded values: what of a large value goes into a record. A ledger entry has
 * a largest size, and a call that could not be recorded could not run; so long
 * texts and lists are cut, with the digest and length of what they were.
 *
 * @module
 */
import { canonicalJson, digestOf, isArray, isObject, type JsonObject, type JsonValue, sha256 } from "./json.ts";

/** UTF-16 units of one text that are kept whole. */
const TEXT_KEPT = 2000;
const TEXT_HEAD = 400;
const MEMBERS_KEPT = 64;
/** Bytes of the whole: well under the largest ledger entry. */
export const RECORD_BYTES = 40_000;

/** The value itself where it is small; the same value always gives the same record. */
export function bounded(value: JsonObject): JsonObject {
  const cut = cutObject(value);
  const bytes = Buffer.byteLength(canonicalJson(cut));
  if (bytes <= RECORD_BYTES) return cut;
  return {
    cut: `${bytes} bytes`,
    digest: digestOf(value),
    head: canonicalJson(cut).slice(0, TEXT_KEPT).toWellFormed(),
  };
}

function cutValue(value: JsonValue): JsonValue {
  if (typeof value === "string") return cutText(value);
  if (isArray(value)) return cutList(value);
  return isObject(value) ? cutObject(value) : value;
}

function cutText(text: string): JsonValue {
  if (text.length <= TEXT_KEPT) return text;
  return { cut: `${text.length} characters`, digest: sha256(text), head: text.slice(0, TEXT_HEAD).toWellFormed() };
}

function cutList(list: readonly JsonValue[]): JsonValue {
  const kept = list.slice(0, MEMBERS_KEPT).map(cutValue);
  return list.length <= MEMBERS_KEPT ? kept : [...kept, `and ${list.length - MEMBERS_KEPT} more`];
}

function cutObject(value: JsonObject): JsonObject {
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const kept = members.slice(0, MEMBERS_KEPT).map(([key, member]) => [key, cutValue(member ?? null)]);
  if (members.length > MEMBERS_KEPT) kept.push(["…", `and ${members.length - MEMBERS_KEPT} more`]);
  return Object.fromEntries(kept);
}
