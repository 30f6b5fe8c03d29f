/**
 * A model that is known to follow injected orders, given dangerous tools: what
 * a person is told of it, by the doctor, at the start, and while it runs.
 *
 * @module
 */
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { answers, type Home, makeHome } from "./cli-kit.ts";

const WEAK = 'agents: {defaults: {model: {primary: "ollama/llama3.2:3b"}}}\n';
const STRONG = 'agents: {defaults: {model: {primary: "ollama/llama3.3:70b"}}}\n';
const HARMLESS = `${WEAK}tools: {profile: minimal}\n`;
const FALLBACK = 'agents: {defaults: {model: {primary: "ollama/llama3.3:70b", fallbacks: ["ollama/llama3.2:3b"]}}}\n';

async function doctorSays(home: Home, config: string): Promise<string | undefined> {
  home.file(".vambrace/config.yaml", config);
  const lines = answers(await home.run(["doctor", "--json"]))[0]?.lines ?? [];
  assert.ok(lines.some(({ id }) => id === "model"));
  return lines.find(({ id }) => id === "weak model")?.says;
}

test("R-AGENT-5: the doctor warns where a weak model has dangerous tools, also one to fall back on, and nowhere else", async (t) => {
  const home = makeHome(t);
  assert.match((await doctorSays(home, WEAK)) ?? "", /llama3\.2:3b: .*; it has .*exec/);
  assert.match((await doctorSays(home, FALLBACK)) ?? "", /llama3\.2:3b: /);
  assert.equal(await doctorSays(home, HARMLESS), undefined);
});

test("R-AGENT-5: it is said at the start and in the status, and not where the model is a strong one", {
  timeout: 120_000,
}, async (t) => {
  for (const [config, says] of [
    [WEAK, true],
    [STRONG, false],
  ] as const) {
    const home = makeHome(t);
    home.file(".vambrace/config.yaml", config);
    const child = home.start(["start", "--port", String(await freePort())]);
    const ended = new Promise((resolve) => child.once("close", resolve));
    let said = "";
    try {
      for await (const chunk of child.stderr ?? []) {
        said += String(chunk);
        if (said.includes("login.txt")) break;
      }
      assert.equal(/weak model agent main: llama3\.2:3b/.test(said), says, said);
      const { out } = await home.run(["status", "--json"]);
      const { weakModels }: { readonly weakModels?: readonly string[] } = JSON.parse(out);
      assert.equal(weakModels?.length, says ? 1 : 0);
      assert.equal(/weak model .*llama3\.2:3b/.test((await home.run(["status"])).out), says);
    } finally {
      child.kill("SIGTERM");
      await ended;
    }
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
