import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApprovalRecord, Grouped } from "../../core/approval.ts";
import type { Proposal } from "../../core/call.ts";
import type { Endorsing } from "../../core/endorsement.ts";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import { sha256 } from "../../core/json.ts";
import { NEUTRAL_LABEL } from "../../core/label.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import type { Judged } from "../../core/run.ts";
import { seededRandom } from "../../core/testing.ts";
import type { GateIo } from "../../gate.ts";
import { createTogether, GROUP_MOST } from "./together.ts";

const random = seededRandom(9);
const owner = parsePersonId("owner");
const turn = newId("trn", random);
const session = newId("ses", random);

function callOf(command: string): Proposal {
  return {
    id: newId("call", random),
    tool: "exec",
    arguments: { command },
    principal: { person: owner, trust: "full", roles: [] },
    origin: { session, turn, agent: parseAgentId("main"), channel: "terminal" },
    context: [],
    cwd: "/w",
  };
}

const limits = { wallMs: 1, outputBytes: 0, memoryBytes: 0, processes: 0, fileBytes: 0, hosts: [], mounts: [] };
const policies = sha256("policies");

/** `ls` is allowed, everything else asks; what is in `changed` is another call when it is looked at again. */
function judgedOf({ arguments: args }: Proposal, changed: ReadonlySet<string> = new Set()): Judged {
  const command = String(args["command"]);
  const base = { because: ["exec.unlisted"], says: "", policies, limits };
  return {
    facts: {
      effect: "exec",
      influence: NEUTRAL_LABEL,
      arguments: [],
      designated: false,
      paths: [],
      hosts: [],
      carries: [],
    },
    decision:
      command === "ls" ? { ...base, verdict: "allow" } : { ...base, verdict: "ask", needs: "yes", askOf: ["owner"] },
    digest: sha256(`${command}${changed.has(command) ? " changed" : ""}`),
  };
}

type Asked = {
  readonly command: string;
  readonly grouped: Grouped | undefined;
  readonly digest: string;
  isOpen: boolean;
  answer(word: "yes" | "no"): void;
};

function bench() {
  const asked: Asked[] = [];
  const entries: LedgerEntry[] = [];
  const together = createTogether({
    judge: async (proposal) => judgedOf(proposal),
    put: async (proposal, judged, io, grouped) => {
      const { promise, resolve } = Promise.withResolvers<ApprovalRecord | Endorsing>();
      const record = {
        id: newId("apr", random),
        call: proposal.id,
        digest: judged.digest,
        kind: "yes",
        atMs: 0,
        scope: "once",
      } as const;
      const settle = (answer: "yes" | "no", by: ApprovalRecord["by"]): void => {
        one.isOpen = false;
        resolve({ ...record, answer, by });
      };
      const one: Asked = {
        command: String(proposal.arguments["command"]),
        grouped,
        digest: judged.digest,
        isOpen: true,
        answer: (word) => settle(word, owner),
      };
      io.signal.addEventListener("abort", () => settle("no", "nobody"));
      asked.push(one);
      return promise;
    },
    ledger: {
      append: async (entry) => {
        entries.push(entry);
        return { index: 0, leaf: sha256("x"), entry };
      },
      gave: () => true,
      search: async () => [],
      head: async () => ({ size: 0, rootHex: "", checkpoint: "" }),
    },
  });
  const io: GateIo = { emit: () => undefined, signal: new AbortController().signal };
  const ask = async (proposal: Proposal, changed?: ReadonlySet<string>) =>
    together.approve(proposal, judgedOf(proposal, changed), io);
  return { asked, entries, together, ask };
}

/** Lets what waits for nothing but itself go on. */
const settle = async (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

test("R-FLOW-3: what asks in one answer of the model is asked together, each call for itself", async () => {
  const { asked, together, ask } = bench();
  const calls = ["make a", "ls", "make b", "make c"].map(callOf);
  const answers: unknown[] = [];
  await together.within(turn, calls, async () => {
    const first = ask(calls[0] ?? assert.fail());
    await settle();
    assert.deepEqual(
      asked.map(({ command, grouped }) => [command, grouped?.at, grouped?.of]),
      [
        ["make a", 1, 3],
        ["make b", 2, 3],
        ["make c", 3, 3],
      ],
    );
    assert.equal(new Set(asked.map(({ grouped }) => grouped?.id)).size, 1);
    asked[2]?.answer("no");
    asked[0]?.answer("yes");
    asked[1]?.answer("yes");
    answers.push((await first).answer);
    for (const at of [2, 3]) answers.push((await ask(calls[at] ?? assert.fail())).answer);
  });
  assert.deepEqual(answers, ["yes", "yes", "no"]);
  assert.equal(asked.length, 3, "nothing is asked twice");
});

test("R-FLOW-3: one question alone is no group; the same question stands in one group once", async () => {
  const { asked, together, ask } = bench();
  const calls = ["make a", "make a", "ls"].map(callOf);
  await together.within(turn, calls, async () => {
    const first = ask(calls[0] ?? assert.fail());
    await settle();
    assert.deepEqual(
      asked.map(({ grouped }) => grouped),
      [undefined],
    );
    asked[0]?.answer("no");
    await first;
  });
});

test("INVARIANT(one-gate) R-FLOW-3: an answer that was given early is for the call as it was: another digest is asked anew", async () => {
  const { asked, together, ask } = bench();
  const calls = ["make a", "make b"].map(callOf);
  await together.within(turn, calls, async () => {
    const first = ask(calls[0] ?? assert.fail());
    await settle();
    for (const one of asked) one.answer("yes");
    await first;
    const second = ask(calls[1] ?? assert.fail(), new Set(["make b"]));
    await settle();
    assert.equal(asked.length, 3);
    assert.notEqual(asked[2]?.digest, asked[1]?.digest);
    asked[2]?.answer("no");
    assert.equal((await second).answer, "no", "the yes to what it was says nothing");
  });
});

test("R-FLOW-3: what is not reached or needs no answer any more is withdrawn; what was said of it is recorded", async () => {
  const { asked, entries, together, ask } = bench();
  const calls = ["make a", "make b", "make c", "make d"].map(callOf);
  await together.within(turn, calls, async () => {
    const first = ask(calls[0] ?? assert.fail());
    await settle();
    asked[0]?.answer("no");
    asked[1]?.answer("yes");
    await first;
    together.goesOn(calls[2] ?? assert.fail());
    assert.deepEqual(
      asked.map(({ isOpen }) => isOpen),
      [false, false, false, true],
    );
  });
  assert.equal(asked[3]?.isOpen, false);
  assert.deepEqual(
    entries.map(({ what, call, result }) => [what, call, result]),
    [["approval.unused", calls[1]?.id, "ok"]],
    "a yes that nothing came of, and nothing that nobody said",
  );
});

test("R-FLOW-3: a group has so many and no more; the next ones follow when it is answered", async () => {
  const { asked, together, ask } = bench();
  const calls = Array.from({ length: GROUP_MOST + 3 }, (_, i) => callOf(`make ${i}`));
  await together.within(turn, calls, async () => {
    for (const proposal of calls) {
      const answer = ask(proposal);
      await settle();
      assert.ok(asked.filter(({ isOpen }) => isOpen).length <= GROUP_MOST);
      for (const one of asked) if (one.isOpen) one.answer("yes");
      assert.equal((await answer).answer, "yes");
    }
  });
  assert.equal(asked.length, calls.length);
  assert.deepEqual(
    asked.map(({ grouped }) => grouped?.of),
    [...Array.from({ length: GROUP_MOST }, () => GROUP_MOST), 3, 3, 3],
  );
});
