/** The command line as a whole: help, refusals, and input that a stranger sent. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { COMMANDS } from "../src/cli/commands.ts";
import { answers, jsonl, makeHome } from "./cli-kit.ts";

test("R-AGENT-8: every command says what it does, how it is used, and has an example of itself", async () => {
  const names = Object.entries(COMMANDS);
  assert.ok(names.length > 20);
  for (const [name, load] of names) {
    const command = await load();
    assert.equal(command.name, name);
    assert.ok(command.summary.length > 10, name);
    assert.ok(command.usage.startsWith(`vambrace ${name}`), name);
    assert.ok(command.example.includes(`vambrace ${name}`), name);
    assert.deepEqual(
      Object.keys(command.help).sort(),
      Object.keys(command.options).sort(),
      `${name}: each option has its help`,
    );
    for (const option of Object.keys(command.options)) {
      assert.ok(command.usage.includes(`--${option}`), `${name}: --${option} stands in its usage`);
    }
  }
});

test("R-AGENT-8: what is not understood ends with 2 and says what would be", async (t) => {
  const home = makeHome(t);
  const [option, command, group, help, twice] = await Promise.all([
    home.run(["check", "command", "--nope"]),
    home.run(["chekc", "command"]),
    home.run(["check"]),
    home.run(["check", "--help"]),
    home.run(["check", "url", "http://a.example/", "http://b.example/"]),
  ]);
  assert.equal(option.status, 2);
  assert.match(option.err, /hint: usage: vambrace check command/);
  assert.deepEqual([command.status, group.status, twice.status], [2, 2, 2]);
  assert.match(group.err, /vambrace check url/);
  assert.equal(help.status, 0);
  assert.match(help.out, /check path/);
  for (const { out } of [option, command, group, twice]) assert.equal(out, "");
  assert.deepEqual(fs.readdirSync(home.root), [], "a refusal makes nothing");
});

test("R-AGENT-8: a line that cannot be read is answered in its place, and the rest still count", async (t) => {
  const home = makeHome(t);
  const huge = JSON.stringify({ id: "huge", command: `echo ${"a".repeat(5 * 1024 * 1024)}` });
  const lines: (string | Uint8Array)[] = [
    jsonl([{ id: "first", command: "ls" }]),
    "not json\n",
    '{"id":"open","command":\n',
    '["id",1]\n',
    "null\n",
    '{"id":"typed","command":7}\n',
    '{"id":"more","command":"ls","sudo":true}\n',
    `${huge}\n`,
    "\n",
    // A separator that JSON text may hold, and that is no end of a line.
    '{"id":"separator","command":"echo \u2028 \u2029 \u0085 x"}\n',
    Uint8Array.from([...Buffer.from('{"id":"bytes","command":"echo '), 0xff, 0xfe, ...Buffer.from('"}\n')]),
    '{"id":"carriage","command":"ls"}\r\n',
    '{"id":"last","command":"ls"}',
  ];
  const ran = await home.run(["check", "command", "--jsonl"], Buffer.concat(lines.map((line) => Buffer.from(line))));
  assert.equal(ran.status, 1);
  assert.deepEqual(
    answers(ran).map((answer) => [answer.id, answer.error?.code ?? answer.verdict]),
    [
      ["first", "allow"],
      [null, "REQUEST_MALFORMED"],
      ["open", "REQUEST_MALFORMED"],
      [null, "REQUEST_MALFORMED"],
      [null, "REQUEST_MALFORMED"],
      ["typed", "REQUEST_MALFORMED"],
      ["more", "REQUEST_MALFORMED"],
      ["huge", "REQUEST_MALFORMED"],
      ["separator", "allow"],
      ["bytes", "REQUEST_MALFORMED"],
      ["carriage", "allow"],
      ["last", "allow"],
    ],
  );
  assert.match(answers(ran)[7]?.error?.message ?? "", /longer than/);
  assert.match(answers(ran)[6]?.error?.message ?? "", /sudo/);
});

test("R-AGENT-8: a reader that goes away ends a command quietly", async (t) => {
  const home = makeHome(t);
  const child = home.start(["check", "command", "--jsonl"]);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  let err = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (err += text));
  child.stdin?.on("error", () => undefined);
  child.stdin?.end(jsonl(Array.from({ length: 500 }, (_, id) => ({ id, command: "ls" }))));
  child.stdout?.once("data", () => child.stdout?.destroy());
  child.on("close", resolve);
  assert.equal(await promise, 0);
  assert.equal(err, "");
});

test("R-IR-1: a command that waits for input ends at a signal", async (t) => {
  const home = makeHome(t);
  const child = home.start(["check", "command", "--jsonl"]);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on("close", resolve);
  child.stdin?.write(jsonl([{ id: 1, command: "ls" }]));
  child.stdout?.once("data", () => child.kill("SIGINT"));
  assert.equal(await promise, 1);
});

test("R-BOX-5: the sandbox is tried out without a gateway, and each attempt is shown", async (t) => {
  if (!["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"].some((path) => fs.existsSync(path))) {
    return t.skip("bubblewrap is not installed");
  }
  const home = makeHome(t);
  home.file(".vambrace/config.yaml", "gateway: {}\n");
  const ran = await home.run(["security", "prove", "--json"]);
  const [proof] = answers(ran);
  assert.equal(proof?.backend, "bubblewrap");
  const lines = proof.attempts ?? [];
  assert.ok(lines.length >= 60, `${lines.length} counted`);
  assert.deepEqual(
    lines.filter((line) => !line.held),
    [],
  );
  assert.ok(Array.isArray(proof.skipped));
  assert.equal(ran.status, 0, ran.err);
  assert.deepEqual(fs.readdirSync(home.state), ["config.yaml"], "nothing was made in the state folder");
  return undefined;
});
