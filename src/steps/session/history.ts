/**
 * History in the form that every provider accepts: a result stands behind the
 * call that it answers, and every call has one.
 *
 * Where the oldest items were cut off, results that lost their call go too.
 * Where a result was never kept, a line says so, with the call's own label:
 * a model that sees no result at all would repeat the call.
 *
 * @module
 */
import { newId } from "../../core/ids.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import { join, UNKNOWN_LABEL } from "../../core/label.ts";
import { derived } from "./place.ts";

type Result = Extract<ContextItem, { kind: "result" }>;
type FromModel = Extract<ContextItem, { kind: "model" }>;

const NOT_KEPT = "the result of this call was not kept; do not repeat the call by yourself, ask the person first";

/** Every call of the items followed by its result; results without their call left out. */
export function pairResults(items: readonly ContextItem[]): readonly ContextItem[] {
  const results = new Map<string, Result>();
  for (const item of items) if (item.kind === "result") results.set(item.call, item);
  const paired: ContextItem[] = [];
  for (const item of items) {
    if (item.kind !== "result") paired.push(item);
    if (item.kind === "model") {
      for (const call of item.calls) paired.push(results.get(call.id) ?? resultOf(item, call, { text: NOT_KEPT }));
    }
  }
  return paired;
}

/** Calls of these items that have no result among them, each with the item that proposed it. */
export function unanswered(items: readonly ContextItem[]): readonly { from: FromModel; call: ProposedCall }[] {
  const answered = new Set(items.flatMap((item) => (item.kind === "result" ? [item.call] : [])));
  return items.flatMap((item) =>
    item.kind === "model"
      ? item.calls.filter((call) => !answered.has(call.id)).map((call) => ({ from: item, call }))
      : [],
  );
}

/** A result that the gateway writes in place of one that it does not have. Its id follows from the call's. */
export function resultOf(
  from: Pick<FromModel, "label" | "basis">,
  call: ProposedCall,
  what: { readonly text: string; readonly ran?: boolean },
): Result {
  return {
    kind: "result",
    id: newId("itm", derived(["result", call.id])),
    call: call.id,
    tool: call.tool,
    text: what.text,
    ok: false,
    // What ran may have read anything: its summary is nobody's word, and nobody's to endorse.
    ...(what.ran === true
      ? { label: join(from.label, UNKNOWN_LABEL) }
      : { label: from.label, ...(from.basis === undefined ? {} : { basis: from.basis }) }),
  };
}
