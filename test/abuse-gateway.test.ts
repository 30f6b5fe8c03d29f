/**
 * A running gateway that many abuse at once: one approval, one message, one
 * login each count once, and what ends for one of them ends.
 *
 * @module
 */
import assert from "node:assert/strict";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import type { Question } from "../src/core/approval.ts";
import { checkLedger, recordsOf } from "./campaign.ts";
import { callerOf, get, type Kit, makeToken, post, startKit } from "./gateway-kit.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
let kit: Kit;
before(async () => {
  if (skip !== false) return;
  kit = await startKit((place) => ({
    agents: { defaults: { workspace: place.workspace } },
    people: {
      owner: { trust: "full", roles: ["admin"] },
      ben: { trust: "standard", roles: ["developer"] },
      eva: { trust: "full", roles: ["admin"] },
    },
  }));
});
after(() => kit?.close());

const at = (name: string): string => join(kit.place.workspace, name);

/** Begins a call that is asked, and answers its question and the promise of its end. */
async function asked(
  command: string,
): Promise<{ readonly question: Question; readonly done: ReturnType<typeof post> }> {
  const watching = new AbortController();
  const opened = Promise.withResolvers<Question>();
  const { gateway } = kit.served().wired;
  gateway.watch(callerOf(), (event) => event.type === "opened" && opened.resolve(event.question), watching.signal);
  const done = post(kit, "/api/execute", { tool: "exec", arguments: { command } });
  // Whoever was asked stays reachable until it is over: a call is judged again after the yes.
  void done.finally(() => watching.abort());
  return { question: await opened.promise, done };
}

test("R-EXEC-1: two answers to one question at once: one counts, the others are told so, and the effect happens once", {
  skip,
}, async () => {
  for (const answers of [
    ["yes", "yes", "yes", "yes"],
    ["no", "yes", "yes", "no"],
  ] as const) {
    writeFileSync(at("once.txt"), "");
    // Appended by the test's own program, so that a second run would show.
    const { question, done } = await asked("python3 -c \"open('once.txt','a').write('x')\"");
    const path = `/api/approvals/${question.id}`;
    const statuses = await Promise.all(answers.map(async (answer) => (await post(kit, path, { answer })).status));
    assert.equal(statuses.filter((status) => status === 200).length, 1, statuses.join());
    assert.equal(statuses.filter((status) => status === 404).length, answers.length - 1, statuses.join());
    const { body } = await done;
    const won = answers[statuses.indexOf(200)];
    assert.equal(body["ok"], won === "yes", JSON.stringify(body));
    assert.equal(readFileSync(at("once.txt"), "utf8"), won === "yes" ? "x" : "");
    assert.equal((await post(kit, path, { answer: "yes" })).status, 404, "an answered question stays answered");
  }
});

test("R-EXEC-1: a yes counts from who was asked, for the call that it was given to, and not after the call changed", {
  skip,
}, async () => {
  writeFileSync(at("kept.txt"), "kept\n");
  const { question, done } = await asked("rm kept.txt");
  const ben = await makeToken(kit, { name: "ben", person: "ben", permissions: ["chat", "approve"] });
  const chatter = await makeToken(kit, { name: "chatter", permissions: ["chat"] });
  assert.ok([403, 404].includes((await post(kit, `/api/approvals/${question.id}`, { answer: "yes" }, ben)).status));
  assert.equal((await post(kit, `/api/approvals/${question.id}`, { answer: "yes" }, chatter)).status, 403);
  assert.equal((await post(kit, `/api/approvals/${question.id}`, { answer: "yes" }, "")).status, 401);
  for (const id of [
    "apr_00000000000000000000000000",
    `${question.id}x`,
    question.id.toUpperCase(),
    "../approvals",
    question.call,
  ])
    assert.ok((await post(kit, `/api/approvals/${encodeURIComponent(id)}`, { answer: "yes" })).status >= 400, id);
  // The file becomes another one while the person thinks.
  appendFileSync(at("kept.txt"), "and more\n");
  assert.equal((await post(kit, `/api/approvals/${question.id}`, { answer: "yes" })).status, 200);
  const { body } = await done;
  assert.notEqual(body["ok"], true, JSON.stringify(body));
  assert.match(JSON.stringify(body), /changed since it was approved/);
  assert.equal(readFileSync(at("kept.txt"), "utf8"), "kept\nand more\n");
  const again = await asked("rm kept.txt");
  await post(kit, `/api/approvals/${again.question.id}`, { answer: "yes" });
  assert.equal((await again.done).body["ok"], true, "a yes to what is there now counts");
});

test("R-CHAN-6: one message sent twenty times at once is one turn, and another person's with its id is another's", {
  skip,
}, async () => {
  kit.plays.set("mark", [{ calls: [{ tool: "write", arguments: { path: "turns.txt", content: "x" } }] }]);
  const before = (await recordsOf(kit.place.state)).length;
  const body = { text: "play mark", messageId: "same-id" };
  const answers = await Promise.all(Array.from({ length: 20 }, async () => post(kit, "/api/chat", body)));
  assert.ok(answers.some(({ status }) => status === 200));
  const turns = new Set(answers.filter(({ status }) => status === 200).map(({ body: said }) => said["turn"]));
  assert.equal(turns.size, 1, "one turn for all of them");
  const since = (await recordsOf(kit.place.state)).slice(before);
  assert.equal(since.filter((one) => one.what === "message.received").length, 1);
  assert.equal(since.filter((one) => one.kind === "prepared").length, 1);
  const other = await post(kit, "/api/chat", { text: "something else", messageId: "same-id" });
  assert.ok(other.status >= 400, "the same id with another text is refused");
  const eva = await makeToken(kit, { name: "eva", person: "eva", permissions: ["chat"] });
  const theirs = await post(kit, "/api/chat", { text: "hello", messageId: "same-id" }, eva);
  assert.equal(theirs.status, 200);
  assert.ok(!turns.has(theirs.body["turn"]));
});

test("R-GATE-9: a token that is revoked while it is used is nobody's from then on, and no request revives it", {
  skip,
}, async () => {
  const { gateway } = kit.served().wired;
  const token = await makeToken(kit, { name: "short", permissions: ["execute", "chat"] });
  const found = (await gateway.tokens.list(callerOf())).find(({ name }) => name === "short");
  assert.ok(found !== undefined);
  assert.equal((await post(kit, "/api/execute", { tool: "list", arguments: {} }, token)).status, 200);
  const many = Array.from({ length: 30 }, async (_, i) => {
    await wait(i);
    return { at: performance.now(), ...(await post(kit, "/api/execute", { tool: "list", arguments: {} }, token)) };
  });
  await wait(10);
  await gateway.tokens.revoke(callerOf(), found.id);
  const revokedAt = performance.now();
  for (const { at: sent, status } of await Promise.all(many))
    if (sent > revokedAt + 5) assert.ok([401, 429].includes(status), String(status));
  assert.ok([401, 429].includes((await post(kit, "/api/execute", { tool: "list", arguments: {} }, token)).status));
});

test("R-TOOL-2 INVARIANT(one-gate): after all of that, no effect is in the ledger that was not decided and prepared once", {
  skip,
}, async () => {
  const records = await recordsOf(kit.place.state);
  const { problems, prepared, outcomes, open } = checkLedger(records);
  assert.deepEqual([problems, open], [[], []]);
  assert.ok(prepared > 3 && outcomes === prepared);
  assert.equal((await get(kit, "/readyz", "")).status, 200);
});
