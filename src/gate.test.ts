import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApprovalRecord } from "./core/approval.ts";
import { callDigest, type Facts, type Proposal } from "./core/call.ts";
import type { Decision } from "./core/decision.ts";
import { Fault } from "./core/fault.ts";
import { newId, parseAgentId, parsePersonId } from "./core/ids.ts";
import { sha256 } from "./core/json.ts";
import { NEUTRAL_LABEL, SYSTEM_LABEL } from "./core/label.ts";
import { openPermitOffice } from "./core/permit.ts";
import type { LedgerEntry, Receipt } from "./core/ports/ledger.ts";
import { fakeClock, seededRandom } from "./core/testing.ts";
import type { TurnEvent } from "./core/turn.ts";
import { createGate, type GateSteps } from "./gate.ts";

const random = seededRandom(3);
const owner = parsePersonId("owner");
const limits = { wallMs: 1, outputBytes: 1, memoryBytes: 1, processes: 1, fileBytes: 1, hosts: [], mounts: [] };
const reasons = { because: ["p"], says: "because", policies: sha256("set") };
const allow: Decision = { verdict: "allow", ...reasons, limits };
const ask: Decision = { verdict: "ask", ...reasons, limits, needs: "yes", askOf: ["owner"] };
const deny: Decision = { verdict: "deny", ...reasons, hint: "do not" };
const facts: Facts = {
  effect: "exec",
  influence: SYSTEM_LABEL,
  arguments: [],
  designated: true,
  paths: [],
  hosts: [],
  carries: [],
};

function proposal(): Proposal {
  return {
    id: newId("call", random),
    tool: "exec",
    arguments: { command: "ls" },
    principal: { person: owner, trust: "full", roles: [] },
    origin: {
      session: newId("ses", random),
      turn: newId("trn", random),
      agent: parseAgentId("main"),
      channel: "terminal",
    },
    context: [],
    cwd: "/w",
  };
}

type World = {
  readonly log: string[];
  readonly entries: LedgerEntry[];
  readonly events: TurnEvent[];
  readonly gate: ReturnType<typeof createGate>;
};

function world(
  change: Partial<GateSteps> & {
    readonly decision?: Decision;
    readonly answer?: "yes" | "no";
    readonly refuseRecord?: string;
  } = {},
): World {
  const log: string[] = [];
  const entries: LedgerEntry[] = [];
  const events: TurnEvent[] = [];
  const given = new WeakSet<Receipt>();
  const clock = fakeClock();
  const decision = change.decision ?? allow;
  const office = openPermitOffice({
    clock,
    random,
    signer: { sign: (permit, job) => ({ permit, job, notAfterMs: 0, signature: "" }) },
    confirms: (receipt, call, digest) =>
      given.has(receipt) &&
      receipt.entry.kind === "prepared" &&
      receipt.entry.call === call &&
      receipt.entry.data?.["digest"] === digest,
  });
  const steps: GateSteps = {
    judge: async (call) => {
      log.push("judge");
      return { facts, decision, digest: callDigest(call, facts) };
    },
    approve: async (call, judged): Promise<ApprovalRecord> => {
      log.push("approve");
      return {
        id: newId("apr", random),
        call: call.id,
        digest: judged.digest,
        answer: change.answer ?? "yes",
        scope: "once",
        by: owner,
        kind: "yes",
        atMs: 0,
      };
    },
    ledger: {
      append: async (entry) => {
        if (entry.kind === change.refuseRecord)
          throw new Fault("LEDGER_UNAVAILABLE", { message: "full", hint: "make room" });
        log.push(`record ${entry.kind}`);
        entries.push(entry);
        const receipt = { index: entries.length, leaf: sha256("x"), entry };
        given.add(receipt);
        return receipt;
      },
      gave: (receipt) => given.has(receipt),
      search: async () => [],
      head: async () => ({ size: 0, rootHex: "", checkpoint: "" }),
    },
    calls: {
      prepareCall: async () => void log.push("store prepared"),
      endCall: async (_id, state) => void log.push(`store ${state}`),
    },
    office,
    run: async (permit, request) => {
      office.spend(permit, request.judged.digest);
      log.push("run");
      return { ok: true, text: "done SECRET", summary: "exit status 0" };
    },
    label: () => ({ label: NEUTRAL_LABEL, own: NEUTRAL_LABEL }),
    labelRefusal: () => ({ label: NEUTRAL_LABEL, own: NEUTRAL_LABEL }),
    endorse: async (_proposal, { as }) => void log.push(`endorse ${as}`),
    redact: (value) => value,
    incoming: (text) => ({
      text: text.replaceAll("SECRET", "[redacted]"),
      found: text.includes("HIDDEN") ? { hidden: 1 } : {},
    }),
    clock,
    state: () => "running",
    ...change,
  };
  return { log, entries, events, gate: createGate(steps) };
}

