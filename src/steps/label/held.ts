/**
 * The store of held values, and the bits that each source has told.
 *
 * What is read back is never more trusted than none, whatever stands in the
 * store; a label that cannot be read is the strictest there is.
 *
 * @module
 */
import { type Held, type HeldValues } from "../../core/held.ts";
import { newId, parseId, type SessionId } from "../../core/ids.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { CONFIDENTIALITY_LEVELS, type Label, UNKNOWN_LABEL } from "../../core/label.ts";
import type { StateStore } from "../../core/ports/store.ts";
import type { Random } from "../../core/ports/random.ts";

/** All sources of a session together may tell this many times what one may: reading many is no way around the limit. */
const SESSION_SHARES = 8;
const ALL = "*";

export function createHeldValues(parts: {
  readonly state: StateStore;
  readonly random: Random;
  /** Bits that one source may tell one session. */
  readonly bits: number;
}): HeldValues {
  const { state, random, bits: most } = parts;
  const used = async (session: SessionId, source: string): Promise<number> =>
    countOf((await state.get(bitsKey(session, source)))?.["bits"]);
  return {
    async hold(session, { value, label, from, source, call }) {
      const id = newId("hdl", random);
      const { confidentiality, audience } = label;
      const persons = audience.kind === "anyone" ? null : [...audience.persons];
      const row: JsonObject = { value, confidentiality, persons, from, source };
      await state.set(heldKey(session, id), call === undefined ? row : { ...row, call: { ...call } });
      return id;
    },
    async get(session, handle) {
      const row = await state.get(heldKey(session, handle));
      return row === undefined ? undefined : readHeld(handle, row);
    },
    async spend(session, source, bits) {
      const [ofSource, ofAll] = [await used(session, source), await used(session, ALL)];
      const left = Math.min(most - ofSource, most * SESSION_SHARES - ofAll);
      // Not a comparison that NaN passes.
      if (!(bits >= 0 && bits <= left)) return { kind: "short", left: Math.max(0, left) };
      // The session's share first: a crash in between takes too much, never too little.
      await state.set(bitsKey(session, ALL), { bits: ofAll + bits });
      await state.set(bitsKey(session, source), { bits: ofSource + bits });
      return { kind: "spent" };
    },
  };
}

const heldKey = (session: SessionId, handle: string): string => `held:${session}:${handle}`;
const bitsKey = (session: SessionId, source: string): string => `held-bits:${session}:${source}`;

/** A stored number that is none counts as everything used. */
function countOf(value: JsonValue | undefined): number {
  if (value === undefined) return 0;
  return typeof value === "number" && value >= 0 ? value : Number.POSITIVE_INFINITY;
}

function readHeld(handle: string, row: JsonObject): Held | undefined {
  const { value, from, source, call } = row;
  if (typeof value !== "string" && typeof value !== "number") return undefined;
  const name = typeof from === "string" ? from : "something that was held";
  const held = {
    id: parseId("hdl", handle),
    value,
    from: name,
    source: typeof source === "string" ? source : handle,
    label: labelOf(name, row),
  };
  const made = isObject(call) ? call : undefined;
  if (typeof made?.["tool"] !== "string" || !isObject(made["arguments"])) return held;
  return { ...held, call: { tool: made["tool"], arguments: made["arguments"] } };
}

function labelOf(from: string, { confidentiality, persons }: JsonObject): Label {
  const level = CONFIDENTIALITY_LEVELS.find((one) => one === confidentiality);
  const sources = [{ kind: "tool", id: from, trust: "none" }] as const;
  if (level === undefined) return { ...UNKNOWN_LABEL, sources };
  const named = isArray(persons) ? persons.filter((one) => typeof one === "string") : [];
  return {
    trust: "none",
    confidentiality: level,
    audience: persons === null ? { kind: "anyone" } : { kind: "persons", persons: named },
    sources,
  };
}
