/** What must stay on this machine goes to no other: a local provider, and one that has a remote address. @module */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { environmentOf } from "../src/app/config/environment.ts";
import { MAIN_AGENT } from "../src/app/config/settings.ts";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import { serve } from "../src/app/serve.ts";
import { systemClock, systemRandom } from "../src/app/system.ts";
import type { JsonObject } from "../src/core/json.ts";
import { LOCAL_ONLY_LEVELS, reachOf } from "../src/core/local-only.ts";
import { CONFIDENTIALITY_LEVELS, confidentialityRank } from "../src/core/label.ts";
import type { Model } from "../src/core/ports/model.ts";
import type { ModelRef } from "../src/edges/models/config.ts";
import { createLocalModel, createModel, type ModelDeps } from "../src/edges/models/model.ts";
import { makePlace, type Place } from "./campaign.ts";
import { callerOf } from "./gateway-kit.ts";
import { type FakeProvider, fakeProvider, fastClock, type Reply, sse, status } from "./models-server.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
const CANARY = "CANARY-LOCAL-41";
const REMOTE = "http://models.example.net";

const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
  id: "x",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const said = (text: string): Reply => sse(chunk({ role: "assistant", content: text }), chunk({}, "stop"), "[DONE]");
const reads = (path: string): Reply =>
  sse(
    chunk({
      role: "assistant",
      tool_calls: [
        { index: 0, id: "c1", type: "function", function: { name: "read", arguments: JSON.stringify({ path }) } },
      ],
    }),
    chunk({}, "tool_calls"),
    "[DONE]",
  );

/** The network as the gateway sees it: the remote name leads to the first server. */
function depsOf(remote: FakeProvider): ModelDeps {
  return {
    clock: systemClock,
    random: systemRandom,
    fetchFor: () => async (input, init) => {
      const url = String(input instanceof Request ? input.url : input).replace(REMOTE, remote.origin);
      return await fetch(url, init);
    },
  };
}

const refTo = (baseURL: string): ModelRef => ({ provider: "openai-compatible", model: "m", baseURL: `${baseURL}/v1` });

type Played = { readonly text: string; readonly stop: string; readonly ledger: readonly JsonObject[] };

async function play(
  models: { readonly model: Model; readonly local: Model | null },
  more: (place: Place) => JsonObject = () => ({}),
): Promise<Played> {
  const place = makePlace((at) => {
    const vault = join(at.workspace, "vault");
    mkdirSync(vault);
    writeFileSync(join(vault, "deal.txt"), CANARY);
    writeFileSync(join(at.workspace, "notes.txt"), "nothing much");
    return {
      agents: { defaults: { workspace: at.workspace } },
      folders: [
        { path: at.workspace, trust: "full" },
        { path: vault, trust: "full", confidentiality: "secret" },
      ],
      ...more(at),
    };
  });
  const chosen = { ...models, contextTokens: 100_000, why: "the test says so" };
  const served = await serve({ env: environmentOf(place.env), port: 0, models: new Map([[MAIN_AGENT, chosen]]) });
  try {
    const request = { messageId: "m1", text: "what is in that file?" };
    const stop = new AbortController().signal;
    const outcome = await served.wired.gateway.chat(callerOf(), request, () => undefined, stop);
    const entries = await served.wired.helpers.ledger.search({ limit: 100 });
    return { text: outcome.text, stop: outcome.stop, ledger: entries.map(({ what, data }) => ({ what, ...data })) };
  } finally {
    await served.close();
    place.remove();
  }
}

function modelsOf(refs: readonly [ModelRef, ...ModelRef[]], deps: ModelDeps): { model: Model; local: Model | null } {
  const [primary, ...fallbacks] = refs;
  return {
    model: createModel({ primary, fallbacks }, deps),
    local: createLocalModel({ primary, fallbacks }, deps),
  };
}

test("R-AGENT-4: from the moment a conversation holds something secret, only the model on this machine is asked", {
  skip,
}, async () => {
  await using remote = await fakeProvider(reads("vault/deal.txt"), said("the remote one saw it"));
  await using local = await fakeProvider(said("it stayed here"));
  const models = modelsOf([refTo(REMOTE), refTo(local.origin)], depsOf(remote));
  const { text, stop, ledger } = await play(models);
  assert.deepEqual([text, stop], ["it stayed here", "done"]);
  assert.equal(remote.seen.length, 1, "only the request before anything secret was read");
  assert.ok(!remote.seen.some(({ body }) => body.includes(CANARY)));
  assert.ok(local.seen[0]?.body.includes(CANARY));
  const asked = ledger.filter(({ what }) => what === "model.asked");
  assert.deepEqual(asked.map(({ remote: isRemote, confidentiality }) => [isRemote, confidentiality]).toReversed(), [
    [true, "private"],
    [false, "secret"],
  ]);
});

test("R-AGENT-4: failover never picks a remote model for what is secret", { skip }, async () => {
  await using remote = await fakeProvider(said("the remote one saw it"));
  await using local = await fakeProvider(reads("vault/deal.txt"), status(503));
  const models = modelsOf([refTo(local.origin), refTo(REMOTE)], { ...depsOf(remote), clock: fastClock() });
  const { stop, text } = await play(models);
  assert.equal(stop, "failed");
  assert.match(text, /does not answer/);
  assert.equal(remote.seen.length, 0);
});

test("R-AGENT-4: without a model on this machine the turn ends with what to do, and the refusal is recorded", {
  skip,
}, async () => {
  await using remote = await fakeProvider(reads("vault/deal.txt"), said("the remote one saw it"));
  const { stop, text, ledger } = await play(modelsOf([refTo(REMOTE)], depsOf(remote)));
  assert.equal(stop, "failed");
  assert.match(text, /holds something secret, and no model on this machine is configured \(hint: .*fallbacks/);
  assert.equal(remote.seen.length, 1);
  assert.ok(ledger.some(({ what }) => what === "fault.MODEL_LOCAL_ONLY"));
});

test("R-AGENT-4: a model that was chosen wrongly is stopped where its request is recorded", { skip }, async () => {
  await using remote = await fakeProvider(reads("vault/deal.txt"), said("the remote one saw it"));
  const { model } = modelsOf([refTo(REMOTE)], depsOf(remote));
  const { stop } = await play({ model, local: model });
  assert.equal(stop, "failed");
  assert.ok(!remote.seen.some(({ body }) => body.includes(CANARY)));
});

test("R-AGENT-4: what is not secret goes to the model that was chosen, and so does everything where policy says `never`", {
  skip,
}, async () => {
  await using remote = await fakeProvider(reads("notes.txt"), said("nothing much"));
  assert.equal((await play(modelsOf([refTo(REMOTE)], depsOf(remote)))).text, "nothing much");
  assert.equal(remote.seen.length, 2);
  await using other = await fakeProvider(reads("vault/deal.txt"), said("seen"));
  const said2 = await play(modelsOf([refTo(REMOTE)], depsOf(other)), () => ({ models: { localOnly: "never" } }));
  assert.equal(said2.text, "seen");
  assert.ok(other.seen[1]?.body.includes(CANARY));
});

test("R-AGENT-4: INVARIANT(stays-local): what stays here at one confidentiality stays here at every higher one", () => {
  for (const policy of LOCAL_ONLY_LEVELS) {
    for (const confidentiality of CONFIDENTIALITY_LEVELS) {
      const stays = policy !== "never" && confidentialityRank(confidentiality) >= confidentialityRank(policy);
      assert.equal(reachOf(policy, { confidentiality }), stays ? "local" : "any", `${policy} ${confidentiality}`);
    }
  }
});
