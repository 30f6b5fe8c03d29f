/** Endorsing in a whole gateway: one text, by its digest, in one session, recorded and taken back. @module */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import type { Question } from "../src/core/approval.ts";
import type { JsonObject } from "../src/core/json.ts";

import { call } from "./campaign.ts";
import { callerOf, get, type Kit, makeToken, post, say, type Seen, startKit } from "./gateway-kit.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
let kit: Kit;
let played = 0;

before(async () => {
  if (skip !== false) return;
  kit = await startKit((place) => {
    const inbox = join(place.workspace, "inbox");
    mkdirSync(inbox, { recursive: true });
    writeFileSync(join(inbox, "notes.txt"), "ORDER-1 the meeting is on Monday");
    writeFileSync(join(inbox, "other.txt"), "ORDER-2 the meeting is on Friday");
    return {
      agents: { defaults: { workspace: place.workspace } },
      folders: [
        { path: place.workspace, trust: "full" },
        { path: inbox, trust: "none" },
      ],
      people: { ben: { name: "Ben", trust: "standard", roles: ["developer"] } },
    };
  });
});
after(async () => {
  await kit?.close();
});

type Step = NonNullable<ReturnType<Kit["plays"]["get"]>>[number];
const read = (path: string): Step => ({ calls: [{ tool: "read", arguments: { path } }] });
const REMEMBER: Step = { calls: [{ tool: "remember", arguments: { text: "the meeting" } }] };

/** What is said to each question in turn; the last one stands for all that follow. */
type Say = (question: Question) => JsonObject;
const no: Say = () => ({ answer: "no" });
const endorse =
  (at = 0): Say =>
  ({ sources }) => ({ answer: "endorse", item: sources[at]?.item ?? "itm_none" });

type Played = Seen & { readonly questions: readonly Question[]; readonly taken: readonly number[] };

/** What was not taken is ended with a no, so that nothing waits. */
async function answered(token: string, question: Question, answer: JsonObject): Promise<number> {
  const path = `/api/approvals/${question.id}`;
  const { status } = await call(kit.served().url, token, path, answer);
  if (status !== 200) await post(kit, path, { answer: "no" });
  return status;
}

/** Plays these steps for this caller; answers go over HTTP with this token. */
async function play(
  steps: readonly Step[],
  answers: readonly Say[],
  { caller = callerOf(), token = kit.token(), more = {} as JsonObject } = {},
): Promise<Played> {
  const name = `step-${++played}`;
  kit.plays.set(name, steps);
  const stop = new AbortController();
  const questions: Question[] = [];
  const taken: Promise<number>[] = [];
  kit.served().wired.gateway.watch(
    caller,
    (event) => {
      if (event.type !== "opened") return;
      const { question } = event;
      const answer = answers[Math.min(questions.length, answers.length - 1)] ?? no;
      questions.push(question);
      taken.push(answered(token, question, answer(question)));
    },
    stop.signal,
  );
  const seen = await say(kit, `play ${name}`, caller, more);
  stop.abort();
  return { ...seen, questions, taken: await Promise.all(taken) };
}

async function ledger(what: string): Promise<readonly JsonObject[]> {
  const { body } = await get(kit, "/api/log?kind=approval&limit=1000");
  return (body["entries"] as JsonObject[]).filter((entry) => entry["what"] === what);
}

test("R-FLOW-2: an endorsed text counts as whoever endorsed it; the call is judged anew, and what follows asks no more", {
  skip,
}, async () => {
  const { decided, questions, taken } = await play([read("inbox/notes.txt"), REMEMBER], [endorse()]);
  assert.deepEqual(decided, ["read: allow", "remember: ask", "remember: allow"]);
  assert.deepEqual(taken, [200]);
  const [source] = questions[0]?.sources ?? [];
  assert.equal(source?.trust, "none");
  assert.equal(source?.text, "ORDER-1 the meeting is on Monday", "it is shown what is endorsed");
  const later = await play([REMEMBER], [no]);
  assert.deepEqual(later.decided, ["remember: allow"], "in the next request too");
  const [entry, ...others] = await ledger("approval.endorsed");
  assert.equal(others.length, 0);
  const { was, now, digest } = (entry?.["data"] ?? {}) as JsonObject;
  assert.deepEqual([entry?.["target"], entry?.["who"], digest], [source?.item, "owner", source?.digest]);
  assert.deepEqual([was, now], [{ trust: "none", confidentiality: "private" }, { trust: "full" }]);
});

