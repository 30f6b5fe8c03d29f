/**
 * What a finished turn leaves behind: its words without the secrets in them.
 *
 * While a turn runs, its own message and calls stay as they are: a person may
 * hand over a password for use, and a crash must find the call as it was
 * approved. Once it is finished nobody needs them any more (R-DLP-2). The file
 * overwrites what is replaced (`secure_delete`).
 *
 * @module
 */
import type { ContextItem } from "../../core/item.ts";
import type { JsonObject } from "../../core/json.ts";
import type { TurnRow } from "../../core/ports/store.ts";
import type { Transaction } from "./database.ts";
import { columns, readItem, writeJson, writeText } from "./rows.ts";

/** Takes secrets out. Cleaning twice is cleaning once. */
export type Clean = { text(text: string): string; value(value: JsonObject): JsonObject };

export function cleanItem(item: ContextItem, clean: Clean): ContextItem {
  if (item.kind !== "model") return { ...item, text: clean.text(item.text) };
  const calls = item.calls.map((call) => ({ ...call, arguments: clean.value(call.arguments) }));
  return { ...item, text: clean.text(item.text), calls };
}

/** In the transaction that finishes the turn: it is never finished and not clean. */
export function cleanTurn(tx: Transaction, turn: TurnRow, clean: Clean): void {
  const text = writeText(clean.text(turn.text));
  if (text !== turn.text) tx.run("UPDATE turn SET text = ? WHERE id = ?", text, turn.id);
  // By session: that is what items are indexed by.
  for (const row of tx.all("SELECT id, body FROM item WHERE session = ? AND turn = ?", turn.session, turn.id)) {
    const column = columns(row);
    const body = column.text("body");
    const cleaned = writeJson(cleanItem(readItem(body), clean));
    if (cleaned !== body) tx.run("UPDATE item SET body = ? WHERE id = ?", cleaned, column.text("id"));
  }
}
