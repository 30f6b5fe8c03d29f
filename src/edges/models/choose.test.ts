import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { type ChooseFrom, type ConfiguredModel, chooseModel, type ModelEnv } from "./choose.ts";
import { contextTokensOf, identityOf, type ModelRef, type Provider, readyRef } from "./config.ts";
import { createModel, retryWaitMs } from "./model.ts";
import { knownWeak } from "./weak.ts";
import { fakeClock, seededRandom } from "../../core/testing.ts";

type Given = { readonly config?: ChooseFrom["config"]; readonly env?: ModelEnv; readonly local?: readonly string[] };

async function choose(given: Given): Promise<{ name: string; why: string; ref: ModelRef; probed: readonly string[] }> {
  const probed: string[] = [];
  const { refs, why } = await chooseModel({
    config: given.config,
    env: given.env ?? {},
    probeLocal: async (origin) => {
      probed.push(origin);
      return given.local;
    },
  });
  return { name: `${refs.primary.provider}/${refs.primary.model}`, why, ref: refs.primary, probed };
}

async function refusal(given: Given): Promise<Fault> {
  const fault = await choose(given).then(
    ({ name }) => assert.fail(`chose ${name}`),
    (thrown: unknown) => thrown,
  );
  assert.ok(fault instanceof Fault, String(fault));
  return fault;
}

function only(primary: ConfiguredModel): ChooseFrom["config"] {
  return { primary, fallbacks: [] };
}

test("R-AGENT-3: what the configuration names is used, with its key from the environment", async () => {
  const { name, ref, why } = await choose({
    config: only({ provider: "anthropic", model: "claude-x" }),
    env: { ANTHROPIC_API_KEY: "k", LLM_PROVIDER: "openai" },
  });
  assert.equal(name, "anthropic/claude-x");
  assert.equal(ref.apiKey, "k");
  assert.match(why, /configuration names `anthropic\/claude-x`/);
});

test("R-AGENT-8: a configured provider that cannot work is a clear fault, never the offline planner", async () => {
  const noKey = await refusal({ config: only({ provider: "openai", model: "m" }), local: ["llama"] });
  assert.equal(noKey.code, "MODEL_REFUSED");
  assert.match(noKey.hint, /OPENAI_API_KEY/);
  const unknown = await refusal({ env: { LLM_PROVIDER: "opnai" } });
  assert.equal(unknown.code, "CONFIG_MALFORMED");
  assert.match(unknown.hint, /openai/);
  assert.equal((await refusal({ env: { LLM_PROVIDER: "ollama" } })).code, "MODEL_UNAVAILABLE");
  assert.equal(
    (await refusal({ env: { LLM_PROVIDER: "openai-compatible", LLM_MODEL: "m" } })).code,
    "CONFIG_MALFORMED",
  );
  assert.equal(
    (await refusal({ env: { LLM_PROVIDER: "openai-compatible", LLM_BASE_URL: "https://x.example/v1" } })).code,
    "CONFIG_MALFORMED",
  );
  assert.equal((await refusal({ env: { LLM_MODEL: "m" } })).code, "CONFIG_MALFORMED");
  const fallback = {
    primary: { provider: "anthropic", model: "m", apiKey: "k" },
    fallbacks: [{ provider: "google", model: "m" }],
  };
  assert.match((await refusal({ config: fallback })).hint, /GOOGLE_API_KEY/);
});

test("R-AGENT-3: LLM_PROVIDER and LLM_MODEL choose; every provider can be named", async () => {
  const env = {
    ANTHROPIC_API_KEY: "a",
    OPENAI_API_KEY: "b",
    GEMINI_API_KEY: "c",
    DEEPSEEK_API_KEY: "d",
    LLM_BASE_URL: "https://x.example/v1",
    LLM_MODEL: "m",
  };
  for (const provider of [
    "anthropic",
    "openai",
    "google",
    "deepseek",
    "openai-compatible",
    "ollama",
  ] satisfies Provider[]) {
    assert.equal((await choose({ env: { ...env, LLM_PROVIDER: provider } })).name, `${provider}/m`);
  }
  assert.equal((await choose({ env: { LLM_PROVIDER: "offline" } })).name, "offline/planner-1");
  assert.equal((await choose({ env: { LLM_PROVIDER: "ollama" }, local: ["qwen3:30b"] })).name, "ollama/qwen3:30b");
});

