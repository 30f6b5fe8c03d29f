/** `config`, `setup` and `doctor`: what a person does to an installation, and what it says of itself. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { answers, makeHome } from "./cli-kit.ts";

const WRITTEN = `# my own words
gateway: # the door
  port: 18888 # usual
tools:
    profile: "coding"   # quoted
`;

test("R-OPS-1: a key is set, read and taken out again, and comments stay", async (t) => {
  const home = makeHome(t);
  const path = home.file(".vambrace/config.yaml", WRITTEN);
  const set = await home.run(["config", "set", "gateway.port", "19001", "--why", "a test"]);
  assert.equal(set.status, 0);
  const text = fs.readFileSync(path, "utf8");
  assert.equal(text, WRITTEN.replace("18888", "19001"));
  assert.equal(fs.statSync(path).mode & 0o777, 0o600);
  const [get, whole, history] = await Promise.all([
    home.run(["config", "get", "gateway.port", "--json"]),
    home.run(["config", "get", "--json"]),
    home.run(["config", "history", "--json"]),
  ]);
  assert.equal(get.out, "19001\n");
  assert.equal(JSON.parse(whole.out).session.dmScope, "per-account-channel-peer", "defaults are shown too");
  const shown = await home.run(["config", "get"]);
  assert.equal(shown.out.match(/- git status$/gm)?.length, 1, "a list that is shown again is named");
  assert.deepEqual(parse(shown.out), JSON.parse(whole.out), "and it is the same");
  assert.deepEqual(
    answers(history).map(({ version, who, why }) => [version, who, why]),
    [[1, "owner", "a test"]],
  );
  await home.run(["config", "patch", "-"], '{"gateway":{"port":null},"session":{"dmScope":"per-peer"}}');
  const patched = fs.readFileSync(path, "utf8");
  assert.ok(!patched.includes("19001") && patched.includes("dmScope: per-peer") && patched.includes("# my own words"));
  assert.equal((await home.run(["config", "rollback", "1"])).status, 0);
  assert.equal(fs.readFileSync(path, "utf8"), WRITTEN);
});

test("R-OPS-1, R-KEY-1: what would not start is refused, and the file stays as it is", async (t) => {
  const home = makeHome(t);
  const path = home.file(".vambrace/config.yaml", WRITTEN);
  const secret = "sk-ant-api03-abcdefghijklmnopqrstuvwxyz0123456789";
  const [value, key, clear, path2, patch, misread] = await Promise.all([
    home.run(["config", "set", "gateway.port", "70000"]),
    home.run(["config", "set", "gatewya.port", "18900"]),
    home.run(["config", "set", "models.providers.anthropic.apiKey", secret]),
    home.run(["config", "unset", "..port"]),
    home.run(["config", "patch", "-"], "[1]"),
    home.run(["config", "get", "tools.exek.allow"]),
  ]);
  assert.deepEqual(
    [value, key, clear, path2, patch].map((ran) => ran.status),
    [2, 2, 2, 2, 2],
  );
  assert.match(key.err, /did you mean `gateway`/);
  assert.ok(!`${clear.err}${clear.out}`.includes(secret), "a secret is not repeated");
  assert.notEqual(misread.status, 0);
  assert.equal(fs.readFileSync(path, "utf8"), WRITTEN);
});

test("R-OPS-1: a configuration is validated without being used, and its weaker modes are named", async (t) => {
  const home = makeHome(t);
  const good = home.file("good.yaml", "tools: {exec: {security: full, ask: off}}\n");
  const bad = home.file("bad.yaml", "gateway: {auth: {mode: none}}\n");
  const [valid, refused, none, schema] = await Promise.all([
    home.run(["config", "validate", good, "--json"]),
    home.run(["config", "validate", bad]),
    home.run(["config", "validate"]),
    home.run(["config", "schema", "--json"]),
  ]);
  assert.deepEqual([valid.status, refused.status, none.status], [0, 1, 0]);
  assert.ok(answers(valid)[0]?.downgrades.some((line: string) => line.includes("exec.security")));
  assert.match(refused.err, /hint: write `mode: token`/);
  assert.ok(answers(schema)[0]?.properties.gateway);
  assert.ok(!fs.existsSync(home.state));
});

test("R-FLOW-4: setup says where the agent works and how far its files are trusted, the first time and again", async (t) => {
  const home = makeHome(t);
  const path = join(home.state, "config.yaml");
  assert.equal((await home.run(["setup"])).status, 0);
  assert.match(fs.readFileSync(path, "utf8"), /trust: none/);
  assert.ok(fs.statSync(home.workspace).isDirectory());
  const again = await home.run(["setup"]);
  assert.equal(again.status, 2, "nobody was there to ask, and nothing was said");
  assert.equal((await home.run(["setup", "--workspace", "~/work", "--trust", "limited"])).status, 0);
  assert.ok(fs.statSync(join(home.root, "work")).isDirectory());
  const text = fs.readFileSync(path, "utf8");
  assert.match(text, /workspace: ~\/work/);
  assert.match(text, /path: ~\/work\n +trust: limited/);
  assert.match(text, /path: ~\/vambrace\n +trust: none/);
  const refused = await home.run(["setup", "--workspace", "~/.ssh"]);
  assert.equal(refused.status, 2);
  assert.equal(fs.readFileSync(path, "utf8"), text);
});

test("R-FLOW-4: setup takes a folder from where one is, and one that it refuses keeps nobody from saying another", async (t) => {
  const home = makeHome(t);
  for (const folder of [".vambrace/within", ""]) {
    const refused = await home.run(["setup", "--workspace", folder]);
    assert.equal(refused.status, 2, refused.err);
    assert.equal(fs.existsSync(join(home.state, "config.yaml")), false);
  }
  const taken = await home.run(["setup", "--workspace", "my work/./here"]);
  assert.equal(taken.status, 0, taken.err);
  const folder = join(home.root, "my work", "here");
  assert.ok(fs.statSync(folder).isDirectory());
  assert.ok(taken.err.includes(folder), "it says which folder that is");
  assert.ok(fs.readFileSync(join(home.state, "config.yaml"), "utf8").includes(`workspace: ${folder}`));
});

test("R-FS-3: the doctor names modes that let others in, mends them on request, and ends with 1 until then", async (t) => {
  const home = makeHome(t);
  const path = home.file(".vambrace/config.yaml", "gateway: {port: 18899}\n");
  fs.mkdirSync(home.workspace, { mode: 0o700 });
  fs.chmodSync(path, 0o644);
  const before = await home.run(["doctor", "--json"]);
  const lines = (ran: typeof before) => answers(ran)[0]?.lines ?? [];
  const failing = (ran: typeof before) =>
    lines(ran)
      .filter((line) => line.status === "fail")
      .map((line) => line.id);
  assert.equal(before.status, 1);
  assert.ok(failing(before).includes("state folder"));
  for (const line of lines(before))
    if (line.status !== "ok") assert.ok((line.hint ?? "").length > 10, `${line.id} has a hint`);
  const after = await home.run(["doctor", "--fix", "--json"]);
  assert.equal(fs.statSync(path).mode & 0o777, 0o600);
  assert.ok(!failing(after).includes("state folder"));
  assert.equal(after.status, failing(after).length === 0 ? 0 : 1);
  for (const id of [
    "node",
    "bubblewrap",
    "sandbox",
    "configuration",
    "policies",
    "workspace",
    "model",
    "ledger",
    "gateway",
    "port",
    "helpers",
    "disk",
    "clock",
  ]) {
    assert.ok(
      lines(after).some((line) => line.id === id),
      `${id} was looked at`,
    );
  }
  assert.deepEqual(fs.readdirSync(home.state), ["config.yaml"], "looking leaves nothing behind");
});

test("R-GATE-1: the doctor says why a configuration would not start, in words", async (t) => {
  const home = makeHome(t);
  home.file(".vambrace/config.yaml", "gateway: {bind: lan}\n");
  const ran = await home.run(["doctor"]);
  assert.equal(ran.status, 1);
  assert.match(ran.out, /fail configuration .*gateway\.bind/);
  assert.match(ran.out, /hint: /);
});
