import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAgentId } from "../core/ids.ts";
import { environmentOf } from "./config/environment.ts";
import { type Loaded, parseConfig } from "./config/load.ts";
import { weakModels } from "./weak-models.ts";

const loaded = (text: string): Loaded =>
  parseConfig(text, { home: "/home/alice/.vambrace", env: environmentOf({ HOME: "/home/alice" }) });
const always = (): string => "tiny:3b: small models follow injected orders";

test("R-AGENT-5: a weak model with dangerous tools is named with the tools and the doors; a strong one is not", () => {
  const [line, ...more] = weakModels(loaded(""), always);
  assert.deepEqual(more, []);
  assert.match(line ?? "", /^agent main: tiny:3b: small models .*; it has .*exec, .*web_fetch/);
  assert.match(line ?? "", /\(at .*terminal/);
  assert.deepEqual(
    weakModels(loaded(""), () => undefined),
    [],
  );
});

test("R-AGENT-5: a weak model that can only look things up is not warned about", () => {
  const minimal = "tools: {profile: minimal}\n";
  assert.deepEqual(weakModels(loaded(minimal), always), []);
  const reads = "tools: {profile: coding, allow: [read, list, search, recall]}\n";
  assert.deepEqual(weakModels(loaded(reads), always), []);
  const one = weakModels(loaded("tools: {profile: coding, allow: [read, web_fetch]}\n"), always);
  assert.match(one[0] ?? "", /; it has web_fetch \(at /);
});

test("R-AGENT-5: each agent is warned about for itself", () => {
  const config = loaded(
    "agents: {entries: {helper: {workspace: ~/helper}, reader: {workspace: ~/reader, tools: {profile: minimal}}}}\n",
  );
  const weak = (name: string) => weakModels(config, (agent) => (agent === parseAgentId(name) ? always() : undefined));
  assert.match(weak("helper")[0] ?? "", /^agent helper: /);
  assert.deepEqual(weak("reader"), []);
});
