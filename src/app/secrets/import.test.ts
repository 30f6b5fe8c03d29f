import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import { isVaultName } from "../../core/secret-ref.ts";
import { fromText } from "./import.ts";

const pairs = (text: string) => fromText(text).found.map(({ name, value }) => [name, value]);

test("R-KEY-1: of a .env file what looks like a secret is taken, as a shell would read it", () => {
  const text = [
    "# a comment with TOKEN=not-this-one",
    "export GITHUB_TOKEN='single $quoted #kept'",
    'OPENAI_API_KEY="double\\nquoted" # a comment',
    "DB_PASSWORD=plain-value   # a comment",
    "PORT=8080",
    "TOKENIZER=not-a-secret-name",
    "EMPTY_KEY=",
    "SHORT_KEY=abc",
    "REF_TOKEN=${OTHER}",
    "SOME_SECRET=changeme",
    "=nothing",
  ].join("\n");
  assert.deepEqual(pairs(text), [
    ["github_token", "single $quoted #kept"],
    ["openai_api_key", "double\nquoted"],
    ["db_password", "plain-value"],
  ]);
  assert.deepEqual(fromText(text).left, [
    "SHORT_KEY: it has fewer than 8 characters",
    "REF_TOKEN: it is a reference to a variable",
    "SOME_SECRET: it is a placeholder",
  ]);
});

test("R-KEY-1: of JSON as OpenClaw has it, keys with a secret's name and variables are taken; references are left", () => {
  const text = `{
  // written by hand
  "models": { "providers": { "openai": { "apiKey": "CANARY-openai-1", "baseUrl": "https://x" } } },
  "channels": { "telegram": { "botToken": "CANARY-bot-22" }, "slack": { "appToken": "\${SLACK_APP_TOKEN}" } },
  "env": { "vars": { "GROQ_API_KEY": "CANARY-groq-3", "LANG": "de_DE.UTF-8" } },
  "gateway": { "auth": { "token": { "source": "env", "id": "X" } } },
}`;
  assert.deepEqual(pairs(text), [
    ["models.providers.openai.apikey", "CANARY-openai-1"],
    ["channels.telegram.bottoken", "CANARY-bot-22"],
    ["env.vars.groq_api_key", "CANARY-groq-3"],
  ]);
  assert.deepEqual(fromText(text).left, ["channels.slack.appToken: it is a reference to a variable"]);
});

test("R-KEY-1: what is no such file is refused, and nothing of it is repeated", () => {
  for (const text of ["", "CANARY no pairs here", '{"a": CANARY', "{ &x [*x] }", "[1]", "\0"]) {
    assert.throws(
      () => fromText(text),
      (thrown) => thrown instanceof Fault && thrown.code === "SECRET_UNKNOWN" && !thrown.message.includes("CANARY"),
    );
  }
});

test("R-KEY-1: whatever stands in a file, names fit the vault, are different, and values are whole", () => {
  const LINE = fc.tuple(fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,10}_KEY$/), fc.stringMatching(/^[a-z0-9-]{8,20}$/));
  fc.assert(
    fc.property(fc.array(LINE, { minLength: 1, maxLength: 20 }), (lines) => {
      const { found, left } = fromText(lines.map(([name, value]) => `${name}=${value}`).join("\n"));
      assert.equal(new Set(found.map(({ name }) => name)).size, found.length);
      assert.ok(found.every(({ name }) => isVaultName(name)));
      assert.equal(found.length + left.length, lines.length);
      for (const { from, value } of found) assert.ok(lines.some(([n, v]) => n === from && v === value));
    }),
  );
});
