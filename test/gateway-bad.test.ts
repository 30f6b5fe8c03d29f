/**
 * Bad input and bad days, for a gateway that runs: what it says, what it does
 * not do, and that it is well again afterwards.
 *
 * @module
 */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import type { JsonObject } from "../src/core/json.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import {
  CLI,
  call,
  checkLedger,
  helpersOf,
  makePlace,
  type Place,
  recordsOf,
  startProcess,
  tokenOf,
} from "./campaign.ts";
import { get, type Kit, post, say, startKit } from "./gateway-kit.ts";
import { fakeProvider, hang, sse, status } from "./models-server.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
const timeout = 90_000;

async function until(holds: () => Promise<boolean> | boolean, ms = 30_000): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await wait(20)) if (await holds()) return;
  assert.fail("it did not come to pass");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A command of ours to its end. */
async function run(
  place: Place,
  args: readonly string[],
): Promise<{ readonly status: number | null; readonly said: string }> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", CLI, ...args], {
    env: place.env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (piece: string) => (said += piece));
  return { status: await new Promise((resolve) => child.once("close", resolve)), said };
}

test("R-GATE-1: a malformed configuration starts nothing and says which line and key", { skip, timeout }, async () => {
  const place = makePlace();
  try {
    const cases: readonly (readonly [string, readonly RegExp[]])[] = [
      ["gateway:\n  prot: 1234\n", [/prot/, /port/, /line 2|:2/]],
      ["gateway: [\n", [/line \d|:\d/]],
      ["tools:\n  exec:\n    security: allow\n", [/tools\.exec\.security|security/, /full/]],
    ];
    for (const [text, says] of cases) {
      writeFileSync(join(place.state, "config.yaml"), text, { mode: 0o600 });
      const { status: exit, said } = await run(place, ["start", "--port", String(await freePort())]);
      assert.notEqual(exit, 0);
      for (const word of says) assert.match(said, word);
      assert.match(said, /hint: /);
      assert.ok(!existsSync(join(place.state, "running.json")));
    }
  } finally {
    place.remove();
  }
});