const io = (one: World) => ({
  emit: (event: TurnEvent) => void one.events.push(event),
  signal: new AbortController().signal,
});

test("R-LOG-2: an allowed call is decided, prepared on disk, run, and its outcome recorded, in this order", async () => {
  const one = world();
  const result = await one.gate(proposal(), io(one));
  assert.deepEqual(one.log, [
    "judge",
    "record call",
    "store prepared",
    "record prepared",
    "run",
    "record outcome",
    "store done",
  ]);
  assert.equal(result.ok, true);
  assert.equal(result.text, "done [redacted]");
});

test("R-TOOL-2: a denied call is recorded and nothing is run", async () => {
  const one = world({ decision: deny });
  const result = await one.gate(proposal(), io(one));
  assert.deepEqual(one.log, ["judge", "record call"]);
  assert.deepEqual([result.ok, result.verdict], [false, "deny"]);
  assert.match(result.text, /because.*do not/);
});

test("R-EXEC-1: a call that asks runs after a yes, and its approval is recorded first", async () => {
  const one = world({ decision: ask });
  await one.gate(proposal(), io(one));
  assert.deepEqual(one.log.slice(0, 4), ["judge", "record call", "approve", "record approval"]);
  assert.ok(one.log.includes("run"));
});

test("R-EXEC-1: a call that asks does not run after a no", async () => {
  const one = world({ decision: ask, answer: "no" });
  const result = await one.gate(proposal(), io(one));
  assert.ok(!one.log.includes("run"));
  assert.ok(!one.log.includes("record prepared"));
  assert.equal(result.ok, false);
});

test("R-FS-2: what changed while a person was asked is not run on the old yes", async () => {
  let times = 0;
  const one = world({
    judge: async (call) => {
      times += 1;
      const seen: Facts = {
        ...facts,
        paths: [
          {
            pointer: "/cwd",
            written: "a",
            resolved: times === 1 ? "/w/a" : "/etc",
            access: "read",
            zone: "workspace",
            kind: "folder",
            hasCopy: false,
          },
        ],
      };
      return { facts: seen, decision: ask, digest: callDigest(call, seen) };
    },
  });
  const result = await one.gate(proposal(), io(one));
  assert.ok(!one.log.includes("run"));
  assert.match(result.text, /changed since it was approved/);
});

for (const kind of ["call", "prepared"]) {
  test(`R-LOG-2: where the record \`${kind}\` cannot be written, nothing is run`, async () => {
    const one = world({ refuseRecord: kind });
    await assert.rejects(
      one.gate(proposal(), io(one)),
      (error: unknown) => error instanceof Fault && error.code === "LEDGER_UNAVAILABLE",
    );
    assert.ok(!one.log.includes("run"));
  });
}

test("R-LOG-2: an outcome that cannot be recorded stops the turn", async () => {
  const one = world({ refuseRecord: "outcome" });
  await assert.rejects(one.gate(proposal(), io(one)), Fault);
  assert.ok(!one.log.includes("store done"), "the call stays open, and is reported as unknown");
});

