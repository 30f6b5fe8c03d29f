/** JSON Lines at the door of the command line: every line has its answer, in its place, under its own id. */
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { answers, jsonl, makeHome } from "./cli-kit.ts";

test("R-EXEC-2: a fault carries the request's own id, and never that of something inside it", async (t) => {
  const home = makeHome(t);
  const lines = [
    '{"id":1.5,"command":5}',
    '{"id":-3,"command":5}',
    '{"person":{"id":5},"command":"x","id":7}',
    '{"command":5,"id":"a\\"b"}',
    '{"id":null,"command":"ls"}',
    '{"id":["x"],"command":"ls"}',
    '{"command":"ls"}',
    '{"id":"twice","command":5,"id":"last"}',
    '{"id":"cut","command":"l',
    '{"id":12.5,"cut',
    "[1]",
    "null",
    '{"id":"unknown","command":"ls","labels":1}',
    '{"id":"missing"}',
  ];
  const ran = await home.run(["check", "command", "--jsonl"], lines.join("\n"));
  assert.equal(ran.status, 1);
  const all = answers(ran);
  assert.deepEqual(
    all.map(({ id }) => id),
    [1.5, -3, 7, 'a"b', null, null, null, "last", "cut", null, null, null, "unknown", "missing"],
  );
  for (const one of all) assert.equal(one.error?.code, "REQUEST_MALFORMED");
});

test("R-EXEC-2: byte order mark, CRLF, blank lines and repeated ids change nothing about an answer", async (t) => {
  const home = makeHome(t);
  const ran = await home.run(
    ["check", "command", "--jsonl"],
    `\uFEFF{"id":1,"command":"ls"}\r\n\r\n   \n{"id":1,"command":"sudo ls"}\n{"id":"\u2028","command":"pwd"}`,
  );
  assert.equal(ran.status, 0);
  assert.deepEqual(
    answers(ran).map((one) => [one.id, one.verdict]),
    [
      [1, "allow"],
      [1, "deny"],
      ["\u2028", "allow"],
    ],
  );
});

test("R-EXEC-2: a line that is too long is answered in its place, and the next one is read", async (t) => {
  const home = makeHome(t);
  const long = "x".repeat(4 * 1024 * 1024);
  const ran = await home.run(
    ["check", "command", "--jsonl"],
    `{"id":"long","command":"${long}"}\n{"command":"${long}","id":"late"}\n${jsonl([{ id: "next", command: "ls" }])}`,
  );
  assert.equal(ran.status, 1);
  assert.deepEqual(
    answers(ran).map((one) => [one.id, one.verdict ?? one.error?.code]),
    [
      ["long", "REQUEST_MALFORMED"],
      [null, "REQUEST_MALFORMED"],
      ["next", "allow"],
    ],
  );
});

test("R-EXEC-2: a reader that goes away ends the command, with no fault and nothing left running", async (t) => {
  const home = makeHome(t);
  const child = home.start(["check", "command", "--jsonl"]);
  t.after(() => child.kill());
  child.stdin?.on("error", () => undefined);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const lines = createInterface({ input: child.stdout ?? assert.fail("no output") });
  child.stdin?.write(jsonl([{ id: 1, command: "ls" }]));
  await new Promise((resolve) => lines.once("line", resolve));
  lines.close();
  child.stdout?.destroy();
  child.stdin?.end(jsonl(Array.from({ length: 200 }, (_, id) => ({ id, command: "ls" }))));
  assert.equal(await ended, 0);
});

test("R-DLP-1: `scan text` takes --json as every command does, and no text as an argument", async (t) => {
  const home = makeHome(t);
  const [json, plain, word] = await Promise.all([
    home.run(["scan", "text", "--json"], "mail ana@example.org"),
    home.run(["scan", "text"], "mail ana@example.org"),
    home.run(["scan", "text", "mail"], "x"),
  ]);
  assert.deepEqual([json.status, json.out], [0, plain.out]);
  assert.equal(word.status, 2);
});
