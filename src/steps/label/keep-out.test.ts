import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HeldValues } from "../../core/held.ts";
import { newId, parseId } from "../../core/ids.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import type { JsonObject } from "../../core/json.ts";
import {
  type Confidentiality,
  CONFIDENTIALITY_LEVELS,
  confidentialityRank,
  joinAll,
  type Label,
  labelOf,
  leastTrust,
  type Trust,
  TRUST_LEVELS,
} from "../../core/label.ts";
import { seededRandom } from "../../core/testing.ts";
import type { CallResult } from "../../core/turn.ts";
import { createHeldValues } from "./held.ts";
import { fillHandles, keepOut } from "./keep-out.ts";

const random = seededRandom(11);
const session = parseId("ses", `ses_${"0".repeat(26)}`);
const other = parseId("ses", `ses_${"1".repeat(26)}`);
const trusts = fc.constantFrom(...TRUST_LEVELS);
const levels = fc.constantFrom(...CONFIDENTIALITY_LEVELS);

function memory(bits = 32): { readonly held: HeldValues; readonly rows: Map<string, JsonObject> } {
  const rows = new Map<string, JsonObject>();
  const state = {
    get: async (key: string) => rows.get(key),
    set: async (key: string, value: JsonObject) => void rows.set(key, value),
  };
  return { held: createHeldValues({ state, random, bits }), rows };
}

function labelled(trust: Trust, confidentiality: Confidentiality = "private"): Label {
  return labelOf({ kind: "person", id: "owner", trust }, confidentiality, { kind: "persons", persons: ["owner"] });
}

function said(text: string, label: Label): ContextItem {
  return { kind: "person", id: newId("itm", random), person: "owner", text, label };
}

const proposed = (tool: string, args: JsonObject): ProposedCall => ({
  id: newId("call", random),
  tool,
  arguments: args,
});

function resultOf(call: ProposedCall, text: string, label: Label): CallResult {
  return { call: call.id, tool: call.tool, verdict: "allow", ok: true, text, label };
}

const rules = { longerThan: 100, answering: new Set(["quarantine"]) };

test("R-FLOW-8: INVARIANT(weakest-influence): what stands in for a result says nothing of it, has the trust of what led to the call, and no less confidentiality", async () => {
  await fc.assert(
    fc.asyncProperty(
      trusts,
      levels,
      levels,
      fc.string({ minLength: 1, maxLength: 40 }),
      async (trust, around, own, words) => {
        const { held } = memory();
        const secret = `${words} ORDER-77 `.repeat(40);
        const context = [said("go", labelled(trust, around))];
        const call = proposed("read", { path: "mail.txt" });
        const result = resultOf(call, secret, labelled("none", own));
        const kept = await keepOut(held, rules, { session, call, result, context, isFilled: false });
        const before = joinAll(context.map((item) => item.label));
        if (trust === "none")
          return assert.equal(kept, result, "where the context has none already, nothing is gained");
        assert.ok(!kept.text.includes("ORDER-77"));
        assert.equal(joinAll([before, kept.label]).trust, trust, "the session keeps its trust");
        assert.ok(confidentialityRank(kept.label.confidentiality) >= confidentialityRank(own));
        assert.ok(confidentialityRank(kept.label.confidentiality) >= confidentialityRank(around));
      },
    ),
  );
});

test("R-FLOW-8: short results, results of more trust and answers about what is held are shown as they are", async () => {
  const { held } = memory();
  const context = [said("go", labelled("full"))];
  const call = proposed("read", { path: "a" });
  const long = "x".repeat(500);
  for (const [result, isFilled] of [
    [resultOf(call, "short", labelled("none")), false],
    [resultOf(call, long, labelled("limited")), false],
    [{ ...resultOf(call, long.slice(0, 50), labelled("none")), verdict: "deny" } as const, true],
  ] as const) {
    assert.equal(await keepOut(held, rules, { session, call, result, context, isFilled }), result);
  }
  const asking = proposed("quarantine", { handle: "h" });
  const opened = resultOf(asking, long, labelled("none"));
  assert.equal(await keepOut(held, rules, { session, call: asking, result: opened, context, isFilled: false }), opened);
});

