import assert from "node:assert/strict";
import { test } from "node:test";
import type { ContextItem } from "../../core/item.ts";
import { newId, parsePersonId } from "../../core/ids.ts";
import { type Label, SYSTEM_LABEL } from "../../core/label.ts";
import type { Caller, Said } from "../../core/ports/gateway.ts";
import { seededRandom } from "../../core/testing.ts";
import type { Sessions } from "../../steps/session/session.ts";
import { past } from "./past.ts";

const random = seededRandom(5);
const forOnly = (person: string): Label => ({ ...SYSTEM_LABEL, audience: { kind: "persons", persons: [person] } });
const says = (person: string, text: string): ContextItem => ({
  kind: "person",
  id: newId("itm", random),
  person,
  text,
  label: forOnly(person),
});
const answers = (text: string, tool?: string): ContextItem => ({
  kind: "model",
  id: newId("itm", random),
  text,
  calls: tool === undefined ? [] : [{ id: newId("call", random), tool, arguments: { path: "SECRET.txt" } }],
  label: SYSTEM_LABEL,
});
const result = (text: string): ContextItem => ({
  kind: "result",
  id: newId("itm", random),
  call: newId("call", random),
  tool: "read",
  text,
  ok: true,
  label: SYSTEM_LABEL,
});

async function shown(person: string, items: readonly ContextItem[], known = true): Promise<readonly Said[]> {
  const id = newId("ses", random);
  const sessions = {
    known: async () => (known ? { id } : undefined),
    history: async () => items,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is not asked for is not there
  } as unknown as Sessions;
  const outbound = { reply: (text: string) => text.replaceAll("SECRET", "[redacted]") };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of it is read
  const caller = { person: parsePersonId(person), channel: "webchat" } as Caller;
  return past({ sessions, outbound }, caller);
}

test("R-CHAN-1: whoever comes back is shown what he said, what was done and what was answered, redacted; no results", async () => {
  const lines = await shown("ana", [
    says("ana", "read it, SECRET"),
    answers("", "read"),
    result("what lay in the file"),
    answers("it says SECRET"),
  ]);
  assert.deepEqual(
    lines.map(({ kind, text }) => [kind, text]),
    [
      ["person", "read it, [redacted]"],
      ["call", 'read {"path":"[redacted].txt"}'],
      ["agent", "it says [redacted]"],
    ],
  );
  assert.deepEqual(await shown("ana", [], false), [], "who never talked here has nothing to be shown");
});

test("R-CHAN-6: of a shared conversation nobody is shown what another said, nor the answers to it", async () => {
  const items = [
    says("ana", "mine"),
    answers("to ana"),
    says("bea", "hers"),
    answers("to bea"),
    says("ana", "mine again"),
  ];
  assert.deepEqual(
    (await shown("ana", items)).map(({ text }) => text),
    ["mine", "to ana", "mine again"],
  );
  assert.deepEqual(
    (await shown("bea", items)).map(({ text }) => text),
    ["hers", "to bea"],
  );
});
