import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { parseAgentId, parseId } from "../src/core/ids.ts";
import type { Store } from "../src/core/ports/store.ts";
import { callOf, clean, clock, key, newSession, turnOf } from "../src/edges/store/fixture.ts";
import { openStore } from "../src/edges/store/open.ts";

const ROUNDS = 15;

/** Writes through the store without end, and says each row once its write resolved. */
const WRITER = `
  import { openStore } from ${JSON.stringify(join(import.meta.dirname, "../src/edges/store/open.ts"))};
  import * as make from ${JSON.stringify(join(import.meta.dirname, "../src/edges/store/fixture.ts"))};
  const store = await openStore({ dir: process.argv[1], clock: make.clock, clean: make.clean });
  const session = await store.sessions.open(make.key, make.newSession(), 1);
  const say = (kind, id) => process.stdout.write(kind + " " + id + "\\n");
  for (;;) {
    const { turn } = await store.sessions.receive(make.turnOf(session.id, "x".repeat(2000)));
    say("turn", turn.id);
    const call = make.callOf(turn.id);
    await store.sessions.prepareCall(call);
    say("call", call.id);
    const memory = make.memoryOf("word " + turn.id);
    await store.memory.add(memory);
    say("memory", memory.id);
    await store.sessions.endCall(call.id, "done", "ok");
    await store.sessions.finish(turn.id, "done", "bye");
    say("finished", turn.id);
  }`;

async function killedAfter(child: ChildProcess, acknowledgements: number): Promise<Map<string, Set<string>>> {
  const said = new Map<string, Set<string>>();
  assert.ok(child.stdout !== null);
  let count = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [kind = "", id = ""] = line.split(" ");
    said.set(kind, (said.get(kind) ?? new Set()).add(id));
    count += 1;
    if (count === acknowledgements) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return said;
}

type Said = ReadonlyMap<string, ReadonlySet<string>>;
const ids = (said: Said, kind: string) => [...(said.get(kind) ?? [])];

/** @returns how many turns were looked at. */
async function checkTurns(store: Store, said: Said): Promise<number> {
  for (const id of ids(said, "turn")) {
    const turn = await store.sessions.turn(parseId("trn", id));
    assert.ok(turn, `turn ${id} was lost`);
    const calls = await store.sessions.calls(turn.id);
    // Each turn of the writer has one call; a finished one has it ended.
    assert.ok(calls.length <= 1);
    if (turn.state === "finished") assert.equal(calls[0]?.state, "done");
    else assert.ok(said.get("finished")?.has(id) !== true, `turn ${id} was finished and is not`);
  }
  return ids(said, "turn").length;
}

async function checkRest(store: Store, said: Said): Promise<void> {
  const memories = new Set((await store.memory.list(parseAgentId("main"))).map((row) => String(row.id)));
  for (const id of ids(said, "memory")) assert.ok(memories.has(id), `memory ${id} was lost`);
  const session = await store.sessions.open(key, newSession(), 1);
  const { turn } = await store.sessions.receive(turnOf(session.id));
  for (const id of ids(said, "call")) {
    const again = { ...callOf(turn.id), id: parseId("call", id) };
    await assert.rejects(store.sessions.prepareCall(again), { code: "CALL_REPEATED" });
  }
}

test(`R-LOG-2: kill -9 at ${ROUNDS} moments loses no row that was acknowledged and leaves none half`, async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "vambrace-crash-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  let checked = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const child = spawn(process.execPath, ["--input-type=module", "-e", WRITER, dir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said = await killedAfter(child, 3 + ((round * 37) % 120));
    const store = await openStore({ dir, clock, clean });
    try {
      checked += await checkTurns(store, said);
      await checkRest(store, said);
    } finally {
      await store.close();
    }
  }
  assert.ok(checked > ROUNDS, `only ${checked} turns were checked`);
});
