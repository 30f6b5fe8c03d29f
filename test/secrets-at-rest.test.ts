/**
 * Where a secret could come to lie, byte by byte: all that a gateway leaves in
 * its state folder after secrets came in by every way and went through
 * everything.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import { filesBelow } from "./folder.ts";
import { answering, callerOf, say, startKit } from "./gateway-kit.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
/** One for each way, so that the report says which one leaked. */
const secret = (way: string): string => `ghp_${way}q8Rk2vLz91xWm4Tn7Bc3Yd5FaHsJ2kLpQw`.slice(0, 40);
const WAYS = {
  message: secret("Ms"),
  result: secret("Rs"),
  argument: secret("Ar"),
  reply: secret("Rp"),
  memory: secret("Me"),
  command: secret("Co"),
  output: secret("Ou"),
  unknown: secret("Un"),
};

function leaksIn(folder: string): readonly string[] {
  return [...filesBelow(folder)].flatMap(([file, bytes]) =>
    Object.entries(WAYS)
      .filter(([, value]) => bytes.includes(value))
      .map(([way]) => `${way} in ${file.slice(folder.length)}`),
  );
}

test("R-DLP-2 R-AGENT-7: no secret lies in clear in transcripts, memory, ledger or logs once its request is done; what was said does", {
  skip,
  timeout: 120_000,
}, async () => {
  const kit = await startKit((place) => {
    writeFileSync(join(place.workspace, "in.txt"), `key ${WAYS.result}\n`);
    return { agents: { defaults: { workspace: place.workspace } } };
  });
  const over = new AbortController();
  try {
    answering(kit, "yes", over.signal, callerOf());
    kit.plays.set("all", [
      { calls: [{ tool: "read", arguments: { path: "in.txt" } }] },
      { calls: [{ tool: "write", arguments: { path: "out.txt", content: `a ${WAYS.argument}\n` } }] },
      { calls: [{ tool: "remember", arguments: { text: `the door's word, ${WAYS.memory}` } }] },
      { calls: [{ tool: "exec", arguments: { command: `ls nowhere-${WAYS.command}` } }] },
      { calls: [{ tool: "exec", arguments: { command: "cat in.txt out.txt" } }] },
      { calls: [{ tool: "nothing-like-it", arguments: { of: WAYS.unknown } }] },
      { text: `there you are: ${WAYS.reply}` },
    ]);
    const { events } = await say(kit, `play all with the quince and ${WAYS.message}`);
    const shown = JSON.stringify(events.filter(({ type }) => type !== "turn.started"));
    for (const [way, value] of Object.entries(WAYS)) assert.ok(!shown.includes(value), `an event shows ${way}`);
    // The model was given what the person handed over, in this request.
    assert.ok(JSON.stringify(kit.requests).includes(WAYS.message));
    const before = kit.requests.length;
    await say(kit, "play nothing");
    const later = JSON.stringify(kit.requests.slice(before));
    assert.ok(later.includes("the quince and [redacted: github-token]") && !later.includes(WAYS.message));
    // Its own files keep their bytes: they are the person's.
    assert.match(readFileSync(join(kit.place.workspace, "out.txt"), "utf8"), new RegExp(WAYS.argument));
    await kit.served().close();
    assert.ok(filesBelow(kit.place.state).size > 5);
    assert.deepEqual(leaksIn(kit.place.state), []);
    const kept = readFileSync(join(kit.place.state, "store/vambrace.db")).toString("latin1");
    for (const word of ["the quince", "the door's word, [redacted: github-token]", "there you are: "])
      assert.ok(kept.includes(word), word);
    const memory = readFileSync(join(kit.place.state, "memory/main/MEMORY.md"), "utf8");
    assert.match(memory, /trust full, private, for owner; from .*\n\n> the door's word, \[redacted: github-token\]\n/);
  } finally {
    over.abort();
    await kit.close();
  }
});

test("R-DLP-2: a message that came before is known again, though its secret was taken out since; another is refused", {
  skip,
  timeout: 60_000,
}, async () => {
  const kit = await startKit();
  try {
    const again = (text: string) =>
      kit
        .served()
        .wired.gateway.chat(callerOf(), { messageId: "same", text }, () => undefined, new AbortController().signal);
    const first = await again(`play it, ${WAYS.message}`);
    const second = await again(`play it, ${WAYS.message}`);
    assert.deepEqual([second.turn, second.text], [first.turn, first.text]);
    await assert.rejects(again(`play it, otherwise`), { code: "MESSAGE_CONFLICT" });
  } finally {
    await kit.close();
  }
});
