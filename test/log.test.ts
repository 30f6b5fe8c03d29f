/** Looking things up in the ledger, as a person does. @module */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { logSearch } from "../src/cli/log.ts";
import { logSession } from "../src/cli/log-session.ts";
import { run } from "./commands-kit.ts";
import { answering, callerOf, say, startKit } from "./gateway-kit.ts";

test("R-LOG-6: the ledger is searched by person, session, tool, target, outcome and time, and a session is gone through step by step", async (t) => {
  const kit = await startKit(() => ({ people: { ana: { trust: "elevated" } } }));
  t.after(() => kit.close());
  writeFileSync(join(kit.place.workspace, "a.txt"), "hello");
  kit.plays.set("some", [
    { calls: [{ tool: "read", arguments: { path: "a.txt" } }] },
    { calls: [{ tool: "read", arguments: { path: "/etc/shadow\u001b[2J" } }] },
    { calls: [{ tool: "exec", arguments: { command: "rm a.txt" } }] },
  ]);
  const no = new AbortController();
  t.after(() => no.abort());
  answering(kit, "no", no.signal);
  const { outcome } = await say(kit, "play some");
  await say(kit, "hello", callerOf({ person: "ana", trust: "elevated", roles: [] }));
  const search = async (flags: Record<string, string>): Promise<readonly Record<string, unknown>[]> => {
    const ran = await run(kit, logSearch, [], { ...flags, json: true });
    assert.equal(ran.status, 0, ran.err);
    return ran.out
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  };
  const all = (await search({ limit: "1000" })).length;
  for (const [flags, field, value] of [
    [{ person: "ana" }, "who", "ana"],
    [{ session: outcome.session }, "session", outcome.session],
    [{ tool: "exec" }, "target", "exec"],
    [{ target: "terminal" }, "target", "terminal"],
    [{ outcome: "denied" }, "result", "denied"],
  ] as const) {
    const found = await search(flags);
    assert.ok(found.length > 0 && found.length < all, JSON.stringify(flags));
    for (const entry of found) assert.equal(entry[field], value);
  }
  assert.deepEqual(await search({ until: "1d" }), []);
  assert.ok((await search({ since: "1h", tool: "read", outcome: "denied" })).length === 1);
  assert.match((await run(kit, logSearch, [], { person: "ana", who: "owner" })).err, /one thing/);
  assert.match((await run(kit, logSearch, [], { since: "yesterday" })).err, /neither a time/);

  const steps = await run(kit, logSession, [outcome.session]);
  assert.equal(steps.status, 0);
  const at = (text: string): number => steps.out.indexOf(text);
  const order = [
    "message.received",
    "a.txt",
    "etc/shadow",
    "approval.asked exec",
    "approval.answered exec: denied",
    "turn.finished",
  ];
  for (const [i, text] of order.entries())
    assert.ok(at(text) > (i === 0 ? -1 : at(order[i - 1] ?? "")), `${text}\n${steps.out}`);
  assert.ok(!steps.out.includes("\u001b"));
  const json = (await run(kit, logSession, [outcome.session], { json: true })).out.trim().split("\n");
  const denied = json.findIndex((line) => line.includes("floor.file"));
  const one = await run(kit, logSession, [outcome.session], { step: String(denied + 1) });
  assert.match(one.out, /"floor\.file/);
  assert.match((await run(kit, logSession, [outcome.session], { step: "999" })).err, /no step/);
  assert.equal((await run(kit, logSession, ["ses_0123456789abcdefghjkmnpqrs"])).status, 1);
});
