import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runs, recordsOf } from "./campaign.ts";
import { missing } from "./browser-kit.ts";
import { callerOf, say, startKit } from "./gateway-kit.ts";

const skip = missing();

test("R-AGENT-2: a gateway opens a page through its own gate, proxy and ledger, and its stop ends the browser", {
  skip,
}, async (t) => {
  const kit = await startKit(({ workspace }) => ({
    agents: { defaults: { workspace } },
    egress: { allow: ["nowhere.invalid"] },
  }));
  t.after(() => kit.close());
  kit.plays.set("browse", [{ calls: [{ tool: "browser_open", arguments: { url: "https://nowhere.invalid/" } }] }]);
  kit.plays.set("local", [{ calls: [{ tool: "browser_open", arguments: { url: kit.served().url } }] }]);

  assert.deepEqual((await say(kit, "play browse")).decided, ["browser_open: allow"]);
  const tried = (await recordsOf(kit.place.state)).filter(
    ({ kind, target }) => kind === "connection" && target === "nowhere.invalid:443",
  );
  assert.ok(tried.length > 0, "the connection is recorded");
  assert.ok(
    tried.every(({ call }) => typeof call === "string"),
    "with its call",
  );
  // What bubblewrap was told to mount tells this gateway's sandboxes from those of other tests.
  const sandbox = join(kit.place.state, "broker");
  assert.ok(runs(sandbox), "the browser stays for the next call");

  assert.deepEqual(
    (await say(kit, "play local")).decided,
    ["browser_open: deny"],
    "the gateway's own page is out of reach",
  );

  await kit.served().wired.gateway.stop(callerOf(), "a test");
  assert.ok(!runs(sandbox));
});

test("R-AGENT-8: with `tools.browser.enabled: false` the browser is neither offered nor used", async (t) => {
  const kit = await startKit(({ workspace }) => ({
    agents: { defaults: { workspace } },
    tools: { browser: { enabled: false } },
  }));
  t.after(() => kit.close());
  kit.plays.set("read", [{ calls: [{ tool: "browser_read", arguments: {} }] }]);
  assert.deepEqual((await say(kit, "play read")).decided, ["browser_read: deny"]);
  assert.ok(!kit.requests.at(-1)?.tools.some(({ name }) => name.startsWith("browser_")));
});
