/**
 * Context items: what a model request is made of. Each carries its label from
 * the edge; the trust of a call is computed over the items really sent.
 *
 * @module
 */
import type { Basis } from "./basis.ts";
import type { CallId, ItemId } from "./ids.ts";
import type { JsonObject } from "./json.ts";
import type { Label } from "./label.ts";

export type ProposedCall = { readonly id: CallId; readonly tool: string; readonly arguments: JsonObject };

/** Signs of hidden or commanding text: how many of each rule. They lower nothing and prove nothing; a person is shown them. */
export type Found = Readonly<Record<string, number>>;

/** What the label of an item was made of. Absent: the label stands as it is. */
type Made = { readonly basis?: Basis };

export type ContextItem = Made &
  (
    | { readonly kind: "system"; readonly id: ItemId; readonly text: string; readonly label: Label }
    | {
        readonly kind: "person";
        readonly id: ItemId;
        readonly person: string;
        readonly text: string;
        readonly label: Label;
      }
    /** Text from another session, a schedule, an answer that was delivered: whatever its trust, it is nobody's word and names nothing. */
    | {
        readonly kind: "note";
        readonly id: ItemId;
        readonly from: string;
        readonly text: string;
        readonly label: Label;
      }
    /** What the model wrote and the calls that it proposed; the label is the join of what it was made from. */
    | {
        readonly kind: "model";
        readonly id: ItemId;
        readonly text: string;
        readonly calls: readonly ProposedCall[];
        readonly label: Label;
      }
    | {
        readonly kind: "result";
        readonly id: ItemId;
        readonly call: CallId;
        readonly tool: string;
        readonly text: string;
        readonly ok: boolean;
        readonly label: Label;
        readonly found?: Found;
      }
  );
