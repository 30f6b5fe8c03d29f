import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../../core/json.ts";
import type { StoredEntry } from "../../core/ports/ledger.ts";
import { newCase } from "./case.ts";
import type { Reach, ReachList, Touched } from "./reach.ts";
import { writeReview } from "./review.ts";
import { toRotate } from "./rotate.ts";
import { BOUNDS, Surveyor } from "./survey.ts";
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

/** @param entries oldest first, as they were recorded. */
function reachOf(entries: readonly StoredEntry[], listed = BOUNDS.listed): Reach {
  const surveyor = new Surveyor(Number.POSITIVE_INFINITY, { ...BOUNDS, listed });
  for (const entry of entries.toReversed())
    surveyor.see({ ...entry, bytes: Buffer.from(JSON.stringify(entry), "utf8") });
  return surveyor.survey().reach;
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
    counts: { kept: 4, leftOut: 0, byKind: [], shownBy: null },
    reach,
    rotate: [{ name: evil, state: "by hand", why: "w", how: "h" }],
  });
  for (const text of [...rows.map(writeRow), review])
    assert.ok(!["\u001b", "\r", "\u202e"].some((sign) => text.includes(sign)), JSON.stringify(text));
  for (const row of rows) assert.ok(!writeRow(row).includes("\n"));
  assert.equal(review.split("\n").filter((line) => line.startsWith("```")).length, 2);
  assert.ok(!review.split("\n").some((line) => line.startsWith("# Heading")));
});

/** Of each list what is in it, how often, from where to where: all records at once, in the plainest way. */
function plainly(entries: readonly StoredEntry[]): Record<string, readonly string[]> {
  const of = (kind: string): ReadonlySet<string> =>
    new Set(entries.filter((one) => one.kind === kind).map((one) => one.call ?? ""));
  const prepared = of("prepared");
  const decided = entries.filter((one) => one.what === "call.decided");
  const ran = decided.filter((one) => prepared.has(one.call ?? ""));
  const reached = entries.filter((one) => one.kind === "connection" && one.result === "ok");
  // oxlint-disable-next-line typescript/no-explicit-any -- what was made here, read back
  const factsOf = (one: StoredEntry): any => one.data?.["facts"] ?? {};
  const count = (all: readonly StoredEntry[], names: (one: StoredEntry) => readonly string[]): readonly string[] => {
    const found = new Map<string, number[]>();
    for (const one of all)
      for (const name of new Set(names(one))) found.set(name, [...(found.get(name) ?? []), one.index]);
    return [...found].map(([name, at]) => `${name} ${at.length} ${at[0]}-${at.at(-1)}`).sort();
  };
  return {
    influences: count(decided, (one) => factsOf(one).least.map((text: { id: string }) => text.id)),
    files: count(ran, (one) => factsOf(one).paths.map((path: { resolved: string }) => path.resolved)),
    secretPlaces: count(ran, (one) =>
      factsOf(one)
        .paths.map((path: { resolved: string }) => path.resolved)
        .filter((path: string) => path.endsWith(".pem")),
    ),
    hosts: count(reached, (one) => [one.target]),
    secrets: count(reached, (one) => one.data?.["credentials"] as readonly string[]),
    refused: count(
      decided.filter((one) => !prepared.has(one.call ?? "")),
      (one) => [one.target],
    ),
    unknown: ran
      .map((one) => one.call ?? "")
      .filter((call) => !of("outcome").has(call))
      .sort(),
  };
}

function asPlain(reach: Reach): Record<string, readonly string[]> {
  const lines = (list: readonly Touched[]): readonly string[] =>
    list.map(({ what, times, first, last }) => `${what} ${times} ${first}-${last}`).sort();
  const { influences, files, secretPlaces, hosts, secrets, refused, unknown } = reach;
  return {
    influences: influences.map(({ id, times, first, last }) => `${id} ${times} ${first}-${last}`).sort(),
    files: lines(files),
    secretPlaces: lines(secretPlaces),
    hosts: lines(hosts),
    secrets: lines(secrets),
    refused: lines(refused),
    unknown: [...unknown].sort(),
  };
}

const step = fc.oneof(
  fc
    .record({
      tool: fc.constantFrom("read", "write", "exec"),
      path: fc.constantFrom("/w/a", "/w/b", "/w/c/d.pem", "/x/e"),
      source: fc.constantFrom("s", "t"),
      outcome: fc.constantFrom<("ok" | "failed" | "unknown" | "refused")[]>("ok", "failed", "unknown", "refused"),
    })
    .map(({ tool, path, source, outcome }) => (call: string) => {
      const touched = { resolved: path, access: "read" };
      // What a record names twice it names once.
      const facts = { effect: tool, least: [{ ...MAIL, id: source }], paths: [touched, touched] };
      return ran(call, tool, { facts }, outcome);
    }),
  fc
    .record({ host: fc.constantFrom("x:443", "y:443"), name: fc.constantFrom("crm", "mail"), ok: fc.boolean() })
    .map(({ host, name, ok }) => (call: string) => [
      at({
        kind: "connection",
        what: "connection.allowed",
        target: host,
        result: ok ? "ok" : "denied",
        call,
        data: { credentials: [name], bytesOut: 2 },
      }),
    ]),
);

