import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import { Fault } from "../src/core/fault.ts";
import { callerOf, say, startKit } from "./gateway-kit.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";

test("R-AGENT-8: a channel that is turned off takes no message and says which key it was; the others go on", {
  skip,
}, async (t) => {
  const kit = await startKit(() => ({ channels: { api: { enabled: false } } }));
  t.after(() => kit.close());
  await assert.rejects(say(kit, "hello", callerOf({ channel: "api" })), (error: unknown) => {
    assert.ok(error instanceof Fault && error.code === "DENIED");
    assert.match(error.hint, /channels\.api\.enabled/);
    return true;
  });
  assert.equal(kit.requests.length, 0, "no model was asked");
  assert.equal((await say(kit, "hello")).outcome.stop, "done");
});
