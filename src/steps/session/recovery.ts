/**
 * What becomes of turns that were interrupted, by a crash or because ledger or
 * store failed under them.
 *
 * Of a call that the store holds open, the ledger knows more: without a
 * prepared record it never started, and an outcome that was recorded is known.
 *
 * A turn whose calls all ended is resumed: what was kept of their results goes
 * back into the session first, so that the model does not ask for them again.
 * A turn with a call that started and whose outcome is not known is ended: the
 * person is told which call that was, and nothing is run again. So is a turn
 * that was begun three times and never finished: it may be what kills us.
 *
 * Each step can be done twice: ids follow from the call, the calls are closed
 * last. A crash in the middle of a recovery is recovered by the next one.
 *
 * @module
 */
import { type CallId, newId, type TurnId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { SYSTEM_LABEL } from "../../core/label.ts";
import type { CallHistory, CallRow, SessionStore, TurnRow } from "../../core/ports/store.ts";
import { resultOf, unanswered } from "./history.ts";
import { derived } from "./place.ts";

type Store = SessionStore & CallHistory;
type OpenCall = { readonly id: CallId; readonly turn: TurnId; readonly tool: string };

export type Recovery =
  /** Go on with it: `begin` it and ask the model again over its history. */
  | { readonly kind: "resumable"; readonly turn: TurnRow }
  /** It is finished; say `report` to the person. `calls`: those whose outcome is unknown; the ledger says so by now. */
  | {
      readonly kind: "reported";
      readonly turn: TurnRow;
      readonly calls: readonly OpenCall[];
      readonly report: string;
    };

/** What is durably recorded of a call. */
export type CallWord =
  /** No prepared record: no permit was made, so nothing was started. */
  | { readonly recorded: "nothing" }
  /** It may have started. */
  | { readonly recorded: "prepared" }
  | { readonly recorded: "outcome"; readonly state: "done" | "unknown"; readonly summary: string };

export type Witness = {
  /** @throws Fault where the ledger cannot be read: then nothing is recovered. */
  said(call: CallId): Promise<CallWord>;
  /** Records that the outcome is unknown; durable when it resolves. */
  unknown(call: OpenCall, turn: TurnRow): Promise<void>;
  /** Records that a turn is over without an answer; durable when it resolves. */
  ended(turn: TurnRow): Promise<void>;
};

/** A turn that was begun so often without an end is not begun again. */
export const BEGINS_MAX = 3;

/** Of the items of a session, the newest so many are looked through for those of the turn. */
const ITEMS_LOOKED_AT = 5_000;

/** @param which the turns that nobody runs now. */
export async function recover(
  store: Store,
  witness: Witness,
  which: (turn: TurnId) => boolean,
): Promise<readonly Recovery[]> {
  const done: Recovery[] = [];
  const open = Map.groupBy(await store.openCalls(), (call) => call.turn);
  for (const [id, calls] of open) {
    const turn = which(id) ? await store.turn(id) : undefined;
    const unknown = turn === undefined ? [] : await settle(store, witness, calls);
    if (turn !== undefined && unknown.length > 0) done.push(await report(store, witness, turn, unknown));
  }
  for (const turn of await store.unfinished()) {
    if (!which(turn.id)) continue;
    done.push(
      (turn.begins ?? 0) >= BEGINS_MAX ? await giveUp(store, witness, turn) : await prepareToResume(store, turn),
    );
  }
  return done;
}

type Unknown = OpenCall & { readonly isRecorded: boolean };

/** Closes the calls of which the ledger knows how they ended, or that they never began; answers the others. */
async function settle(store: Store, witness: Witness, calls: readonly OpenCall[]): Promise<readonly Unknown[]> {
  const unknown: Unknown[] = [];
  for (const call of calls) {
    const word = await witness.said(call.id);
    if (word.recorded === "nothing") await store.endCall(call.id, "done", NOT_STARTED);
    else if (word.recorded === "prepared") unknown.push({ ...call, isRecorded: false });
    else if (word.state === "unknown") unknown.push({ ...call, isRecorded: true });
    else await store.endCall(call.id, "done", word.summary);
  }
  return unknown;
}

/** Order matters: the person is told, the turn is over, it is recorded, and only then is the call no longer open. */
async function report(store: Store, witness: Witness, turn: TurnRow, calls: readonly Unknown[]): Promise<Recovery> {
  const items = calls.map((call): ContextItem => systemItem(call.id, unknownOutcome(call)));
  await store.addItems(turn.id, items);
  const said = calls.map(unknownOutcome).join("\n");
  if (turn.state !== "finished") {
    await witness.ended(turn);
    await store.finish(turn.id, "failed", said);
  }
  for (const { isRecorded, ...call } of calls) {
    if (!isRecorded) await witness.unknown(call, turn);
    await store.endCall(call.id, "unknown", "the gateway was interrupted while it ran");
  }
  const reported = calls.map(({ id, turn: of, tool }) => ({ id, turn: of, tool }));
  return { kind: "reported", turn: (await store.turn(turn.id)) ?? turn, calls: reported, report: said };
}

async function giveUp(store: Store, witness: Witness, turn: TurnRow): Promise<Recovery> {
  const said = `this request was interrupted ${turn.begins ?? 0} times and is not tried again; nothing of it is running`;
  await store.addItems(turn.id, [systemItem(turn.id, said)]);
  await witness.ended(turn);
  await store.finish(turn.id, "failed", said);
  return { kind: "reported", turn: (await store.turn(turn.id)) ?? turn, calls: [], report: said };
}

async function prepareToResume(store: Store, turn: TurnRow): Promise<Recovery> {
  const ended = new Map((await store.calls(turn.id)).map((call) => [call.id, call]));
  const missing = unanswered(await store.items(turn.session, ITEMS_LOOKED_AT));
  const results = missing.map(({ from, call }) => resultOf(from, call, lost(ended.get(call.id))));
  if (results.length > 0) await store.addItems(turn.id, results);
  return { kind: "resumable", turn };
}

/** The summary of a call whose prepared record never was: the store alone heard of it. */
const NOT_STARTED = "not started: the gateway was interrupted before it was recorded";

function lost(call: CallRow | undefined): { text: string; ran: boolean } {
  if (call === undefined || call.summary === NOT_STARTED) {
    return {
      text: "the gateway was interrupted; this call was not started, or its result was not kept: ask the person before you repeat it",
      ran: false,
    };
  }
  return {
    text: `this call ended before the gateway was interrupted; do not repeat it. what was kept of its result: ${call.summary}`,
    ran: true,
  };
}

/** Only the call's id and a tool name of plain form: nothing that a model wrote gets the gateway's own label. */
function unknownOutcome(call: OpenCall): string {
  const tool = /^[a-z][a-z0-9_.-]{0,63}$/.test(call.tool) ? call.tool : "unknown tool";
  return `the gateway was interrupted while a call of \`${tool}\` ran (${call.id}): its outcome is unknown, and it was not run again`;
}

function systemItem(about: string, text: string): ContextItem {
  return { kind: "system", id: newId("itm", derived(["report", about])), text, label: SYSTEM_LABEL };
}
