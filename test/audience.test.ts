/** Several people, one agent: what lies in its workspace is shown to those who may know it. @module */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import type { JsonObject } from "../src/core/json.ts";
import { answering, callerOf, type Kit, say, startKit } from "./gateway-kit.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
const SECRET = "OWNERS-CANARY-77";
const SHARED = "SHARED-WORDS-77";
let kit: Kit;
let played = 0;
const guard = new AbortController();

before(async () => {
  if (skip !== false) return;
  kit = await startKit((place) => {
    const shared = join(place.workspace, "shared");
    mkdirSync(shared, { recursive: true });
    writeFileSync(join(place.workspace, "diary.md"), `${SECRET}\n`);
    writeFileSync(join(shared, "plan.md"), `${SHARED}\n`);
    return {
      agents: { defaults: { workspace: place.workspace } },
      folders: [
        { path: place.workspace, trust: "full" },
        { path: shared, trust: "full", audience: ["mariana"] },
      ],
      people: { mariana: { trust: "full", roles: ["admin"] }, ben: { trust: "full", roles: ["admin"] } },
    };
  });
  answering(kit, "yes", guard.signal);
});
after(async () => {
  guard.abort();
  await kit?.close();
});

/** One call, asked for by this person; what the model was told of it, with all that was streamed. */
async function call(person: string, tool: string, args: JsonObject): Promise<{ ok: boolean; told: string }> {
  const name = `step-${++played}`;
  kit.plays.set(name, [{ calls: [{ tool, arguments: args }] }]);
  const { events } = await say(kit, `play ${name}`, callerOf({ person }));
  const finished = events.find((event) => event.type === "call.finished");
  assert.ok(finished?.type === "call.finished", "it was let run: what is tested is what it shows");
  return { ok: finished.ok, told: JSON.stringify([kit.requests.at(-1)?.messages, events]) };
}

const LOOKS: readonly (readonly [string, JsonObject])[] = [
  ["read", { path: "diary.md" }],
  ["search", { pattern: "CANARY" }],
  ["list", {}],
  ["exec", { command: "cat diary.md" }],
];

test("R-CHAN-6: INVARIANT(within-audience): a second person is not shown what lies in the owner's folders", {
  skip,
}, async () => {
  for (const [tool, args] of LOOKS) {
    const { ok, told } = await call("ben", tool, args);
    assert.equal(ok, false, tool);
    assert.ok(!told.includes(SECRET) && !told.includes("plan.md"), tool);
    assert.match(told, /not for ben to know/);
  }
});

test("R-CHAN-6: the owner is shown it, and whoever a folder is shared with what lies in that one", {
  skip,
}, async () => {
  for (const [tool, args] of LOOKS) assert.equal((await call("owner", tool, args)).ok, true, tool);
  const own = await call("mariana", "read", { path: "shared/plan.md" });
  assert.ok(own.ok && own.told.includes(SHARED));
  assert.equal((await call("mariana", "list", { path: "shared" })).ok, true);
  assert.equal((await call("mariana", "search", { pattern: "WORDS", path: "shared" })).ok, true);
  assert.equal((await call("mariana", "read", { path: "diary.md" })).ok, false);
  assert.equal((await call("ben", "read", { path: "shared/plan.md" })).ok, false);
});

test("R-CHAN-6: R-FLOW-4: a file is of whoever had it written, wherever it lies", { skip }, async () => {
  await call("ben", "write", { path: "shared/ben.md", content: "BENS-WORDS" });
  assert.equal((await call("ben", "read", { path: "shared/ben.md" })).ok, true);
  assert.equal((await call("mariana", "read", { path: "shared/ben.md" })).ok, false);
  assert.equal((await call("mariana", "search", { pattern: "BENS", path: "shared" })).ok, false);
  assert.equal((await call("mariana", "search", { pattern: "SHARED", path: "shared" })).ok, true);
  assert.equal((await call("owner", "read", { path: "shared/ben.md" })).ok, true);
});
