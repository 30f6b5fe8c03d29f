import assert from "node:assert/strict";
import { test } from "node:test";
import { cameBy, through } from "./doors.ts";
import { parseAgentId, parsePersonId } from "./ids.ts";
import type { Principal } from "./person.ts";

const main = parseAgentId("main");
const quiet = parseAgentId("quiet");
const ana: Principal = { person: parsePersonId("ana"), trust: "full", roles: ["admin"] };
const doors = ({ within = [] }: Principal): readonly string[] => within.map((door) => `${door.agent}/${door.channel}`);

test("R-AGENT-6: INVARIANT(child-within-parent): a child has its parent's door, and its child that of both agents", () => {
  const child = through(ana, { agent: main, channel: "terminal" });
  assert.deepEqual(doors(child), ["main/terminal"]);
  const grandchild = through(child, { agent: quiet, channel: "/session" });
  assert.deepEqual(doors(grandchild), ["main/terminal", "quiet/terminal"]);
});

test("R-AGENT-6: a message to a session at another door brings its own door along", () => {
  const told = through(ana, { agent: main, channel: "api" });
  assert.deepEqual(doors(through(told, { agent: main, channel: "terminal" })), ["main/api", "main/terminal"]);
});

test("R-AGENT-6: a spawned session of an older version, of which no door is known, adds the one that is no door", () => {
  assert.deepEqual(doors(through(ana, { agent: main, channel: "/session" })), ["main//session"]);
});

test("R-CHAN-6: where a session is of several doors, the door of the message counts; else the session says it", () => {
  assert.deepEqual(doors(cameBy(ana, main, { door: "api", session: "/any" })), ["main/api"]);
  assert.equal(cameBy(ana, main, { door: "api", session: "api" }), ana);
});
