/** Turns that no door began: what a child, a message and a schedule may. @module */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import { parseAgentId } from "../src/core/ids.ts";
import { recordsOf } from "./campaign.ts";
import { answering, callerOf, type Kit, say, startKit } from "./gateway-kit.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
const QUIET = parseAgentId("quiet");
let kit: Kit;
let from = 0;
/** Each with sessions of his own, so that nothing that was read before asks. */
const PEOPLE = ["ada", "bea", "cleo", "dora", "eva", "fay", "gil", "hal"];
let next = 0;
const somebody = (channel: string) => callerOf({ person: PEOPLE[next++] ?? assert.fail("nobody is left"), channel });

before(async () => {
  if (skip !== false) return;
  kit = await startKit(
    (place) => {
      for (const folder of [place.workspace, join(place.root, "quiet")]) {
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, "notes.md"), "the owner's notes\n");
      }
      return {
        agents: {
          defaults: { workspace: place.workspace },
          entries: {
            quiet: { workspace: join(place.root, "quiet"), tools: { deny: ["list"], exec: { security: "deny" } } },
          },
        },
        folders: [place.workspace, join(place.root, "quiet")].map((path) => ({ path, trust: "full" })),
        people: Object.fromEntries(PEOPLE.map((id) => [id, { trust: "full", roles: ["admin"] }])),
      };
    },
    [QUIET],
  );
  kit.plays.set("try", [
    { calls: [{ tool: "read", arguments: { path: "notes.md" } }] },
    { calls: [{ tool: "exec", arguments: { command: "ls" } }] },
    { calls: [{ tool: "list", arguments: {} }] },
  ]);
});
beforeEach(async () => {
  if (skip === false) from = (await recordsOf(kit.place.state)).length;
});
after(async () => kit?.close());

/** What was decided since the test began, of the calls that `try` makes; waits for all three. */
async function decidedElsewhere(): Promise<readonly string[]> {
  for (let waited = 0; waited < 20_000; waited += 50) {
    const records = (await recordsOf(kit.place.state)).slice(from);
    const decided = records.filter(({ what, target }) => what === "call.decided" && !BEGIN.has(target));
    if (decided.length >= 3) return decided.slice(0, 3).map(({ target, result }) => `${target}: ${result}`);
    await wait(50);
  }
  return assert.fail("the calls were never decided");
}
const BEGIN = new Set(["spawn", "message", "schedule"]);

const plays = (name: string, tool: string, args: Record<string, string>): void =>
  void kit.plays.set(name, [{ calls: [{ tool, arguments: args }] }]);

test("R-AGENT-6: a session that the terminal spawned may what the terminal may", { skip }, async () => {
  plays("one", "spawn", { task: "play try" });
  assert.deepEqual((await say(kit, "play one", somebody("terminal"))).decided, ["spawn: allow"]);
  assert.deepEqual(await decidedElsewhere(), ["read: ok", "exec: ok", "list: ok"]);
});

test("R-AGENT-6: one that the API spawned has no commands, as the API has none", { skip }, async () => {
  plays("one", "spawn", { task: "play try" });
  assert.deepEqual((await say(kit, "play one", somebody("api"))).decided, ["spawn: allow"]);
  assert.deepEqual(await decidedElsewhere(), ["read: ok", "exec: denied", "list: ok"]);
});

test("R-AGENT-6: another agent has what its own rules leave, and so has all that it spawns", { skip }, async () => {
  plays("one", "spawn", { task: "play try", agent: "quiet" });
  await say(kit, "play one", somebody("terminal"));
  assert.deepEqual(await decidedElsewhere(), ["read: ok", "exec: denied", "list: denied"]);
  from = (await recordsOf(kit.place.state)).length;
  plays("two", "spawn", { task: "play three", agent: "quiet" });
  plays("three", "spawn", { task: "play try", agent: "main" });
  await say(kit, "play two", somebody("webchat"));
  assert.deepEqual(await decidedElsewhere(), ["read: ok", "exec: denied", "list: denied"]);
});

test("R-AGENT-6: a message to a session at a wider door brings the door of its sender along", { skip }, async () => {
  const teller = somebody("api");
  await say(kit, "hello", { ...teller, channel: "terminal" }); // so that there is one at the terminal
  const sessions = await kit.served().wired.store.sessions.list();
  const terminal = sessions.find(({ channel, peer }) => channel === "terminal" && peer.endsWith(`/${teller.person}`));
  assert.ok(terminal !== undefined);
  plays("tell", "message", { session: terminal.id, text: "play try" });
  const watching = new AbortController();
  answering(kit, "yes", watching.signal, teller);
  assert.equal((await say(kit, "play tell", teller)).decided.length, 1);
  watching.abort();
  assert.deepEqual(await decidedElsewhere(), ["read: ok", "exec: denied", "list: ok"]);
});

test("R-AGENT-6: a schedule runs with the doors that it was made through", { skip }, async () => {
  plays("later", "schedule", { when: "in 1 second", text: "play try" });
  plays("one", "spawn", { task: "play later" });
  await say(kit, "play one", somebody("api"));
  assert.deepEqual(await decidedElsewhere(), ["read: ok", "exec: denied", "list: ok"]);
  const twin = (await recordsOf(kit.place.state)).length;
  from = twin;
  await say(kit, "play later", somebody("terminal"));
  assert.deepEqual(await decidedElsewhere(), ["read: ok", "exec: ok", "list: ok"]);
});