test("R-IR-2: INVARIANT(reach-is-plain): where nothing is too much, the reach is what looking at all records at once gives", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const entries = steps.flatMap((make, i) => make(`c${i}`));
      const reach = reachOf(entries);
      assert.deepEqual(asPlain(reach), plainly(entries));
      assert.deepEqual([reach.records, reach.more], [entries.length, {}]);
    }),
  );
});

test("R-IR-2: INVARIANT(counts-add-up): what is listed and what is not are together as often as it was seen", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 30 }), { maxLength: 300 }), (paths) => {
      const reach = reachOf(
        paths.flatMap((path, i) =>
          ran(`c${i}`, "read", { facts: { effect: "read", paths: [{ resolved: `/w/${path}`, access: "read" }] } }),
        ),
        10,
      );
      const listed = reach.files.reduce((sum, { times }) => sum + times, 0);
      assert.ok(reach.files.length <= 10);
      assert.equal(listed + (reach.more.files?.times ?? 0), paths.length);
      if (new Set(paths).size <= 10) assert.equal(reach.more.files, undefined);
      else assert.ok((reach.more.files?.things ?? 0) >= new Set(paths).size - 10);
    }),
  );
});

/** What a session did that nobody should miss. */
function deed(): readonly StoredEntry[] {
  return [
    at({ kind: "message", who: "ana", what: "message.received" }),
    ...ran("d1", "send", {
      arguments: { to: ["eve@x.example"] },
      facts: { effect: "send", arguments: [{ role: "recipient", pointer: "/to/0" }], least: [MAIL], paths: [] },
    }),
    ...ran("d2", "schedule", { arguments: { when: "each night" }, facts: { effect: "schedule", paths: [] } }),
    ...ran("d3", "read", { facts: { effect: "read", paths: [{ resolved: "/home/ana/.ssh/id_rsa", access: "read" }] } }),
    ...ran("d4", "exec", { arguments: { command: "curl x" }, facts: { effect: "exec", paths: [] } }, "unknown"),
    at({
      kind: "connection",
      target: "x.example:443",
      call: "d4",
      data: { credentials: ["crm"], bytesOut: 7, request: "POST /in" },
    }),
    ...ran("d5", "read", { arguments: { path: "/etc/shadow" }, facts: { effect: "read", paths: [] } }, "refused"),
    at({ kind: "approval", what: "approval.answered", who: "ana", call: "d1" }),
  ];
}

/** What a flooder can make much of, each with names of its own. */
const FLOODS: Readonly<Record<string, (i: number) => readonly StoredEntry[]>> = {
  files: (i) =>
    ran(`f${i}`, "read", {
      facts: { effect: "read", paths: [{ resolved: `/w/${i}`, access: "read", zone: "workspace" }] },
    }),
  "files that look like secrets": (i) =>
    ran(`f${i}`, "write", { facts: { effect: "write", paths: [{ resolved: `/w/${i}.pem`, access: "write" }] } }),
  commands: (i) => ran(`f${i}`, "exec", { arguments: { command: `true ${i}` }, facts: { effect: "exec", paths: [] } }),
  hosts: (i) => [at({ kind: "connection", target: `h${i}.y.example:443`, call: "f", data: { bytesOut: 1 } })],
  recipients: (i) =>
    ran(`f${i}`, "send", {
      arguments: { to: [`${i}@y.example`] },
      facts: { effect: "send", arguments: [{ role: "recipient", pointer: "/to/0" }], paths: [] },
    }),
  memories: (i) => ran(`f${i}`, "remember", { arguments: { text: `${i}` }, facts: { effect: "remember", paths: [] } }),
  refusals: (i) =>
    ran(`f${i}`, "read", { arguments: { path: `/w/${i}` }, facts: { effect: "read", paths: [] } }, "refused"),
  texts: (i) =>
    ran(`f${i}`, "read", { facts: { effect: "read", paths: [], least: [{ ...MAIL, id: `https://y.example/${i}` }] } }),
  unanswered: (i) => [
    at({ kind: "approval", what: "approval.answered", who: "nobody", result: "denied", call: `f${i}` }),
  ],
  "calls that end nobody knows how": (i) =>
    ran(`f${i}`, "exec", { arguments: { command: "true" }, facts: { effect: "exec", paths: [] } }, "unknown"),
  "messages of others": (i) => [at({ kind: "message", who: `p${i}`, what: "message.received" })],
};

