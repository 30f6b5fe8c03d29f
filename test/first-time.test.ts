/** What a person meets who has never used it: questions that he gets wrong, leaves, or cannot answer; words that are off. @module */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeHome } from "./cli-kit.ts";
import { CTRL_C, CTRL_D, ENTER, makePlace, missing, openTerminal } from "./terminal-kit.ts";

const skip = missing();
const FOLDER = /folder that the agent works in \[~\/vambrace\] > $/;
const OPENS = /apply it\? \[y\/N\] > $/;
const TRUST = /how far they are trusted \[none\] > $/;

test("R-GATE-1: a folder that cannot be the workspace is refused before the next question, and nothing is written", {
  skip,
}, async (t) => {
  const place = await makePlace(t);
  writeFileSync(join(place.home, "file.txt"), "a file\n");
  const terminal = openTerminal(place, ["setup"]);
  await terminal.see(FOLDER);
  for (const [answer, says] of [
    ["/etc", /`\/etc` lies in `\/etc`, which tools never reach/],
    ["~/.vambrace", /`~\/\.vambrace` lies above, in or at the state folder/],
    ["relative", /`relative` is not of the form that it takes[^]*write the path from the root/],
  ] as const) {
    terminal.say(answer);
    const shown = await terminal.see(FOLDER);
    assert.match(shown, says);
    assert.doesNotMatch(shown, /config\.yaml|who wrote the files/, "there is no file yet whose line could be named");
  }

  await t.test("one that cannot be made leaves no configuration behind, and the next answer counts", async () => {
    terminal.say("~/file.txt");
    await terminal.see(TRUST);
    terminal.press(ENTER);
    assert.match(await terminal.see(FOLDER), /the workspace `.*file\.txt` cannot be made/);
    assert.equal(existsSync(join(place.state, "config.yaml")), false);
    terminal.say("~/elsewhere");
    await terminal.see(TRUST);
    terminal.say("some");
    await terminal.see(/from the least to the most: none, limited, standard, elevated, full/);
    terminal.press(ENTER);
    await terminal.see(/elsewhere, files there have trust none/);
    assert.equal(await terminal.ended, 0);
    assert.match(readFileSync(join(place.state, "config.yaml"), "utf8"), /workspace: ~\/elsewhere/);
  });
});

test("R-GATE-1: Ctrl-C and Ctrl-D at the first questions end it in one sentence, and nothing is written", {
  skip,
}, async (t) => {
  const place = await makePlace(t);
  for (const key of [CTRL_C, CTRL_D]) {
    for (const isSecond of [false, true]) {
      const terminal = openTerminal(place, ["start", "--chat", "--port", String(place.port)]);
      await terminal.see(FOLDER);
      if (isSecond) {
        terminal.press(ENTER);
        await terminal.see(TRUST);
      }
      terminal.press(key);
      const shown = await terminal.see(/hint: .*\n/);
      assert.match(shown, /error: it was broken off, and nothing was done\n/);
      assert.doesNotMatch(shown, /inside vambrace|node:internal/);
      assert.equal(await terminal.ended, 1);
      assert.equal(existsSync(join(place.state, "config.yaml")), false);
    }
  }
});

test("R-OPS-1: a question that is left is a no, and a yes is a yes", { skip }, async (t) => {
  const place = await makePlace(t);
  const config = join(place.state, "config.yaml");
  const ask = ["config", "set", "tools.exec.security", "full"];
  const setUp = openTerminal(place, ["setup", "--trust", "none"]);
  assert.equal(await setUp.ended, 0);
  for (const key of [CTRL_C, CTRL_D, ENTER]) {
    const terminal = openTerminal(place, ask);
    assert.match(await terminal.see(OPENS), /asking the judge what this opens …/, "it takes a moment, and says so");
    terminal.press(key);
    await terminal.see(/nothing was changed/);
    assert.equal(await terminal.ended, 3);
    assert.doesNotMatch(readFileSync(config, "utf8"), /security/);
  }
  const terminal = openTerminal(place, ask);
  await terminal.see(OPENS);
  terminal.say("y");
  assert.equal(await terminal.ended, 0);
  assert.match(readFileSync(config, "utf8"), /security: full/);
});

