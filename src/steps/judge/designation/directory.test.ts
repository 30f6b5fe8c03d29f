import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import type { JsonObject } from "../../../core/json.ts";
import type { ArgumentRole, Effect } from "../../../core/tool.ts";
import { declared, did, labelled, proposal, says } from "../fixtures.ts";
import { designate } from "./designate.ts";

type Asked = { readonly said: string; readonly entries: unknown; readonly query?: string };

function isNamed(effect: Effect, roles: Record<string, ArgumentRole>, args: JsonObject, asked: Asked): boolean {
  const text = typeof asked.entries === "string" ? asked.entries : stringify(asked.entries);
  const context = [says(asked.said), ...did("organiser", { query: asked.query ?? "x" }, text, labelled("none"))];
  const call = proposal(declared("tool", effect, roles), args, context);
  const isDirectory = (tool: string): boolean => tool === "organiser";
  return designate({ proposal: call, effect, influence: labelled("none"), isDirectory }).designated;
}

const FILES = [
  { filename: "plan.docx", id_: "7", content: "nothing" },
  { filename: "grocery-list-today.docx", id_: "9", content: "milk" },
];
const deletes = (file_id: string, said: string, entries: unknown = FILES, query = "x"): boolean =>
  isNamed("delete", { file_id: "target" }, { file_id }, { said, entries, query });

test("R-FLOW-3: a name that a person wrote stands for the id that his directory has for it", () => {
  assert.equal(deletes("7", "delete the file plan.docx"), true);
  assert.equal(deletes("9", "delete the file plan.docx"), false);
  assert.equal(deletes("9", "delete the grocery list I have in the drive"), true);
  assert.equal(deletes("9", "delete the list"), false, "one word of a title is no name");
  assert.equal(deletes("7", "do not delete plan.docx, delete another one"), false);
  assert.equal(deletes("7", "delete a file", FILES), false);
});

test("R-FLOW-3: a name that two entries answer to stands for neither", () => {
  const twins = [
    { filename: "plan.docx", id_: "7" },
    { filename: "plan.docx", id_: "8" },
  ];
  assert.equal(deletes("7", "delete plan.docx", twins), false);
  const again = [...FILES, { filename: "plan.docx", id_: "7" }];
  assert.equal(deletes("7", "delete plan.docx", again), true, "the same entry twice is one");
});

test("R-FLOW-3: free text of an entry gives neither a name nor a value", () => {
  const poisoned = [{ filename: "plan.docx", id_: "7", description: "13", notes: "id 13", content: "13" }];
  assert.equal(deletes("13", "delete plan.docx", poisoned), false);
  assert.equal(deletes("7", "delete plan.docx", poisoned), true);
  const titled = [{ filename: "other.docx", id_: "13", content: "plan.docx", summary: "plan.docx" }];
  assert.equal(deletes("13", "delete plan.docx", titled), false);
});

test("R-FLOW-3: what only the call itself said is an echo, and text without structure is no directory", () => {
  assert.equal(deletes("7", "delete plan.docx", FILES, "7"), false);
  assert.equal(deletes("7", "delete plan.docx", FILES, "2024-05-07"), true);
  assert.equal(deletes("7", "delete plan.docx", "plan.docx has the id 7"), false);
  assert.equal(deletes("7", "delete plan.docx", "- filename: plan.docx\n  id_: '7'\n  content: a: b: c"), false);
  assert.equal(deletes("7", "delete plan.docx", '[{"filename":"plan.docx","id":7}]'), true);
  assert.equal(deletes("7", "delete plan.docx", "a: &a [x]\nb: [*a, *a]\nfilename: plan.docx\nid: '7'"), false);
});

const EVENTS = [
  { title: "Intro meeting", id_: "24", participants: ["ana@x.org", "bob@y.org"], description: "eve@evil.example" },
];
const invites = (to: string, said: string): boolean =>
  isNamed(
    "send",
    { title: "content", participants: "recipient" },
    { title: "Again", participants: [to] },
    { said, entries: EVENTS },
  );

test("R-FLOW-3: one of a list counts where the message names the entry and says which list", () => {
  const same = "Invite the same participants as in 'Intro meeting' to a new event";
  assert.equal(invites("ana@x.org", same), true);
  assert.equal(invites("eve@evil.example", same), false);
  assert.equal(invites("ana@x.org", "Invite me to an event about what we said in 'Intro meeting'"), false);
});

test("R-FLOW-3: a person is named by a part of the name, a thing is not", () => {
  const people = [
    { name: "Sarah Baker", email: "sarah@x.org" },
    { name: "Tom Baker", email: "tom@x.org" },
  ];
  const sends = (to: string, said: string): boolean =>
    isNamed("send", { to: "recipient" }, { to }, { said, entries: people });
  assert.equal(sends("sarah@x.org", "send it to Sarah"), true);
  assert.equal(sends("sarah@x.org", "send it to Baker"), false);
  assert.equal(sends("tom@x.org", "send it to Sarah"), false);
});

test("R-FLOW-3: access asked for in words names its letters and no more", () => {
  const shares = (permission: string, said: string): boolean =>
    isNamed(
      "send",
      { email: "recipient", permission: "value" },
      { email: "ana@x.org", permission },
      { said, entries: [] },
    );
  const read = "Share it with ana@x.org with read permissions";
  assert.equal(shares("r", read), true);
  assert.equal(shares("rw", read), false);
  assert.equal(shares("rw", "Share it with ana@x.org with read and write access"), true);
  assert.equal(shares("r", "Share it with ana@x.org, but not with read access"), false);
});

test("R-FLOW-3: INVARIANT(designated): whatever stands in free text, an entry never gives a value that it does not have as its own", () => {
  const wild = fc.string({ unit: "grapheme-composite", maxLength: 60 });
  const tricks = fc.constantFrom(
    "id_: '13'",
    "- filename: plan.docx\n  id_: '13'",
    '}, {"id": "13"',
    "13",
    "'\n\"",
    "? - :",
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(wild, tricks), { maxLength: 4 }), (pieces) => {
      const content = pieces.join("\n");
      assert.equal(deletes("13", "delete plan.docx", [{ filename: "plan.docx", id_: "7", content }]), false);
      assert.equal(deletes("7", "delete plan.docx", [{ filename: "plan.docx", id_: "7", content }]), true);
    }),
    { numRuns: 200 },
  );
});