test("R-GATE-2: a second gateway on the same state folder is refused, and the first goes on unharmed; a provider that babbles or hangs is a clear end", {
  skip,
  timeout,
}, async () => {
  const chunk = (delta: JsonObject, finish: string | null = null): JsonObject => ({
    id: "c",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const good = sse(chunk({ role: "assistant", content: "all is well" }), chunk({}, "stop"), "[DONE]");
  let turn = 0;
  const replies = [
    sse("this is no JSON {{{", "\u0000\u0001", "[DONE]"),
    status(200, { choices: "none" }),
    sse(
      chunk({
        role: "assistant",
        tool_calls: [{ index: 0, id: "x", type: "function", function: { name: "write", arguments: '{"path": "half' } }],
      }),
      chunk({}, "tool_calls"),
      "[DONE]",
    ),
    hang(chunk({ role: "assistant", content: "I am thinking" })),
    good,
  ];
  await using provider = await fakeProvider((response, seen) => replies[turn]?.(response, seen));
  const place = makePlace((where) => ({
    agents: {
      defaults: {
        workspace: where.workspace,
        model: { primary: "local/m" },
        budgets: { turn: { seconds: 3, modelRequests: 4 } },
      },
    },
    models: { providers: { local: { type: "openai-compatible", baseURL: `${provider.origin}/v1` } } },
  }));
  const gateway = await startProcess(place, [CLI, "start", "--port", String(await freePort())]);
  const chat = (id: string) => call(gateway.url, tokenOf(place), "/api/chat", { text: "how are you?", messageId: id });
  try {
    for (turn = 0; turn < replies.length - 1; turn++) {
      const { status: code, body } = await chat(`bad-${turn}`);
      assert.equal(code, 200);
      assert.notEqual(body["stop"], "done", JSON.stringify(body));
      assert.match(body["text"] as string, /\S/, "how it ended is said");
      const again = await chat(`bad-${turn}`);
      assert.equal(again.body["text"], body["text"], "and said again");
    }
    const helpers = [...helpersOf(gateway.pid).values()];
    const second = await run(place, ["start", "--port", String(await freePort())]);
    assert.notEqual(second.status, 0);
    assert.match(second.said, /a gateway runs already[\s\S]*hint: /);
    assert.deepEqual([...helpersOf(gateway.pid).values()], helpers);
    const { body } = await chat("good");
    assert.deepEqual([body["stop"], body["text"]], ["done", "all is well"]);
    const did = await call(gateway.url, tokenOf(place), "/api/execute", {
      tool: "exec",
      arguments: { command: "echo still here > still.txt" },
    });
    assert.equal(did.body["ok"], true, JSON.stringify(did.body));
    assert.equal((await call(gateway.url, "", "/readyz")).status, 200);
    const third = await run(place, ["status"]);
    assert.equal(third.status, 0, third.said);
  } finally {
    await gateway.stop();
    place.remove();
  }
});

async function ready(kit: Kit): Promise<number> {
  return (await get(kit, "/readyz", "")).status;
}

test("R-LOG-2: while the ledger writer is gone or hangs nothing is done, /readyz is 503, and then all goes on", {
  skip,
  timeout,
}, async () => {
  const kit = await startKit();
  const writer = (): number => helpersOf(process.pid).get("writer") ?? 0;
  kit.plays.set("mark", [{ calls: [{ tool: "write", arguments: { path: "mark.txt", content: "x" } }] }]);
  const marks = (): readonly string[] => readdirSync(kit.place.workspace);
  try {
    await until(async () => (await ready(kit)) === 200);
    // Each loss is followed by a longer pause: the last one is long enough to look around in.
    for (let losses = 0; losses < 4; losses++) {
      const pid = writer();
      process.kill(pid, "SIGKILL");
      await until(() => writer() !== pid);
      if (losses < 3) await until(() => writer() !== 0);
    }
    assert.equal(await ready(kit), 503);
    const body = { text: "play mark", messageId: "while-away" };
    const refused = await post(kit, "/api/chat", body);
    assert.ok(refused.status >= 500 || refused.body["stop"] !== "done", JSON.stringify(refused.body));
    assert.match(JSON.stringify(refused.body), /LEDGER_UNAVAILABLE|TURN_WAITING|ledger/);
    const direct = await post(kit, "/api/execute", { tool: "write", arguments: { path: "mark2.txt", content: "x" } });
    assert.notEqual(direct.body["ok"], true);
    assert.deepEqual(marks(), []);
    await until(async () => (await ready(kit)) === 200);
    // The same message once more: it was kept, and runs once.
    await until(async () => (await post(kit, "/api/chat", body)).body["stop"] === "done");
    assert.deepEqual(marks(), ["mark.txt"]);
    process.kill(writer(), "SIGSTOP");
    kit.plays.set("mark3", [{ calls: [{ tool: "write", arguments: { path: "mark3.txt", content: "x" } }] }]);
    const waiting = say(kit, "play mark3");
    assert.equal(await ready(kit), 503, "a writer that does not answer is not ready");
    assert.deepEqual(marks(), ["mark.txt"]);
    process.kill(writer(), "SIGCONT");
    assert.equal((await waiting).outcome.stop, "done");
    assert.deepEqual(marks(), ["mark.txt", "mark3.txt"]);
    const checked = checkLedger(await recordsOf(kit.place.state));
    assert.deepEqual([checked.problems, checked.open], [[], []]);
  } finally {
    process.kill(writer(), "SIGCONT");
    await kit.close();
  }
});

/** A small disk of one's own under the state folder; undefined where that cannot be had. */
function smallDisk(state: string): boolean {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m,mode=700", "tmpfs", state], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function fill(folder: string): string {
  const path = join(folder, "filler");
  const { bavail, bsize } = statfsSync(folder);
  writeFileSync(path, Buffer.alloc(bavail * bsize - 4096));
  for (let i = 0; ; i++) {
    try {
      writeFileSync(`${path}-${i}`, Buffer.alloc(4096));
    } catch {
      return path;
    }
  }
}

function empty(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith("filler")) rmSync(join(folder, name));
}

test("R-LOG-2: on a full disk nothing is done, /readyz is 503, and with space all goes on", {
  skip,
  timeout,
}, async (t: TestContext) => {
  let isMounted = false;
  const kit = await startKit((place) => {
    isMounted = smallDisk(place.state);
    return { agents: { defaults: { workspace: place.workspace } } };
  });
  const { state, workspace } = kit.place;
  try {
    if (!isMounted) return t.skip("a small disk cannot be mounted here");
    kit.plays.set("mark", [{ calls: [{ tool: "write", arguments: { path: "mark.txt", content: "x" } }] }]);
    assert.equal((await say(kit, "hello")).outcome.stop, "done");
    await until(async () => (await ready(kit)) === 200);
    fill(state);
    const body = { text: "play mark", messageId: "on-a-full-disk" };
    let refused = await post(kit, "/api/chat", body);
    // The ledger and the store may have room that they took earlier: let them use it up.
    for (let i = 0; i < 400 && refused.status === 200; i++) {
      refused = await post(kit, "/api/chat", { text: `x${"y".repeat(20_000)}`, messageId: `filling-${i}` });
    }
    assert.notEqual(refused.status, 200, "the disk was never full");
    assert.match(JSON.stringify(refused.body), /hint/);
    await until(async () => (await ready(kit)) === 503);
    const direct = await post(kit, "/api/execute", { tool: "write", arguments: { path: "full.txt", content: "x" } });
    assert.notEqual(direct.body["ok"], true);
    assert.ok(!existsSync(join(workspace, "full.txt")));
    assert.equal((await get(kit, "/healthz", "")).status, 200, "the process stays up");
    empty(state);
    await until(async () => (await ready(kit)) === 200, 60_000);
    await until(
      async () => (await post(kit, "/api/chat", { text: "play mark", messageId: "after" })).body["stop"] === "done",
    );
    assert.ok(existsSync(join(workspace, "mark.txt")));
    const checked = checkLedger(await recordsOf(state));
    assert.deepEqual([checked.problems, checked.open], [[], []]);
  } finally {
    await kit.served().close();
    if (isMounted) {
      const report = await verifyLedger(join(state, "ledger"));
      execFileSync("umount", ["-l", state]);
      assert.equal(report.consistent, true, report.problem);
    }
    kit.place.remove();
  }
});

test("bad input: huge, deep and garbled requests are refused, and the next honest one is answered", {
  skip,
  timeout,
}, async () => {
  const kit = await startKit();
  const { url } = kit.served();
  try {
    const headers = { authorization: `Bearer ${kit.token()}`, "content-type": "application/json" };
    const huge = await fetch(new URL("/api/chat", url), {
      method: "POST",
      headers,
      body: `{"text":"${"x".repeat(100 * 1024 * 1024)}"}`,
    }).then(
      (answer) => answer.status,
      () => "cut off",
    );
    assert.ok(huge === 413 || huge === "cut off", String(huge));
    const deep = `{"tool":"write","arguments":{"path":"deep.txt","content":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`;
    const nested = await fetch(new URL("/api/execute", url), { method: "POST", headers, body: deep });
    assert.ok(nested.status >= 400 && nested.status < 500, String(nested.status));
    for (const [tool, args] of [
      ["write", { path: 7, content: null }],
      ["write", { path: "a", content: "b", mode: "x" }],
      ["exec", { command: ["ls"] }],
      ["__proto__", {}],
      ["exec", { command: "ls", timeout_s: -1 }],
    ] as const) {
      const wrong = await post(kit, "/api/execute", { tool, arguments: args as JsonObject });
      assert.ok(wrong.status >= 400 && wrong.status < 500, `${tool}: ${wrong.status}`);
    }
    await garbleSocket(kit);
    assert.deepEqual(readdirSync(kit.place.workspace), []);
    assert.equal((await say(kit, "hello")).outcome.stop, "done");
    assert.equal((await get(kit, "/api/me")).status, 200);
  } finally {
    await kit.close();
  }
});

/** Random bytes where frames should be, on a WebSocket that was opened with a good token. */
async function garbleSocket(kit: Kit): Promise<void> {
  const { port } = new URL(kit.served().url);
  const socket = connect(Number(port), "127.0.0.1");
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  socket.on("error", () => undefined);
  const upgrade = [
    "GET /ws HTTP/1.1",
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${kit.token()}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "",
    "",
  ];
  socket.write(upgrade.join("\r\n"));
  await new Promise((resolve) => socket.once("data", resolve));
  for (let i = 0; i < 50; i++) socket.write(Buffer.from(Array.from({ length: 97 }, (_, k) => (i * 31 + k * 17) & 255)));
  await closed;
}
