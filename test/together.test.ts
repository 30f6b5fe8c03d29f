/** Questions of one answer of the model, put together in a whole gateway. @module */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Question } from "../src/core/approval.ts";
import { recordsOf } from "./campaign.ts";
import { callerOf, type Kit, say, startKit } from "./gateway-kit.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
let kit: Kit;

before(async () => {
  if (skip !== false) return;
  kit = await startKit((place) => {
    mkdirSync(join(place.workspace, "inbox"), { recursive: true });
    writeFileSync(join(place.workspace, "inbox", "mail.txt"), "ORDER-1\n");
    writeFileSync(join(place.workspace, "plain.md"), "the owner's\n");
    return {
      agents: { defaults: { workspace: place.workspace, plan: "off" } },
      folders: [
        { path: place.workspace, trust: "full" },
        { path: join(place.workspace, "inbox"), trust: "none" },
      ],
    };
  });
  const remember = (text: string) => ({ tool: "remember", arguments: { text } });
  kit.plays.set("batch", [
    { calls: [{ tool: "read", arguments: { path: "inbox/mail.txt" } }] },
    { calls: [remember("one"), { tool: "read", arguments: { path: "plain.md" } }, remember("two"), remember("three")] },
  ]);
});
after(async () => {
  await kit?.close();
});

/** Answers when so many questions are open at once. */
async function play(together: number, answers: readonly ("yes" | "no")[]) {
  const { gateway } = kit.served().wired;
  const over = new AbortController();
  const opened: Question[] = [];
  let most = 0;
  gateway.watch(
    callerOf(),
    (event) => {
      if (event.type !== "opened") return;
      opened.push(event.question);
      most = Math.max(most, gateway.questions(callerOf()).length);
      if (opened.length < together) return;
      for (const [i, { id }] of opened.entries()) void gateway.answer(callerOf(), id, answers[i] ?? "no", "once");
    },
    over.signal,
  );
  const seen = await say(kit, "play batch", callerOf(), { history: [] });
  over.abort();
  return { ...seen, opened, most };
}

test("R-FLOW-3: all that asks in one answer of the model is open at once; each has its own answer, bound to its own call", {
  skip,
}, async () => {
  const { decided, opened, most, events } = await play(3, ["yes", "no", "yes"]);
  assert.equal(most, 3);
  assert.deepEqual(
    opened.map(({ arguments: args, grouped }) => [args["text"], grouped?.at, grouped?.of]),
    [
      ["one", 1, 3],
      ["two", 2, 3],
      ["three", 3, 3],
    ],
  );
  assert.deepEqual(decided, ["read: allow", "remember: ask", "read: allow", "remember: ask", "remember: ask"]);
  const done = events.filter((event) => event.type === "call.finished").map(({ call }) => call);
  assert.ok(done.includes(opened[0]?.call ?? assert.fail()) && done.includes(opened[2]?.call ?? assert.fail()));
  assert.ok(!done.includes(opened[1]?.call ?? assert.fail()), "the one that was refused did not run");
  const answers = (await recordsOf(kit.place.state)).filter(({ what }) => what === "approval.answered");
  for (const { call, digest } of opened) {
    const own = answers.filter((entry) => entry.call === call);
    assert.deepEqual(
      own.map(({ data }) => data?.["digest"]),
      [digest],
      "each recorded once, with its own digest",
    );
  }
  assert.deepEqual(kit.served().wired.gateway.questions(callerOf()), [], "nothing stays open");
});

test("R-FLOW-3: INVARIANT(fail-closed): of what is asked together, too, no answer is no: `stop` ends all of it", {
  skip,
}, async () => {
  const { gateway } = kit.served().wired;
  const over = new AbortController();
  let opened = 0;
  gateway.watch(
    callerOf(),
    (event) => {
      if (event.type === "opened" && ++opened === 3) void gateway.stop(callerOf(), "enough");
    },
    over.signal,
  );
  const { events } = await say(kit, "play batch", callerOf(), { history: [] });
  over.abort();
  await gateway.resume(callerOf());
  const ran = events.filter((event) => event.type === "call.finished");
  assert.equal(ran.length, 1, "only the mail was read");
  assert.deepEqual(gateway.questions(callerOf()), []);
});