test("R-OPS-1: what reads from a terminal says so, and Ctrl-C ends it", { skip }, async (t) => {
  const place = await makePlace(t);
  const left = openTerminal(place, ["scan", "text"]);
  await left.see(/Ctrl-D on a line of its own ends it/);
  left.press(CTRL_C);
  await left.see(/broken off/);
  assert.equal(await left.ended, 1);
  const typed = openTerminal(place, ["scan", "text"]);
  await typed.see(/ends it/);
  typed.press(`mail ana@example.org${ENTER}${CTRL_D}`);
  await typed.see(/"rule":"email"/);
  assert.equal(await typed.ended, 0);
});

test("R-OPS-1: help is broken between words where a terminal is narrow, and never in a pipe", { skip }, async (t) => {
  const place = await makePlace(t);
  const shown = await openTerminal(place, ["incident", "open", "--help"], place.env, 60).see(/example:/);
  const [before = ""] = shown.split("example:");
  assert.equal(
    before.split("\n").find((line) => line.length > 60),
    undefined,
  );
  assert.match(before, /\[--since TIME\]/, "an option stays with what it takes");
  const piped = await makeHome(t).run(["incident", "open", "--help"]);
  assert.match(piped.out, /usage: vambrace incident open .* \[--json\]\n/);
});

test("R-LOG-3: where there is no ledger nothing was verified, and nothing is called altered", async (t) => {
  const home = makeHome(t);
  const { status, out, err } = await home.run(["log", "verify"]);
  assert.equal(status, 4);
  assert.equal(out, "");
  assert.match(err, /there is no ledger in `.*ledger`\nhint: the first `vambrace start` makes one/);
});

test("R-OPS-1: a word or an option that a command does not take is refused with the nearest one, and never repeated as a value", async (t) => {
  const home = makeHome(t);
  for (const [args, says] of [
    [["stauts"], /there is no command `stauts`\nhint: did you mean `vambrace status`\?/],
    [["logs", "search"], /there is no command `logs`\nhint: did you mean `vambrace log search`\?/],
    [["log", "serch"], /there is no command `log serch`\nhint: did you mean `vambrace log search`\?/],
    [["frobnicate"], /there is no command `frobnicate`\nhint: see `vambrace --help`/],
    [["memory"], /there is no command `memory`\nhint: one of: vambrace memory show, /],
    [["doctor", "--jsno"], /`doctor` has no option `--jsno`; did you mean `--json`\?\nhint: usage: vambrace doctor/],
    [["doctor", "--frobnicate=hunter2"], /`doctor` has no option `--frobnicate`\nhint: usage/],
    [["doctor", "extra"], /`doctor` takes options only\nhint: usage/],
    [["why", "call_x", "hunter2"], /too many words: `why` takes 1 and options\nhint: usage/],
    [
      ["token", "create", "ci", "--allow", "chat,hunt"],
      /`hunt` is not a permission; one of: chat, execute, [^]*hint: usage/,
    ],
    [["token", "create", "ci", "--allow", "chat", "--days", "soon"], /`soon` is not a number of days\nhint: usage/],
    [["log", "search", "--kind", "nonsense"], /nothing is recorded as `nonsense`\nhint: one of: gateway, message, /],
    [["setup", "--trust", "some"], /not a trust level: `some`; one of: none, limited, /],
    [["incident", "open", "--reason", "x", "--session", "latest"], /not an id of this kind: `latest`\nhint: it starts/],
    [["start", "--port"], /error: option '--port <value>' argument missing\nhint: usage/],
  ] as const) {
    const { status, out, err } = await home.run(args);
    assert.equal(status, 2, args.join(" "));
    assert.equal(out, "");
    assert.match(err, says);
    assert.doesNotMatch(err, /hunter2|positional/);
  }
  assert.equal((await home.run(["config", "schema", "--json"])).status, 0);
});