test("R-LOG-2: a call id that was prepared before is not run again", async () => {
  const one = world({
    calls: {
      prepareCall: async () => {
        throw new Fault("CALL_REPEATED", { message: "seen", hint: "new id" });
      },
      endCall: async () => assert.fail("never prepared"),
    },
  });
  await assert.rejects(one.gate(proposal(), io(one)), Fault);
  assert.ok(!one.log.includes("run"));
});

test("R-LOG-2: a broker that is lost in mid-run leaves an outcome that is unknown, and says so", async () => {
  const one = world({
    run: async () => {
      throw new Fault("BROKER_UNAVAILABLE", { message: "gone", hint: "restart" });
    },
  });
  const result = await one.gate(proposal(), io(one));
  assert.equal(one.entries.at(-1)?.result, "unknown");
  assert.ok(one.log.includes("store unknown"));
  assert.match(result.text, /unknown whether this happened/);
});

test("R-LOG-2: a call that comes after the broker was lost has a known outcome: nothing was started", async () => {
  const one = world({
    run: async () => {
      throw new Fault("BROKER_GONE", { message: "nothing was started: gone", hint: "restart" });
    },
  });
  const result = await one.gate(proposal(), io(one));
  assert.equal(one.entries.at(-1)?.result, "failed");
  assert.ok(one.log.includes("store done"));
  assert.match(result.text, /^nothing was started/);
});

test("R-IR-1: after stop nothing is judged, asked or run", async () => {
  const one = world({ state: () => "halted" });
  const result = await one.gate(proposal(), io(one));
  assert.deepEqual(one.log, ["record call"]);
  assert.equal(result.ok, false);
});

test("R-IR-2: in a frozen session nothing is judged, asked or run, and another goes on", async () => {
  const call = proposal();
  const one = world({ state: (session) => (session === call.origin.session ? "frozen" : "running") });
  const result = await one.gate(call, io(one));
  assert.deepEqual(one.log, ["record call"]);
  assert.match(result.text, /frozen/);
  const other = world({ state: () => "running" });
  assert.equal((await other.gate(proposal(), io(other))).ok, true);
});

test("R-IR-1: a yes that comes after stop runs nothing", async () => {
  let halted = false;
  const one = world({
    decision: ask,
    state: () => (halted ? "halted" : "running"),
    approve: async (call, judged) => {
      halted = true;
      return {
        id: newId("apr", random),
        call: call.id,
        digest: judged.digest,
        answer: "yes",
        scope: "once",
        by: owner,
        kind: "yes",
        atMs: 0,
      };
    },
  });
  const result = await one.gate(proposal(), io(one));
  assert.equal(result.ok, false);
  assert.ok(!one.log.includes("run"));
});

test("R-FLOW-5: what was found in a result is recorded with its outcome and goes with it; a clean one says nothing", async () => {
  for (const [text, found] of [
    ["HIDDEN text", { hidden: 1 }],
    ["text", undefined],
  ] as const) {
    const { gate, entries } = world({ run: async () => ({ ok: true, text, summary: "read", data: {} }) });
    const result = await gate(proposal(), { emit: () => undefined, signal: new AbortController().signal });
    assert.deepEqual(result.found, found);
    const outcome = entries.find((entry) => entry.kind === "outcome");
    assert.deepEqual(outcome?.data?.["found"], found);
  }
});

test("R-WHO-5: what the policies were asked is recorded whole, and not at all where a secret is in it", async () => {
  const person = { person: "owner", trust: "full", roles: [] } as const;
  const asked = { principal: person, reachable: [person], requests: [] };
  const judge: GateSteps["judge"] = async (call) => ({ facts, decision: deny, digest: callDigest(call, facts), asked });
  const [plain, secret] = [world({ judge }), world({ judge, redact: () => ({ redacted: true }) })];
  for (const one of [plain, secret]) await one.gate(proposal(), io(one));
  assert.deepEqual(
    [plain, secret].map((one) => one.entries[0]?.data?.["asked"]),
    [{ principal: person, reachable: [person], contexts: [], requests: [] }, "it held a secret"],
  );
});
