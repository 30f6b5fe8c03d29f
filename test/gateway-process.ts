/**
 * The real gateway as a process, with a scripted model in place of a provider:
 * `mark K` makes a file whose name begins with K, and a random rest, so that an
 * effect that happens twice leaves two.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { environmentOf } from "../src/app/config/environment.ts";
import { MAIN_AGENT } from "../src/app/config/settings.ts";
import { serve } from "../src/app/serve.ts";
import type { Model, ModelRequest } from "../src/core/ports/model.ts";
import { eventsOf, type ScriptStep } from "../src/edges/models/scripted.ts";

function stepFor(request: ModelRequest): ScriptStep {
  const begun = request.messages.findLastIndex((message) => message.role === "user");
  const results = request.messages.slice(begun + 1).filter((message) => message.role === "tool");
  const [, how = "", key = "none"] = /^(write|run) (\S+)/.exec(request.messages[begun]?.text ?? "") ?? [];
  const last = results.at(-1);
  if (last !== undefined) return { text: `${key}: ${last.text.slice(0, 200)}` };
  const path = `marks-${key}-${randomBytes(6).toString("hex")}`;
  if (how === "run") return { calls: [{ tool: "exec", arguments: { command: `echo ${key} > ${path}` } }] };
  return { calls: [{ tool: "write", arguments: { path, content: `${key}\n` } }] };
}

const model: Model = {
  identity: { provider: "scripted", model: "marker-1", remote: false },
  async *stream(request, signal) {
    // A little slow, as a model is: so that a kill may come in the middle of an answer too.
    await wait(Math.random() * 20, undefined, { signal });
    yield* eventsOf(stepFor(request), request);
  },
};

const why = "a scripted model that makes marks";
const served = await serve({
  env: environmentOf(process.env),
  port: 0,
  models: new Map([[MAIN_AGENT, { model, local: model, contextTokens: 100_000, why }]]),
});
process.once("SIGTERM", () => {
  served.close().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