test("R-AGENT-3: a key alone chooses its provider, and nobody else is sent anything", async () => {
  const { name, probed } = await choose({ env: { DEEPSEEK_API_KEY: "d" }, local: ["llama"] });
  assert.match(name, /^deepseek\//);
  assert.deepEqual(probed, []);
});

test("R-AGENT-3: nothing configured: a local Ollama where one answers on loopback, else offline, and why", async () => {
  const local = await choose({ local: ["qwen3:30b", "other"] });
  assert.equal(local.name, "ollama/qwen3:30b");
  assert.equal(identityOf(local.ref).remote, false);
  assert.match(local.why, /Ollama answers on this machine/);
  const none = await choose({});
  assert.equal(none.name, "offline/planner-1");
  assert.match(none.why, /offline planner/);
  assert.equal((await choose({ local: [] })).name, "offline/planner-1");
  assert.equal((await choose({ env: { ANTHROPIC_API_KEY: "  ", LLM_PROVIDER: "" } })).name, "offline/planner-1");
});

test("R-AGENT-3: an Ollama elsewhere is not chosen by itself; common spellings of OLLAMA_HOST are understood", async () => {
  const elsewhere = await choose({ env: { OLLAMA_HOST: "http://10.0.0.5:11434" }, local: ["m"] });
  assert.equal(elsewhere.name, "offline/planner-1");
  assert.deepEqual(elsewhere.probed, []);
  for (const [host, origin] of [
    ["0.0.0.0", "http://127.0.0.1:11434"],
    ["localhost:9", "http://localhost:9"],
    [":8080", "http://127.0.0.1:8080"],
    ["http://127.0.0.1", "http://127.0.0.1:11434"],
  ] as const) {
    assert.deepEqual((await choose({ env: { OLLAMA_HOST: host } })).probed, [origin]);
  }
  const named = await choose({ env: { LLM_PROVIDER: "ollama", LLM_MODEL: "m", OLLAMA_HOST: "10.0.0.5:11434" } });
  assert.equal(identityOf(named.ref).remote, true);
});

test("R-KEY-1: a key is not sent in clear to another machine; to this one it may be", () => {
  const ref: ModelRef = { provider: "openai-compatible", model: "m", apiKey: "k" };
  for (const baseURL of [
    "http://models.example/v1",
    "http://127.0.0.1.evil.example/v1",
    "ftp://x.example",
    "nonsense",
  ]) {
    assert.throws(() => readyRef({ ...ref, baseURL }), Fault);
  }
  for (const baseURL of [
    "https://models.example/v1",
    "http://127.0.0.1:8080/v1",
    "http://localhost/v1",
    "http://[::1]:1/v1",
  ]) {
    assert.equal(readyRef({ ...ref, baseURL }).baseURL, baseURL);
  }
});

test("R-AGENT-3: offline is no fallback and has none; a model that could never be asked is refused at start", () => {
  const deps = { fetchFor: () => fetch, clock: fakeClock(), random: seededRandom(1) };
  const offline: ModelRef = { provider: "offline", model: "planner-1" };
  const real: ModelRef = { provider: "anthropic", model: "m", apiKey: "k" };
  assert.throws(() => createModel({ primary: real, fallbacks: [offline] }, deps), Fault);
  assert.throws(() => createModel({ primary: offline, fallbacks: [real] }, deps), Fault);
  assert.throws(() => createModel({ primary: { ...real, apiKey: "" }, fallbacks: [] }, deps), Fault);
  assert.deepEqual(createModel({ primary: offline, fallbacks: [] }, deps).identity, {
    provider: "offline",
    model: "planner-1",
    remote: false,
  });
  assert.equal(createModel({ primary: real, fallbacks: [] }, deps).identity.remote, true);
  assert.equal(contextTokensOf({ primary: real, fallbacks: [{ ...real, contextTokens: 9000 }] }), 9000);
});

test("R-AGENT-3: the wait before another try grows, has jitter, and is bounded", () => {
  assert.deepEqual(
    [1, 2, 3, 9].map((failures) => retryWaitMs(failures, 0)),
    [250, 500, 1000, 4000],
  );
  assert.ok(retryWaitMs(9, 0.999) < 8000);
});

test("R-AGENT-5: models known to be weak against injection are named, others are not", () => {
  for (const weak of [
    "llama3.2:3b",
    "qwen2.5-coder:7b-instruct",
    "gemma2:9b",
    "phi3:mini",
    "gpt-3.5-turbo",
    "gpt-4-turbo",
    "claude-3-haiku-20240307",
    "claude-2.1",
    "deepseek-r1:32b",
    "deepseek-chat",
    "mistral:latest",
    "smollm:135m",
    "tinyllama",
    "llama2:13b",
    "dolphin-mixtral:8x7b",
  ]) {
    assert.notEqual(knownWeak(weak), undefined, weak);
  }
  for (const other of [
    "claude-sonnet-5-5",
    "claude-opus-5",
    "gpt-5.5",
    "gemini-3.8-flash",
    "llama3.3:70b",
    "qwen3:32b",
    "gpt-oss:120b",
    "planner-1",
    "mistral-large-3",
  ]) {
    assert.equal(knownWeak(other), undefined, other);
  }
});
