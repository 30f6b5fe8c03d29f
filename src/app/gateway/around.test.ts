import assert from "node:assert/strict";
import { test } from "node:test";
import { newId } from "../../core/ids.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import type { JsonObject } from "../../core/json.ts";
import { type Label, NEUTRAL_LABEL } from "../../core/label.ts";
import { seededRandom } from "../../core/testing.ts";
import { createHeldValues } from "../../steps/label/held.ts";
import { actAround, type AroundParts } from "./around.ts";

const random = seededRandom(21);
const session = newId("ses", random);
const low: Label = { trust: "none", confidentiality: "private", audience: { kind: "anyone" }, sources: [] };

function bench() {
  const rows = new Map<string, JsonObject>();
  const held = createHeldValues({
    state: { get: async (key) => rows.get(key), set: async (key, value) => void rows.set(key, value) },
    random,
    bits: 8,
  });
  const parts: AroundParts = {
    held,
    random,
    quarantine: { longerThan: 1_000, bits: 8 },
    endorsements: { counted: (_session, items) => items },
  };
  // Where the conversation has trust none already, nothing is kept out: the result is shown.
  const context: readonly ContextItem[] = [{ kind: "note", id: newId("itm", random), from: "x", text: "", label: low }];
  const act = async (path: string) => {
    const call: ProposedCall = { id: newId("call", random), tool: "read", arguments: { path } };
    const turn = {
      session: { id: session },
      tools: [],
      act: async ([made]: readonly ProposedCall[]) => [
        {
          call: made?.id ?? call.id,
          tool: "read",
          verdict: "allow",
          ok: true,
          text: `read ${String(made?.arguments["path"])}`,
          label: low,
          own: NEUTRAL_LABEL,
        } as const,
      ],
    };
    return (await actAround(parts, turn, [call], context))[0] ?? assert.fail();
  };
  return { held, act };
}

test("R-FLOW-8: INVARIANT(held-is-untrusted): what a call with a handle brings is never its own word alone: it cannot rise without the handle's text", async () => {
  const { held, act } = bench();
  const handle = await held.hold(session, { value: "eve.txt", label: low, from: "a mail", source: "a mail" });
  const filled = await act(handle);
  assert.equal(filled.text, "read eve.txt");
  assert.equal(filled.own?.trust, "none");
  assert.equal((await act("plain.txt")).own?.trust, "full", "the honest twin");
});
