/** `vambrace prove flow`: the bound for a hijacked model, through the real command line. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { test } from "node:test";
import { answers, makeHome } from "./cli-kit.ts";

test("R-FLOW-6: with the defaults that ship nothing is reached without a yes, and asking makes nothing", async (t) => {
  const home = makeHome(t);
  const [json, plain] = await Promise.all([home.run(["prove", "flow", "--json"]), home.run(["prove", "flow"])]);
  assert.equal(json.status, 0, json.err);
  const [report] = answers(json);
  assert.ok(report);
  const { reach, cells, asked } = report;
  assert.deepEqual([reach.hosts, reach.recipients, reach.money, reach.lasting, reach.elsewhere], [[], [], [], [], []]);
  assert.ok(reach.files.includes("write a new file in the workspace"));
  assert.equal(asked, cells.length);
  assert.ok(asked > 500);
  assert.equal(plain.status, 0);
  assert.match(plain.out, /^If the model obeyed a stranger now, without anybody saying yes it could: read /);
  assert.match(
    plain.out,
    /terminal, owner \(agent main\); webchat, owner \(agent main\)\n {2}without a person it can:\n {4}exec: /,
  );
  assert.equal(plain.out.match(/without a person it can/g)?.length, 3, "what is alike is told once");
  assert.match(plain.out, /It could send nothing to anybody but the asker, pay nothing/);
  assert.match(plain.err, /put to the judge/);
  assert.deepEqual(fs.readdirSync(home.root), []);
});

test("R-FLOW-6: each entry of the configuration is tried: hosts, programs and tools that an operator named", async (t) => {
  const home = makeHome(t);
  const config = home.file(
    "own.yaml",
    [
      "egress: {allow: [docs.example.org]}",
      "people: {bob: {trust: standard}}",
      "tools:",
      "  exec: {security: full, ask: off}",
      "  declarations: {transfer: {effect: pay, arguments: {to: {role: recipient}, sum: {role: amount}}}}",
      "",
    ].join("\n"),
  );
  const ran = await home.run(["prove", "flow", "--json", "--config", config, "--channel", "terminal"]);
  assert.equal(ran.status, 0, ran.err);
  const cells = answers(ran)[0]?.cells ?? [];
  const verdict = (tool: string, destination: string, person = "owner") =>
    cells.find((cell) => cell.tool === tool && cell.destination === destination && cell.person === person)?.verdict;
  assert.equal(verdict("web_fetch", "a listed host (docs.example.org)"), "ask", "listed is not yet asked for");
  assert.equal(verdict("transfer", "a stranger"), "ask");
  assert.equal(verdict("transfer", "a stranger", "bob"), "deny");
  assert.equal(verdict("exec", "a command that removes a file that has a copy"), "ask");
  assert.equal(verdict("exec", "a command that raises its privileges"), "deny");
});

test("R-FLOW-6: where there is nothing to ask, nothing was shown", async (t) => {
  const home = makeHome(t);
  const ran = await home.run(["prove", "flow", "--channel", "nowhere"]);
  assert.equal(ran.status, 4);
  assert.match(ran.err, /not everything was tried/);
  assert.equal(ran.out, "", "nothing is said to be out of reach");
  assert.match(ran.err, /hint: /);
});
