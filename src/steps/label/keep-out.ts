/**
 * Keeping out: large untrusted results become handles before the model sees
 * them, and handles in a call become what they stand for before it is judged.
 *
 * INVARIANT(weakest-influence): an item replaced by a handle no longer counts; a call that a handle is put into has the
 * trust of what the handle stands for, which is none.
 *
 * @module
 */
import { HANDLE, type Held, type HeldValues } from "../../core/held.ts";
import { newId, type SessionId } from "../../core/ids.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { join, joinAll, type Label, SYSTEM_LABEL } from "../../core/label.ts";
import type { Random } from "../../core/ports/random.ts";
import type { CallResult } from "../../core/turn.ts";

export type KeepOut = {
  /** Which results of trust none are replaced: those longer than this many characters. `Infinity`: none. */
  readonly longerThan: number;
  /** Tools that answer about what is held: theirs is never replaced. */
  readonly answering: ReadonlySet<string>;
};

/**
 * The result as the model will see it.
 *
 * @param context the items of the request that made the call, as they count now: where they have trust none already,
 *   nothing is kept out.
 */
export async function keepOut(
  held: HeldValues,
  rules: KeepOut,
  made: {
    readonly session: SessionId;
    readonly call: ProposedCall;
    readonly result: CallResult;
    readonly context: readonly ContextItem[];
    /** Handles were put into the call: what comes back may repeat what they stand for, however short it is. */
    readonly isFilled: boolean;
  },
): Promise<CallResult> {
  const { session, call, result, context, isFilled } = made;
  const around = joinAll(context.map((item) => item.label));
  const isWanted = result.text.length > rules.longerThan || (isFilled && result.verdict !== "deny");
  if (!isWanted || result.label.trust !== "none" || around.trust === "none" || rules.answering.has(call.tool)) {
    return result;
  }
  const id = await held.hold(session, {
    value: result.text,
    label: result.label,
    from: `result of ${call.tool}`,
    source: `call ${call.id}`,
    call: { tool: call.tool, arguments: call.arguments },
  });
  const text = standIn(id, call.tool, result.text.length);
  const own = ofStandIn(result.own ?? result.label);
  return { ...result, text, label: join(around, ofStandIn(result.label)), own };
}

/** Says nothing that the content chose but its size, and that only roughly. */
function standIn(handle: string, tool: string, characters: number): string {
  const roughly = 2 ** Math.ceil(Math.log2(Math.max(1, characters)));
  return (
    `[a result of up to ${roughly} characters by ${tool}, kept out because strangers may have written it; its handle is ${handle}. ` +
    `Ask about it with quarantine. With \`answer: whole\` you are shown all of it, and what you then do is judged as if its author had asked for it.]`
  );
}

/** Beside what led to the call: says nothing that a stranger wrote, and is as confidential as what it stands for. */
function ofStandIn(content: Label): Label {
  return { ...content, trust: "full", sources: [] };
}

/** A call with what its handles stand for, and the items that it is judged with. */
export type Filled = {
  readonly call: ProposedCall;
  readonly context: readonly ContextItem[];
  readonly held: readonly Held[];
};

export async function fillHandles(
  held: HeldValues,
  random: Random,
  made: { readonly session: SessionId; readonly call: ProposedCall; readonly context: readonly ContextItem[] },
): Promise<Filled> {
  const { session, call, context } = made;
  const found = new Map<string, Held>();
  for (const id of handlesIn(call.arguments)) {
    const value = await held.get(session, id);
    if (value !== undefined) found.set(id, value);
  }
  if (found.size === 0) return { call, context, held: [] };
  const values = [...found.values()];
  return {
    call: { ...call, arguments: fillObject(call.arguments, found) },
    context: [...context, ...values.flatMap((one) => itemsOf(one, random))],
    held: values,
  };
}

/** What a handle stands for, as if it had been in the request: the call is judged by it. */
function itemsOf(held: Held, random: Random): readonly ContextItem[] {
  const call = newId("call", random);
  const { tool, arguments: args } = held.call ?? { tool: "quarantine", arguments: {} };
  return [
    {
      kind: "model",
      id: newId("itm", random),
      text: "",
      calls: [{ id: call, tool, arguments: args }],
      label: { ...SYSTEM_LABEL, sources: [] },
    },
    {
      kind: "result",
      id: newId("itm", random),
      call,
      tool: held.from,
      text: String(held.value),
      // Not a result that came in time: it must not count as something that was done.
      ok: false,
      label: held.label,
    },
  ];
}

function handlesIn(value: JsonValue | undefined): readonly string[] {
  if (typeof value === "string") return value.match(HANDLE) ?? [];
  if (isArray(value)) return value.flatMap(handlesIn);
  return isObject(value) ? Object.values(value).flatMap(handlesIn) : [];
}

function fill(value: JsonValue, found: ReadonlyMap<string, Held>): JsonValue {
  if (typeof value === "string") {
    const whole = found.get(value);
    return whole === undefined ? value.replace(HANDLE, (id) => String(found.get(id)?.value ?? id)) : whole.value;
  }
  if (isArray(value)) return value.map((one) => fill(one, found));
  return isObject(value) ? fillObject(value, found) : value;
}

function fillObject(value: JsonObject, found: ReadonlyMap<string, Held>): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, one === undefined ? undefined : fill(one, found)]),
  );
}