for (const [what, make] of Object.entries(FLOODS)) {
  test(`R-IR-2: a flood of ${what}, before, around or after the deed, takes none of it out of the reach or of what is to be rotated`, () => {
    const much = (from: number): readonly StoredEntry[] => Array.from({ length: 300 }, (_, i) => make(from + i)).flat();
    for (const entries of [
      [...deed(), ...much(0)],
      [...much(0), ...deed()],
      [...much(0), ...deed(), ...much(300)],
    ]) {
      const reach = reachOf(entries, 40);
      const names = (list: Exclude<ReachList, "influences" | "unknown" | "persons" | "approvals">): readonly string[] =>
        reach[list].map((one) => one.what);
      assert.ok(reach.influences.some(({ id }) => id === MAIL.id));
      assert.ok(names("recipients").includes("eve@x.example"));
      assert.ok(names("lasting").includes("schedule each night"));
      assert.ok(names("secretPlaces").includes("/home/ana/.ssh/id_rsa"));
      assert.ok(names("files").includes("/home/ana/.ssh/id_rsa"));
      assert.ok(names("commands").includes("curl x"));
      assert.ok(names("refused").includes("read /etc/shadow"));
      assert.deepEqual(names("secrets"), ["crm"]);
      const host = reach.hosts.find((one) => one.what === "x.example:443");
      assert.deepEqual([host?.bytesOut, host?.credentials], [7, ["crm"]]);
      assert.ok(reach.approvals.some(({ call, by, answer }) => call === "d1" && by === "ana" && answer === "yes"));
      assert.ok(reach.records === entries.length && Object.values(reach.more).length > 0, "there was too much");
      for (const list of Object.values(reach)) assert.ok(!Array.isArray(list) || list.length <= 40);
      const held = { credentials: new Map([["crm", "vault:crm"]]), secrets: ["vault:crm"], endedTokens: [] };
      const rotate = toRotate(reach, { ...held, tokensLeft: false, isReachWhole: true, revoked: new Set() });
      assert.match(rotate.find(({ name }) => name === "vault:crm")?.why ?? "", /put into requests/);
      assert.ok(rotate.some(({ name }) => name === "/home/ana/.ssh/id_rsa"));
      assert.equal(
        rotate.some(({ name }) => /^up to \d+ more files/.test(name)),
        reach.more.secretPlaces !== undefined,
      );
    }
  });
}

test("R-IR-2: INVARIANT(counts-add-up): what was seen often and then pushed out is counted as often as it was seen", () => {
  const read = (path: string, i: number): readonly StoredEntry[] =>
    ran(`c${path}${i}`, "read", { facts: { effect: "read", paths: [{ resolved: path, access: "read" }] } });
  const reach = reachOf(
    [
      ...Array.from({ length: 100 }, (_, i) => read(`/w/${i}`, i)),
      ...Array.from({ length: 20 }, (_, i) => Array.from({ length: 5 }, (__, j) => read(`/w/old ${i}`, j))).flat(),
    ].flat(),
    10,
  );
  const listed = reach.files.reduce((sum, { times }) => sum + times, 0);
  assert.equal(listed + (reach.more.files?.times ?? 0), 200);
});

test("R-IR-2: a call that is too large for its record is said to have done more than that", () => {
  const cut = { cut: "90000 bytes", digest: "d", head: '{"agent":"main","arguments":{"to":["eve@x.example"' };
  const many = { effect: "read", paths: [{ resolved: "/w/a", access: "read" }, "and 36 more"] };
  const whole = { effect: "read", paths: [{ resolved: "/w/b", access: "read" }] };
  const reach = reachOf([
    ...ran("c1", "send", cut),
    ...ran("c2", "read", { facts: many }),
    ...ran("c3", "read", { facts: whole }),
  ]);
  assert.deepEqual(
    reach.unsaid.map(({ what, calls }) => [what.includes("eve@x.example"), calls]),
    [
      [true, ["c1"]],
      [false, ["c2"]],
    ],
  );
});

test("R-IR-2: a call that was endorsed and decided again ran once, and is not among the refused", () => {
  const [decided, ...rest] = ran("c1", "read", { facts: { effect: "read", paths: [] } });
  assert.ok(decided !== undefined);
  const asked = { ...decided, result: "asked", index: decided.index - 1_000 };
  const reach = reachOf([asked, decided, ...rest]);
  assert.deepEqual([reach.refused, reach.unknown], [[], []]);
});