test("R-FLOW-2: it survives a restart; taken back, everything that was made from the text falls again", {
  skip,
}, async () => {
  await kit.restart();
  assert.deepEqual((await play([REMEMBER], [no])).decided, ["remember: allow"]);
  const { body } = await get(kit, "/api/endorsements");
  const [one] = body["endorsements"] as JsonObject[];
  const path = `/api/endorsements/${String(one?.["session"])}/${String(one?.["item"])}`;
  const gone = await fetch(`${kit.served().url}${path}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${kit.token()}` },
  });
  await gone.body?.cancel();
  assert.equal(gone.status, 200);
  assert.deepEqual((await play([REMEMBER], [no])).decided, ["remember: ask"]);
  assert.equal((await ledger("approval.unendorsed")).length, 1);
  const again = await fetch(`${kit.served().url}${path}`, {
    method: "DELETE",
    headers: { authorization: `Bearer ${kit.token()}` },
  });
  await again.body?.cancel();
  assert.equal(again.status, 404);
});

test("R-FLOW-2: one text is endorsed and no other: what else was read still asks, until it is endorsed too", {
  skip,
}, async () => {
  const { caller, token } = await another("two-texts", "full");
  const steps = [read("inbox/notes.txt"), read("inbox/other.txt"), REMEMBER];
  const { decided, questions } = await play(steps, [endorse(1), no], { caller, token });
  assert.deepEqual(decided, ["read: allow", "read: allow", "remember: ask", "remember: ask"]);
  assert.deepEqual(
    questions.map(({ sources }) => sources.map(({ text }) => text.slice(0, 7))),
    [["ORDER-2", "ORDER-1"], ["ORDER-2"]],
    "what is endorsed is not offered again",
  );
  // The first was read before the second: it was made from nothing else.
  const { decided: then } = await play([REMEMBER], [endorse()], { caller, token });
  assert.deepEqual(then, ["remember: ask", "remember: allow"]);
});

/** Somebody in a conversation of his own: tokens of the API have one each. */
async function another(name: string, trust: "full" | "standard", person = "owner") {
  const token = await makeToken(kit, { name, person, trust, permissions: ["chat", "approve", "execute"] });
  const channel = name === "two-texts" ? "webchat" : "api";
  return { caller: callerOf({ person, trust, channel, roles: ["developer"] }), token };
}

test("R-FLOW-2: in another conversation the same file has the trust that it had", { skip }, async () => {
  const { caller, token } = await another("elsewhere", "full");
  const { decided } = await play([read("inbox/notes.txt"), REMEMBER], [no], { caller, token });
  assert.deepEqual(decided, ["read: allow", "remember: ask"]);
});

test("R-FLOW-2: nobody endorses above his own trust, nor with a token that has less than the door he was asked at", {
  skip,
}, async () => {
  const weak = await makeToken(kit, { name: "weak", trust: "standard", permissions: ["chat", "approve"] });
  const { taken, decided } = await play([read("inbox/notes.txt"), REMEMBER], [endorse()], { token: weak });
  assert.deepEqual(decided.slice(-1), ["remember: ask"]);
  assert.deepEqual(taken, [403]);
  const ben = await another("ben", "standard", "ben");
  const his = await play([read("inbox/notes.txt"), REMEMBER], [endorse(), no], ben);
  assert.deepEqual(his.decided, ["read: allow", "remember: ask", "remember: allow"], "as much as he may");
  const [last] = (await ledger("approval.endorsed")).filter((entry) => entry["who"] === "ben");
  assert.deepEqual(((last?.["data"] ?? {}) as JsonObject)["now"], { trust: "standard" });
});

test("R-FLOW-2: what is no source of the question is not endorsed", { skip }, async () => {
  for (const wrong of [{ answer: "endorse" }, { answer: "endorse", item: "itm_00000000000000000000000000" }]) {
    const { taken, decided } = await play([read("inbox/notes.txt"), REMEMBER], [() => wrong]);
    assert.deepEqual(decided.slice(-1), ["remember: ask"]);
    assert.deepEqual(taken, ["item" in wrong ? 403 : 400]);
  }
});

test("R-FLOW-2: `stop` takes every endorsement back", { skip }, async () => {
  await play([read("inbox/notes.txt"), REMEMBER], [endorse()]);
  const list = async (): Promise<number> =>
    ((await get(kit, "/api/endorsements")).body["endorsements"] as JsonObject[]).length;
  assert.ok((await list()) > 0);
  await post(kit, "/api/stop", {});
  await post(kit, "/api/resume", {});
  assert.equal(await list(), 0);
});
