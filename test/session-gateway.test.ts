/** `scope: session` in a whole gateway: what one message's command left is there for the next of the same conversation. @module */
import assert from "node:assert/strict";
import { homedir } from "node:os";
import { after, before, test } from "node:test";
import { callerOf, type Kit, say, startKit } from "./gateway-kit.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
let kit: Kit;
before(async () => {
  // A workspace in /tmp is refused where /tmp is the session's.
  const place = process.env["TMPDIR"];
  process.env["TMPDIR"] = homedir();
  if (skip === false) {
    kit = await startKit(({ workspace }) => ({
      agents: { defaults: { workspace, sandbox: { scope: "session", idleMinutes: 5 } } },
      tools: { exec: { security: "allowlist", ask: "on-miss", allow: ["echo", "cat", "printenv"] } },
    }));
  }
  if (place === undefined) delete process.env["TMPDIR"];
  else process.env["TMPDIR"] = place;
});
after(() => kit?.close());

let plays = 0;

/** What a command printed, and the conversation that it ran in. */
async function ran(command: string, channel = "terminal") {
  const name = `run-${++plays}`;
  kit.plays.set(name, [{ calls: [{ tool: "exec", arguments: { command } }] }]);
  const { outcome, events, decided } = await say(kit, `play ${name}`, callerOf({ channel }));
  assert.deepEqual(decided, ["exec: allow"], command);
  const out = events.map((event) => (event.type === "call.output" && event.stream === "stdout" ? event.text : ""));
  return { out: out.join(""), session: outcome.session };
}

test("R-BOX-1: per session, /tmp lasts from one message to the next, and is another one's own", { skip }, async () => {
  const first = await ran("echo kept >/tmp/x");
  assert.equal((await ran("cat /tmp/x")).out, "kept\n");
  const other = await ran("cat /tmp/x", "webchat");
  assert.equal(other.out, "");
  assert.notEqual(other.session, first.session);
  assert.equal((await ran("printenv HOME")).out, "/dev/shm\n");
});
