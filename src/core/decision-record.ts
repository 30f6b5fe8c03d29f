/**
 * What is recorded of a decision, so that it can be explained and made again:
 * the facts, and what the policies were asked.
 *
 * @module
 */
import { type Asked, writeAsked } from "./asked.ts";
import type { Facts } from "./call.ts";
import { canonicalJson, type JsonObject, type JsonValue } from "./json.ts";
import type { Source } from "./label.ts";

/** Beside the rest of the record, which is bounded for itself, this still fits into an entry. */
const ASKED_BYTES = 16_000;
/** Of each argument, the best and the next; of the whole, the least trusted. */
const ARGUMENT_SOURCES = 2;
const LEAST_TRUSTED = 3;

/** Whole, or not at all: with a part of it missing another question would be put to other policies. */
export function writeWhole(asked: Asked, redact: (value: JsonObject) => JsonObject): JsonValue {
  const whole = writeAsked(asked);
  const text = canonicalJson(whole);
  if (Buffer.byteLength(text) > ASKED_BYTES) return "too long to be kept";
  return canonicalJson(redact(whole)) === text ? whole : "it held a secret";
}

/** Values stand in the arguments, beside; sources are named, and what they say is in the items that they name. */
export function writeFacts({ arguments: args, influence, ...rest }: Facts): JsonObject {
  const least = influence.sources.filter(({ trust }) => trust === influence.trust).slice(0, LEAST_TRUSTED);
  return {
    ...rest,
    trust: influence.trust,
    confidentiality: influence.confidentiality,
    least: least.map(writeSource),
    arguments: args.map((one) => ({
      pointer: one.pointer,
      role: one.role,
      designated: one.designated,
      trust: one.sources[0]?.trust ?? "none",
      from: one.sources.slice(0, ARGUMENT_SOURCES).map(writeSource),
    })),
  };
}

function writeSource({ kind, id, trust, item }: Source): JsonObject {
  return { kind, id: id.slice(0, 200).toWellFormed(), trust, ...(item === undefined ? {} : { item }) };
}
