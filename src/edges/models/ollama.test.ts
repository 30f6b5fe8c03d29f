import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeClock } from "../../core/testing.ts";
import { probeOllama } from "./ollama.ts";

const ORIGIN = "http://127.0.0.1:11434";

function answering(answer: () => Promise<Response>): Parameters<typeof probeOllama>[1] {
  return { fetchFor: () => answer, clock: fakeClock() };
}

test("R-AGENT-3: an Ollama that answers names its models", async () => {
  const models = await probeOllama(
    ORIGIN,
    answering(async () => Response.json({ models: [{ name: "qwen3:8b" }, { x: 1 }] })),
  );
  assert.deepEqual(models, ["qwen3:8b"]);
});

test("R-AGENT-3: nothing there, something else there, or one that hangs is no Ollama", async () => {
  for (const answer of [
    () => Promise.reject(new Error("refused")),
    async () => new Response("<html>"),
    async () => Response.json({}),
    async () => new Response("", { status: 500 }),
  ]) {
    assert.equal(await probeOllama(ORIGIN, answering(answer)), undefined);
  }
  const clock = fakeClock();
  const hanging = probeOllama(ORIGIN, { fetchFor: () => () => new Promise(() => {}), clock });
  clock.advance(500);
  assert.equal(await hanging, undefined);
});
