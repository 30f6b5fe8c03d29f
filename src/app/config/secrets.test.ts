import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { environmentOf } from "./environment.ts";
import { at, config, env, refusal, secretsIn } from "./fixture.ts";
import { parseConfig } from "./load.ts";
import { getPath, parsePath } from "./paths.ts";
import { modelSettings } from "./settings.ts";

// Put together here, so that no scanner of this repository takes them for real ones.
const joined = (...parts: string[]) => parts.join("");
const SHAPED: readonly string[] = [
  joined("sk-", "ant-api03-", "A1b2C3d4E5f6G7h8"),
  joined("sk-", "proj-", "A1b2C3d4E5f6G7h8"),
  joined("ghp", "_", "A1b2C3d4E5f6G7h8I9j0K1l2"),
  joined("github", "_pat_", "A1b2C3d4E5f6G7h8I9j0K1l2"),
  joined("xoxb", "-", "123456789012-abcdefghijkl"),
  joined("AKIA", "IOSFODNN7EXAMPLE"),
  joined("AIza", "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
  joined("123456789", ":", "AAF1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"),
  joined("eyJhbGciOiJIUzI1NiJ9", ".", "eyJzdWIiOiIxMjM0In0", ".", "c2lnbmF0dXJlMTIz"),
  joined("-----BEGIN", " OPENSSH PRIVATE KEY-----"),
  joined("https://ana", ":", "hunter22", "@example.org/"),
];

test("R-KEY-1: what is shaped like a secret is refused anywhere in the file, and never repeated", () => {
  for (const secret of SHAPED) {
    for (const text of [
      `people: {owner: {trust: full, name: '${secret}'}}`,
      `# ${secret}\n`,
      `tools: {exec: {allow: ['${secret}']}}`,
      `models:\n  providers:\n    x:\n      baseURL: ${JSON.stringify(secret)}\n`,
    ]) {
      const { code, message, hint } = refusal(text);
      assert.equal(code, "CONFIG_SECRET", text);
      assert.match(message, /line \d+/);
      assert.ok(!message.includes(secret) && !hint.includes(secret));
    }
  }
});

test("R-KEY-1: a literal under a key for secrets is refused with where to put it", () => {
  for (const key of ["apiKey", "api_key", "API-KEY", "token", "password", "secret", "clientSecret", "privateKey"]) {
    for (const value of ["hunter2", "12345", "'x'", "prefix-${MY_KEY}", "$${MY_KEY}"]) {
      const { code, message, hint } = refusal(`models:\n  providers:\n    mine:\n      ${key}: ${value}`);
      assert.equal(code, "CONFIG_SECRET", `${key}: ${value}`);
      assert.match(message, /line 4: `models\.providers\.mine\./);
      assert.match(hint, /environment/);
      assert.doesNotMatch(message + hint, /hunter2|12345/);
    }
  }
});

test("R-KEY-1: a reference is kept as it is written, looked up where it is used, and never shown", () => {
  const text =
    "models: {providers: {mine: {baseURL: 'https://m.example/v1', apiKey: '${MY_KEY}'}}}\nagents: {defaults: {model: {primary: mine/m-1}}}";
  const loaded = parseConfig(text, at);
  assert.doesNotMatch(JSON.stringify(loaded.config), /k-1234567890/);
  assert.equal(getPath(loaded, parsePath("models.providers.mine.apiKey")), "${MY_KEY}");
  assert.deepEqual(modelSettings(loaded.config, env, secretsIn(env)).config?.primary, {
    provider: "openai-compatible",
    model: "m-1",
    keyId: "env:MY_KEY",
    baseURL: "https://m.example/v1",
  });
  const empty = environmentOf({ HOME: "/home/ana" });
  assert.throws(() => modelSettings(loaded.config, empty, secretsIn(empty)), {
    code: "CONFIG_VARIABLE_MISSING",
    message: /models\.providers\.mine\.apiKey.*MY_KEY/,
  });
});

test("references stand in values, are looked up once, and say which one is missing and where", () => {
  assert.deepEqual(config("egress: {allow: ['${SITE}', 'www.${SITE}']}").egress.allow, [
    "example.org",
    "www.example.org",
  ]);
  const { code, message } = refusal("egress:\n  allow:\n    - ${NOT_SET}");
  assert.equal(code, "CONFIG_VARIABLE_MISSING");
  assert.match(message, /line 3, `egress\.allow\.0`: the environment variable `NOT_SET`/);
  assert.match(refusal("people: {owner: {trust: full, name: '${lower}'}}").message, /not the name of a variable/);
  assert.equal(config("people: {owner: {trust: full, name: '$${SITE}'}}").people["owner"]?.name, "${SITE}");
  const nested = environmentOf({ HOME: "/home/ana", A: "${B}", B: "x" });
  const name = parseConfig("people: {owner: {trust: full, name: '${A}'}}", { ...at, env: nested }).config.people[
    "owner"
  ]?.name;
  assert.equal(name, "${B}");
});

test("what a variable holds is text: it adds no keys and no structure", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 50 }), (value) => {
      const hostile = environmentOf({ HOME: "/home/ana", V: value });
      const parsed = parseConfig("people: {owner: {trust: full, name: '${V}'}}", { ...at, env: hostile }).config;
      assert.equal(parsed.people["owner"]?.name, value);
    }),
  );
});

test("R-KEY-1: honest settings with `token` in their names pass", () => {
  assert.equal(
    config("agents: {defaults: {budgets: {turn: {tokens: 1000, outputTokens: 100}}}}").agents.defaults.budgets.turn
      .tokens,
    1_000,
  );
  assert.ok(config("# keep tokens and passwords in the environment\ntools: {exec: {allow: [keytool, git status]}}"));
});

test("the environment has known names only, and an empty variable is absent", () => {
  const seen = environmentOf({ HOME: "/h", ANTHROPIC_API_KEY: "", OTHER: "x" });
  assert.deepEqual(Object.keys(seen).sort(), ["HOME", "variable"]);
  assert.equal(seen.variable("OTHER"), "x");
  assert.equal(seen.variable("__proto__"), undefined);
});
