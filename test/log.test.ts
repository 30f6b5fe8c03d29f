/** Looking things up in the ledger, as a person does. @module */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { freezeCommand, thawCommand } from "../src/cli/alerts.ts";
import { approvalsCommand } from "../src/cli/approvals.ts";
import { logSearch } from "../src/cli/log.ts";
import { logSession } from "../src/cli/log-session.ts";
import { tokenList, tokenRevoke } from "../src/cli/token.ts";
import { readRunning } from "../src/app/running.ts";
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
  for (const limit of ["0", "1001", "some"])
    assert.match((await run(kit, logSearch, [], { limit })).err, /`--limit` is a number from 1 to 1000/);
  const none = await run(kit, logSearch, [], { person: "nobody-of-that-name" });
  assert.deepEqual([none.out, none.err.trim()], ["", "nothing was found"]);

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
  const newest = await run(kit, logSession, []);
  const [, session = ""] = /^the newest session: (ses_[0-9a-z]+)\n/.exec(newest.err) ?? [];
  assert.equal(newest.out, (await run(kit, logSession, [session])).out);
  assert.equal((await run(kit, logSession, ["ses_0123456789abcdefghjkmnpqrs"])).status, 1);
});

test("R-OPS-1: what is no id is a wrong word, and one that names nothing is missing, whoever finds it out", async (t) => {
  const kit = await startKit();
  t.after(() => kit.close());
  const body = "0123456789abcdefghjkmnpqrs";
  for (const [command, args, status] of [
    [approvalsCommand, ["yes", "apr_x"], 2],
    [approvalsCommand, ["yes", `apr_${body}`], 1],
    [tokenRevoke, ["tok_x"], 2],
    [freezeCommand, ["x"], 2],
    [thawCommand, ["x"], 2],
  ] as const) {
    const ran = await run(kit, command, args);
    assert.equal(ran.status, status, `${command.name} ${args.join(" ")}: ${ran.err}`);
  }
  const thawed = await kit.served().wired.helpers.ledger.search({ kind: "stop" });
  assert.deepEqual(thawed, [], "nothing was recorded of what is no session");
  assert.match((await run(kit, thawCommand, [`ses_${body}`])).err, /it was not frozen/);
  assert.match((await run(kit, tokenList, [])).out, /never expires {2}(?:used|never used)/);
});

test("R-OPS-2: a running gateway says when it read its configuration, so that one written at its first start is no change", async (t) => {
  const before = Date.now();
  const kit = await startKit();
  t.after(() => kit.close());
  const { readMs = 0 } = readRunning(kit.served().home) ?? {};
  assert.ok(readMs >= before && readMs <= Date.now());
});
