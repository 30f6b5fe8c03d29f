/**
 * The context window: what of a conversation one request carries.
 *
 * Newest first, until the estimate is full. A model's calls and their results
 * stay together, since a provider refuses half a pair; this turn's message is
 * always sent, since it says what was asked and what was designated. What is
 * left out is left out of the labels too: trust is computed over what is sent.
 *
 * @module
 */
import { newId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { SYSTEM_LABEL } from "../../core/label.ts";
import type { Random } from "../../core/ports/random.ts";

export type Window = { readonly items: readonly ContextItem[]; readonly estimatedTokens: number };

type Result = ContextItem & { readonly kind: "result" };
type Unit = { readonly head: ContextItem; readonly results: readonly Result[] };

/** Tokens of one item beside its text: role, ids, separators. */
const ITEM_OVERHEAD = 8;
const MARKER_TOKENS = 48;
/** A result that is cut keeps at least this much; with less room the request is not sent. */
const LEAST_RESULT_TOKENS = 64;

/** Four bytes of UTF-8 a token: about right for English, and too many rather than too few for most other scripts. */
export function estimateTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

function itemTokens(item: ContextItem): number {
  const calls = item.kind === "model" && item.calls.length > 0 ? estimateTokens(JSON.stringify(item.calls)) : 0;
  return ITEM_OVERHEAD + estimateTokens(item.text) + calls;
}

function unitTokens(unit: Unit): number {
  return unit.results.reduce((sum, item) => sum + itemTokens(item), itemTokens(unit.head));
}

/**
 * Gives every call a result. One that has none was under way when the gateway stopped: nobody knows
 * whether it happened, so it is said so and never run again.
 */
export function completePairs(items: readonly ContextItem[], random: Random): readonly ContextItem[] {
  const answered = new Set(items.map((item) => (item.kind === "result" ? item.call : "")));
  return items.flatMap((item) => {
    if (item.kind !== "model") return [item];
    const missing = item.calls.filter((call) => !answered.has(call.id));
    return [
      item,
      ...missing.map(
        (call): ContextItem => ({
          kind: "result",
          id: newId("itm", random),
          call: call.id,
          tool: call.tool,
          ok: false,
          text: "the outcome of this call is unknown: the turn was interrupted while it ran; look before doing it again",
          label: { ...SYSTEM_LABEL, sources: [] },
        }),
      ),
    ];
  });
}

/**
 * @param front  sent always, first: the system item and memory.
 * @param pinned the item of this turn's message.
 * @returns undefined where even the front, the message and the newest pair do not fit.
 */
export function windowOf(
  context: {
    readonly front: readonly ContextItem[];
    readonly items: readonly ContextItem[];
    readonly pinned: ContextItem | undefined;
  },
  limitTokens: number,
  random: Random,
): Window | undefined {
  const units = unitsOf(context.items);
  const fixed = context.front.reduce((sum, item) => sum + itemTokens(item), MARKER_TOKENS);
  const pinned = units.find((unit) => unit.head === context.pinned);
  let room = limitTokens - fixed - (pinned === undefined ? 0 : unitTokens(pinned));
  if (!(room >= 0)) return undefined;
  const kept = new Set<Unit>(pinned === undefined ? [] : [pinned]);
  const shortened = new Map<Unit, Unit>();
  for (const unit of units.toReversed()) {
    if (unit === pinned) continue;
    const newest = unit === units.at(-1);
    const fitting = unitTokens(unit) <= room ? unit : newest ? shorten(unit, room) : undefined;
    if (fitting === undefined && newest) return undefined;
    if (fitting === undefined) break;
    kept.add(unit);
    shortened.set(unit, fitting);
    room -= unitTokens(fitting);
  }
  const sent = units.filter((unit) => kept.has(unit)).map((unit) => shortened.get(unit) ?? unit);
  const body = sent.flatMap((unit) => [unit.head, ...unit.results]);
  const left = context.items.length - body.length;
  const marker = left > 0 ? [markerOf(left, random)] : [];
  return { items: [...context.front, ...marker, ...body], estimatedTokens: limitTokens - room };
}

/** A result whose call is nowhere is left out: no provider takes half a pair. */
function unitsOf(items: readonly ContextItem[]): readonly Unit[] {
  const results = new Map<string, Result>();
  for (const item of items) if (item.kind === "result") results.set(item.call, item);
  const units: Unit[] = [];
  for (const item of items) {
    if (item.kind === "result") continue;
    const calls = item.kind === "model" ? item.calls : [];
    units.push({ head: item, results: calls.flatMap((call) => results.get(call.id) ?? []) });
  }
  return units;
}

/** The same pair with its results cut to fit; each keeps its beginning and its end. */
function shorten(unit: Unit, room: number): Unit | undefined {
  if (unit.results.length === 0) return undefined;
  const share = Math.floor((room - itemTokens(unit.head)) / unit.results.length) - ITEM_OVERHEAD;
  if (share < LEAST_RESULT_TOKENS) return undefined;
  return { head: unit.head, results: unit.results.map((item) => ({ ...item, text: cut(item.text, share) })) };
}

function cut(text: string, tokens: number): string {
  if (estimateTokens(text) <= tokens) return text;
  // Four bytes is the longest that one UTF-16 unit can weigh; the note in the middle takes 24 tokens.
  const widest = Math.max(1, Math.ceil(Buffer.byteLength(text) / text.length));
  const half = Math.floor(((tokens - 24) * 4) / widest / 2);
  const lost = text.length - 2 * half;
  const cutText =
    `${text.slice(0, half)}\n[… ${lost} characters are left out here …]\n${text.slice(-half)}`.toWellFormed();
  return estimateTokens(cutText) <= tokens ? cutText : `[${text.length} characters are left out here]`;
}

function markerOf(left: number, random: Random): ContextItem {
  return {
    kind: "system",
    id: newId("itm", random),
    text: `[${left} earlier messages of this conversation are left out: they no longer fit. Ask the person rather than guess what they said.]`,
    label: { ...SYSTEM_LABEL, sources: [] },
  };
}
