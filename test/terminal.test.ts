/** The chat as a person has it, on a terminal: what acts, what asks, and what is left behind. @module */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { readPending } from "../src/app/pending.ts";
import { CTRL_C, ENTER, makePlace, missing, openPipe, openTerminal, processesOf, stillThere } from "./terminal-kit.ts";

const skip = missing();
const PROMPT = /offline > $/;
const CHOICES = /\[n\] no {2}> $/;
/** A person reads before he answers; a yes that is faster does not count. */
const READING_MS = 700;

test("R-EXEC-1: on a terminal, what was named acts, and what was not is asked, with the call, its folder and why", {
  skip,
}, async (t) => {
  const place = await makePlace(t);
  const inWorkspace = (name: string): string => join(place.workspace, name);
  const read = (name: string): string => readFileSync(inWorkspace(name), "utf8");
  writeFileSync(inWorkspace("package.json"), '{"scripts":{"test":"touch ran"}}');
  writeFileSync(inWorkspace("only.txt"), "the only copy\n");
  const terminal = openTerminal(place, ["start", "--chat", "--port", String(place.port)]);

  await t.test("the first start asks two questions, and Enter takes the safe answer", async () => {
    await terminal.see(/folder that the agent works in \[~\/vambrace\] > $/);
    terminal.press(ENTER);
    await terminal.see(/how far they are trusted \[none\] > $/);
    terminal.press(ENTER);
    const shown = await terminal.see(PROMPT);
    assert.match(shown, new RegExp(`http://127\\.0\\.0\\.1:${place.port}/#login=[0-9a-z]{20,}`));
    assert.equal(existsSync(join(place.state, "login.txt")), false, "on a terminal no file holds the login");
  });

  await t.test("listing and writing what the person named needs no question", async () => {
    terminal.say("list the files here, then write hello.txt");
    const shown = await terminal.see(PROMPT);
    assert.match(shown, /only\.txt/);
    assert.match(shown, /✓ 2 entries/);
    assert.doesNotMatch(shown, /May it/);
    assert.ok(read("hello.txt").length > 0);
  });

  await t.test("an unknown script asks, and a no leaves it alone", async () => {
    terminal.say("run the tests");
    const shown = await terminal.see(CHOICES);
    assert.match(shown, /✓ 3 entries/);
    for (const part of [/May it run this\?/, /command +│ npm test/, /why +│ \w/, /from +│ command:/])
      assert.match(shown, part);
    assert.ok(shown.includes(place.workspace), "the folder");
    terminal.say("n");
    await terminal.see(PROMPT);
    assert.equal(existsSync(inWorkspace("ran")), false);
  });

  await t.test("what was typed before a question stood there is not its answer", async () => {
    terminal.press(`run perl -e 'open F, q(>early)'${ENTER}y${ENTER}`);
    await terminal.see(CHOICES);
    await wait(READING_MS);
    terminal.say("perhaps");
    assert.doesNotMatch(await terminal.see(/please type y, s, x, n/), /too fast/);
    terminal.say("y");
    await terminal.see(/too fast to have been read/);
    assert.equal(existsSync(inWorkspace("early")), false);
    terminal.say("n");
    await terminal.see(/did not understand “y”[^]*offline > $/);
    assert.equal(existsSync(inWorkspace("early")), false);
  });

  await t.test("a yes that was read runs it", async () => {
    terminal.say("run perl -e 'open F, q(>asked)'");
    await terminal.see(CHOICES);
    await wait(READING_MS);
    terminal.say("y");
    await terminal.see(PROMPT);
    assert.ok(existsSync(inWorkspace("asked")));
  });

  await t.test("deleting and overwriting what has no copy asks, and Ctrl-C is no", async () => {
    for (const request of ["delete only.txt", 'write only.txt with "other"']) {
      terminal.say(request);
      assert.match(await terminal.see(CHOICES), /no other copy/);
      terminal.press(CTRL_C);
      await terminal.see(/stopped[^]*offline > $/);
      assert.equal(read("only.txt"), "the only copy\n");
    }
  });

  await t.test("Ctrl-C ends a command that runs, and the chat goes on", async () => {
    terminal.say("run sleep 47");
    await terminal.see(/→ exec sleep 47/);
    await until(() => running("sleep 47"));
    terminal.press(CTRL_C);
    await terminal.see(/stopped[^]*offline > $/);
    await until(() => !running("sleep 47"));
    terminal.press("half of it");
    terminal.press(CTRL_C);
    terminal.say("what is in hello.txt");
    await terminal.see(/This is what `hello\.txt` says[^]*offline > $/);
  });

  await t.test("a paste of several lines is one message", async () => {
    terminal.press("\u001b[200~what is in hello.txt\ny\u001b[201~");
    await wait(300);
    terminal.press(ENTER);
    await terminal.see(/This is what `hello\.txt` says[^]*did not understand “y”[^]*offline > $/);
  });

  await t.test("what goes wrong in one message does not end the chat; stop and resume are at hand", async () => {
    terminal.say("/stop");
    await terminal.see(/until \/resume/);
    terminal.say("list the files here");
    await terminal.see(/everything is stopped/);
    terminal.say("/resume");
    await terminal.see(/resumed/);
    terminal.say("list the files here");
    await terminal.see(/only\.txt[^]*offline > $/);
  });

  await t.test("R-IR-1: a stop from elsewhere is told at once, and one that was typed here only once", async () => {
    assert.equal(await openPipe(place, ["stop", "a drill"]).ended, 0);
    await terminal.see(/STOPPED: nothing is done until you type \/resume/);
    assert.equal(await openPipe(place, ["resume"]).ended, 0);
    await terminal.see(/resumed: requests are taken again/);
    terminal.say("/stop");
    await terminal.see(/until \/resume/);
    terminal.say("/resume");
    assert.doesNotMatch(await terminal.see(/resumed[^]*offline > $/), /STOPPED/);
  });

  await t.test(
    "what another turn asks meanwhile is shown between what is typed, and answered from another terminal",
    async () => {
      const token = readFileSync(join(place.state, "cli-token"), "utf8").trim();
      const asking = fetch(`http://127.0.0.1:${place.port}/api/chat`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ text: "run perl -e 'open F, q(>elsewhere)'" }),
      });
      const shown = await terminal.see(/vambrace approvals yes (apr_\w+)`[^]*offline > $/);
      assert.match(shown, /command +│ perl/);
      const id = /apr_\w+/.exec(shown)?.[0] ?? "";
      assert.equal(await openPipe(place, ["approvals", "no", id]).ended, 0);
      assert.match(JSON.stringify(await (await asking).json()), /owner said no/);
      assert.equal(existsSync(inWorkspace("elsewhere")), false);
    },
  );

  await t.test("a second start says that one runs, and disturbs nothing", async () => {
    const second = openPipe(place, ["start"]);
    await second.see(/a gateway runs already on this state folder/);
    assert.equal(await second.ended, 1);
    terminal.say("what is in hello.txt");
    await terminal.see(/This is what `hello\.txt` says[^]*offline > $/);
  });

  await t.test("leaving ends the gateway and everything that it started", async () => {
    const processes = processesOf(place);
    assert.ok(processes.length >= 4, "the gateway and its three helpers");
    terminal.say("/quit");
    await terminal.see(/the gateway has ended/);
    assert.equal(await terminal.ended, 0);
    assert.deepEqual(await stillThere(processes), []);
  });
});

test("R-GATE-2: without a terminal the one-time login is in a file of mode 600 only, and SIGTERM leaves no process", {
  skip,
}, async (t) => {
  const place = await makePlace(t);
  const file = join(place.state, "login.txt");
  const gateway = openPipe(place, ["start", "--chat", "--port", String(place.port)]);
  const said = await gateway.see(/login\.txt/);
  assert.match(said, new RegExp(`listens on http://127\\.0\\.0\\.1:${place.port}`));
  assert.doesNotMatch(said, /#login=/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, "utf8"), /^http:\/\/127\.0\.0\.1:\d+\/#login=[0-9a-z]{20,}\n$/);

  await t.test("`login` makes another: in the file where there is no terminal, else on it", async () => {
    const before = readFileSync(file, "utf8");
    const piped = openPipe(place, ["login"]);
    assert.equal(await piped.ended, 0);
    assert.doesNotMatch(await piped.see(/login\.txt/), /#login=/);
    assert.notEqual(readFileSync(file, "utf8"), before);
    const terminal = openTerminal(place, ["login"]);
    await terminal.see(/#login=[0-9a-z]{20,}/);
    assert.equal(await terminal.ended, 0);
  });

  await t.test("R-IR-1: `stop` reaches a gateway that HTTP does not, and it stays stopped", async () => {
    const token = join(place.state, "cli-token");
    const kept = readFileSync(token, "utf8");
    writeFileSync(token, "vmb_wrong\n");
    const stop = openPipe(place, ["stop"]);
    assert.equal(await stop.ended, 0);
    await stop.see(/by a signal[^]*stopped: nothing runs/);
    writeFileSync(token, kept);
    const ask = openPipe(place, ["ask", "list the files here"]);
    await ask.see(/everything is stopped/);
    assert.equal(await ask.ended, 1);
    assert.equal(await openPipe(place, ["resume"]).ended, 0);
    assert.equal(await openPipe(place, ["ask", "list the files here"]).ended, 0);
  });

  const processes = processesOf(place);
  assert.ok(processes.length >= 4);
  gateway.kill("SIGTERM");
  assert.equal(await gateway.ended, 0);
  assert.deepEqual(await stillThere(processes), []);
  assert.equal(existsSync(file), false, "the login goes with the gateway");

  await t.test("R-IR-1: where none runs, `stop` says so, and is kept for the next one", async () => {
    const stop = openPipe(place, ["stop"]);
    await stop.see(/no gateway is running; the next one starts stopped/);
    assert.equal(await stop.ended, 0);
    assert.equal(readPending(place.state).length, 1);
  });
});

function running(command: string): boolean {
  return spawnSync("pgrep", ["-xf", command]).status === 0;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
    if (isSo()) return;
    await wait(50);
  }
  assert.fail("it did not come about");
}