test("R-FLOW-8: INVARIANT(held-is-untrusted): a call that a handle is put into has trust none, whatever led to it and whatever the store says", async () => {
  await fc.assert(
    fc.asyncProperty(
      trusts,
      trusts,
      levels,
      fc.oneof(fc.string(), fc.integer()),
      async (trust, claimed, level, value) => {
        const { held } = memory();
        const id = await held.hold(session, {
          value,
          label: labelled(claimed, level),
          from: "file /w/mail.txt",
          source: "s",
        });
        const context = [said("send it", labelled(trust, "public"))];
        const call = proposed("send", { to: id, text: `see ${id}.`, list: [{ deep: id }] });
        const filled = await fillHandles(held, random, { session, call, context });
        const influence = joinAll(filled.context.map((item) => item.label));
        assert.equal(influence.trust, "none");
        assert.ok(confidentialityRank(influence.confidentiality) >= confidentialityRank(level));
        assert.deepEqual(filled.call.arguments, { to: value, text: `see ${value}.`, list: [{ deep: value }] });
        // As the judge will say where it came from, and not as something that a person wrote or that was done.
        const added = filled.context.slice(context.length);
        assert.ok(added.every((item) => item.kind !== "person"));
        assert.ok(added.some((item) => item.kind === "result" && item.text === String(value) && !item.ok));
      },
    ),
  );
});

test("R-FLOW-8: a handle means nothing in another session, nor where it was never given; other calls stay as they are", async () => {
  const { held } = memory();
  const id = await held.hold(session, { value: "x@evil.example", label: labelled("none"), from: "f", source: "s" });
  const context = [said("go", labelled("full"))];
  const call = proposed("send", { to: id });
  assert.equal((await fillHandles(held, random, { session: other, call, context })).call, call);
  const made = proposed("send", { to: newId("hdl", random) });
  assert.equal((await fillHandles(held, random, { session, call: made, context })).call, made);
  const plain = proposed("send", { to: "ana", text: "hello" });
  const { context: same } = await fillHandles(held, random, { session, call: plain, context });
  assert.equal(same, context);
});

test("R-FLOW-8: a source tells no more bits than it may, all of them no more than the session may, and a restart gives nothing back", async () => {
  const { held, rows } = memory(8);
  assert.deepEqual(await held.spend(session, "file a", 5), { kind: "spent" });
  assert.deepEqual(await held.spend(session, "file a", 4), { kind: "short", left: 3 });
  assert.deepEqual(await held.spend(session, "file a", 3), { kind: "spent" });
  assert.deepEqual(await held.spend(session, "file a", Number.NaN), { kind: "short", left: 0 });
  assert.deepEqual(await held.spend(other, "file a", 8), { kind: "spent" }, "sessions are counted apart");
  const state = { get: async (key: string) => rows.get(key), set: async () => undefined };
  const restarted = createHeldValues({ state, random, bits: 8 });
  assert.equal((await restarted.spend(session, "file a", 1)).kind, "short");
  for (let at = 0; at < 7; at++) assert.equal((await held.spend(session, `file b${at}`, 8)).kind, "spent");
  assert.equal((await held.spend(session, "file c", 1)).kind, "short", "many sources are no way around");
  rows.set(`held-bits:${other}:file d`, { bits: "many" });
  assert.equal((await held.spend(other, "file d", 1)).kind, "short", "a count that cannot be read is used up");
});

test("R-FLOW-8: a stored label that cannot be read is the strictest there is", async () => {
  const { held, rows } = memory();
  const id = await held.hold(session, { value: "x", label: labelled("full", "public"), from: "f", source: "s" });
  const [key] = [...rows.keys()];
  rows.set(key ?? "", { ...rows.get(key ?? ""), confidentiality: "whatever" });
  const read = await held.get(session, id);
  assert.deepEqual(read?.label.audience, { kind: "persons", persons: [] });
  assert.equal(read?.label.trust, "none");
  assert.equal(leastTrust("full", read?.label.trust ?? "full"), "none");
});
