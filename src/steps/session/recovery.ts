/**
 * What becomes of turns that a crash interrupted.
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
  /** It is finished; say `report` to the person. `calls`: those whose outcome is unknown, to be recorded as such. */
  | {
      readonly kind: "reported";
      readonly turn: TurnRow;
      readonly calls: readonly OpenCall[];
      readonly report: string;
    };

/** A turn that was begun so often without an end is not begun again. */
export const BEGINS_MAX = 3;

/** Of the items of a session, the newest so many are looked through for those of the turn. */
const ITEMS_LOOKED_AT = 5_000;

export async function recover(store: Store): Promise<readonly Recovery[]> {
  const done: Recovery[] = [];
  const open = Map.groupBy(await store.openCalls(), (call) => call.turn);
  for (const [id, calls] of open) {
    const turn = await store.turn(id);
    if (turn !== undefined) done.push(await report(store, turn, calls));
  }
  for (const turn of await store.unfinished()) {
    done.push((turn.begins ?? 0) >= BEGINS_MAX ? await giveUp(store, turn) : await prepareToResume(store, turn));
  }
  return done;
}

/** Order matters: the person is told, the turn is over, and only then is the call no longer open. */
async function report(store: Store, turn: TurnRow, calls: readonly OpenCall[]): Promise<Recovery> {
  const items = calls.map((call): ContextItem => systemItem(call.id, unknownOutcome(call)));
  await store.addItems(turn.id, items);
  const said = calls.map(unknownOutcome).join("\n");
  if (turn.state !== "finished") await store.finish(turn.id, "failed", said);
  for (const call of calls) await store.endCall(call.id, "unknown", "the gateway was interrupted while it ran");
  return { kind: "reported", turn: (await store.turn(turn.id)) ?? turn, calls, report: said };
}

async function giveUp(store: Store, turn: TurnRow): Promise<Recovery> {
  const said = `this request was interrupted ${turn.begins ?? 0} times and is not tried again; nothing of it is running`;
  await store.addItems(turn.id, [systemItem(turn.id, said)]);
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

function lost(call: CallRow | undefined): { text: string; ran: boolean } {
  if (call === undefined) {
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
