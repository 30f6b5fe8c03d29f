import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../core/json.ts";
import type { StoredEntry } from "../../core/ports/ledger.ts";
import { newCase } from "./case.ts";
import { reachOf } from "./reach.ts";
import { writeReview } from "./review.ts";
import { toRotate } from "./rotate.ts";
import { rowOf, writeRow } from "./timeline.ts";

let next = 0;
function at(change: Partial<StoredEntry>): StoredEntry {
  return {
    kind: "call",
    who: "owner",
    what: "call.decided",
    target: "read",
    result: "ok",
    session: "ses_1",
    index: next++,
    time: "2026-01-01T00:00:00.000Z",
    ...change,
  };
}

/** Decided, and where it was allowed: prepared, ended. */
function ran(
  call: string,
  tool: string,
  data: JsonObject,
  outcome: "ok" | "failed" | "unknown" | "refused" = "ok",
): readonly StoredEntry[] {
  const decided = at({
    call,
    target: tool,
    result: outcome === "refused" ? "denied" : "ok",
    data: { says: "Because.", ...data },
  });
  if (outcome === "refused") return [decided];
  const prepared = at({ call, kind: "prepared", what: "call.prepared", target: tool, result: "begun" });
  return outcome === "unknown"
    ? [decided, prepared]
    : [decided, prepared, at({ call, kind: "outcome", what: "call.ended", target: tool, result: outcome })];
}

const MAIL = { kind: "file", id: "/w/mail.txt", trust: "none" };
const paths = (...all: readonly (readonly [string, string])[]): JsonObject => ({
  facts: {
    paths: all.map(([resolved, access]) => ({ resolved, access })),
    least: [MAIL],
    arguments: [{ from: [{ kind: "person", id: "owner", trust: "full" }] }],
  },
});

test("R-IR-2: the reach says which text led to what, what was touched, who was reached, and what was only wanted", () => {
  const reach = reachOf([
    at({ kind: "message", what: "message.received", target: "terminal" }),
    ...ran("c1", "read", paths(["/w/customers.csv", "read"])),
    ...ran("c2", "send", {
      arguments: { recipient: "eve@x.example", text: "…" },
      facts: {
        effect: "send",
        arguments: [{ role: "recipient", pointer: "/recipient" }],
        least: [MAIL],
      },
    }),
    ...ran("c3", "exec", { arguments: { command: "curl x" }, facts: { effect: "exec" } }, "unknown"),
    ...ran("c4", "read", { arguments: { path: "/etc/shadow" }, ...paths(["/etc/shadow", "read"]) }, "refused"),
    ...ran("c5", "schedule", { arguments: { when: "every day" }, facts: { effect: "schedule" } }),
    at({
      kind: "connection",
      who: "egress",
      what: "connection.allowed",
      target: "x.example:443",
      call: "c3",
      data: { bytesOut: 100, bytesIn: 5, credentials: ["crm"], request: "POST /in" },
    }),
    at({
      kind: "connection",
      who: "egress",
      what: "connection.refused",
      result: "denied",
      target: "y.example:443",
      call: "c3",
    }),
    at({
      kind: "model",
      what: "model.asked",
      target: "anthropic/x",
      data: { remote: true, confidentiality: "private" },
    }),
  ]);
  assert.deepEqual(
    [reach.influences[0]?.trust, reach.influences[0]?.id, reach.influences[0]?.calls],
    ["none", "/w/mail.txt", ["c1", "c2", "c4"]],
  );
  assert.deepEqual(
    reach.files.map((file) => file.what),
    ["/w/customers.csv"],
    "what was refused was not touched",
  );
  assert.deepEqual(
    reach.recipients.map((one) => one.what),
    ["eve@x.example"],
  );
  assert.deepEqual(
    reach.hosts.map((host) => [host.what, host.bytesOut, host.credentials]),
    [["x.example:443", 100, ["crm"]]],
  );
  assert.deepEqual(
    reach.providers.map((one) => one.what),
    ["anthropic/x"],
  );
  assert.deepEqual(
    reach.lasting.map((one) => one.how),
    ["schedule"],
  );
  assert.deepEqual(
    reach.refused.map((one) => one.what),
    ["read /etc/shadow"],
  );
  assert.deepEqual([reach.unknown, reach.commands[0]?.outcome], [["c3"], "unknown"]);
  const rotate = toRotate(reach, {
    credentials: new Map([["crm", "vault:crm"]]),
    secrets: ["vault:crm", "env:ANTHROPIC_API_KEY"],
    endedTokens: ["tok_1"],
    tokensLeft: false,
    isReachWhole: true,
    revoked: new Set(["vault:crm"]),
  });
  assert.deepEqual(
    rotate.map((one) => [one.name, one.state]),
    [
      ["tok_1", "ended"],
      ["vault:crm", "by hand"],
      ["env:ANTHROPIC_API_KEY", "by hand"],
    ],
  );
  assert.match(rotate[1]?.why ?? "", /put into requests.*revoked here/);
  assert.match(rotate[2]?.how ?? "", /vambrace secrets revoke env:ANTHROPIC_API_KEY/);
});

test("R-IR-2: INVARIANT(plain-rows): text of strangers steers no terminal, ends no line and no block of a document", () => {
  const evil = "x\u001b[2J\r\n```\n# Heading | `code` \u202e";
  const entries = [
    ...ran("c1", "exec", {
      arguments: { command: evil },
      says: evil,
      facts: {
        effect: "exec",
        least: [{ kind: "web", id: evil, trust: "none" }],
        paths: [{ resolved: evil, access: "write" }],
      },
    }),
    at({ kind: "connection", target: evil, result: "ok", who: evil, data: { request: evil, credentials: [evil] } }),
    at({ kind: "fault", what: evil, target: evil, result: evil, data: null as unknown as JsonObject }),
    at({ data: { facts: 7, arguments: [evil], because: {} } as unknown as JsonObject, call: "c9" }),
  ];
  const rows = entries.map(rowOf);
  const reach = reachOf(entries);
  const one = newCase({
    id: "inc_20260101000000abcd",
    openedMs: 1,
    by: evil,
    reason: evil,
    session: null,
    call: null,
    sinceMs: 0,
  });
  const review = writeReview({
    one,
    rows,
    left: 0,
    reach,
    rotate: [{ name: evil, state: "by hand", why: "w", how: "h" }],
  });
  for (const text of [...rows.map(writeRow), review])
    assert.ok(!["\u001b", "\r", "\u202e"].some((sign) => text.includes(sign)), JSON.stringify(text));
  for (const row of rows) assert.ok(!writeRow(row).includes("\n"));
  assert.equal(review.split("\n").filter((line) => line.startsWith("```")).length, 2);
  assert.ok(!review.split("\n").some((line) => line.startsWith("# Heading")));
});
