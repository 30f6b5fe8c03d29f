/**
 * Published advisories about agents of this kind, those about the doors:
 * requests that nobody signed, other sites, what a person is shown before he
 * says yes, and secrets in what is said.
 *
 * @module
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parseHTML } from "linkedom";
import { WebSocket } from "ws";
import { environmentOf } from "../src/app/config/environment.ts";
import type { Question } from "../src/core/approval.ts";
import { drawQuestion } from "../src/cli/question.ts";
import { questionView } from "../src/wire/events.ts";
import { refusalOf } from "./advisories-kit.ts";
import { recordsOf } from "./campaign.ts";
import { answering, callerOf, get, type Kit, makeToken, post, say, startKit } from "./gateway-kit.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
let kit: Kit;
before(async () => {
  if (skip === false) kit = await startKit();
});
after(() => kit?.close());

/** What is in the way of saying that nothing happened. */
async function nothingHappened(since: number): Promise<void> {
  assert.deepEqual(readdirSync(kit.place.workspace), []);
  const later = (await recordsOf(kit.place.state)).slice(since);
  assert.deepEqual(
    later.filter((one) => ["message", "turn", "call", "prepared", "outcome"].includes(one.kind)),
    [],
  );
}
const size = async (): Promise<number> => (await recordsOf(kit.place.state)).length;

/** Deliveries as chat services send them, to the places where gateways of this kind take them. */
async function deliver(headers: Readonly<Record<string, string>>): Promise<readonly number[]> {
  const update = JSON.stringify({
    update_id: 1,
    message: { from: { id: 1 }, chat: { id: 1 }, text: "play attack" },
    data: { event_type: "call.hangup", payload: {} },
  });
  const statuses: number[] = [];
  for (const path of [
    "webhook",
    "webhooks/telegram",
    "telegram-webhook",
    "voice/webhook",
    "bluebubbles-webhook",
    "hooks/agent",
    "api/webhook",
  ]) {
    for (const credential of ["", "?password=", "?token=x", "?secret=undefined"]) {
      const answer = await fetch(new URL(`/${path}${credential}`, kit.served().url), {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: update,
      });
      await answer.body?.cancel();
      statuses.push(answer.status);
    }
  }
  return statuses;
}

test("R-GATE-2: CVE-2026-26319: a delivery that nobody signed begins nothing, whether a key is configured or not", {
  skip,
}, async () => {
  const since = await size();
  for (const headers of [
    {},
    { "telnyx-signature-ed25519": "AAAA", "telnyx-timestamp": String(Math.floor(Date.now() / 1000)) },
    { "telnyx-signature-ed25519": "" },
  ])
    for (const one of await deliver(headers)) assert.ok(one === 401 || one === 404, String(one));
  await nothingHappened(since);
  assert.match(refusalOf("channels: { voice: { telnyx: { publicKey: '' } } }\n") ?? "taken", /^CONFIG_/);
  assert.equal((await say(kit, "hello")).outcome.stop, "done", "who has a token is answered");
});

test("R-GATE-2: CVE-2026-26316: coming from this machine is no credential, and neither is saying so", {
  skip,
}, async () => {
  const since = await size();
  const url = kit.served().url;
  for (const headers of [
    {},
    { "x-forwarded-for": "127.0.0.1" },
    { "x-real-ip": "::1" },
    { forwarded: "for=127.0.0.1" },
    { "x-forwarded-for": "::ffff:127.0.0.1" },
  ]) {
    for (const one of await deliver(headers)) assert.ok(one === 401 || one === 404, String(one));
    for (const path of ["/api/chat", "/api/execute", "/api/stop", "/api/tokens"]) {
      const answer = await fetch(new URL(path, url), {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify({ text: "x", tool: "list", arguments: {} }),
      });
      assert.equal(answer.status, 401, path);
      await answer.body?.cancel();
    }
  }
  await nothingHappened(since);
  assert.equal((await get(kit, "/api/me")).status, 200);
});

test("R-GATE-2: CVE-2026-25474: an outside channel without its secret is no configuration, and its updates reach nobody", {
  skip,
}, async () => {
  for (const telegram of [
    "webhookUrl: 'https://me.example/hook'",
    "webhookUrl: 'https://me.example/hook', webhookSecret: ''",
    "mode: webhook",
  ])
    assert.match(refusalOf(`channels: { telegram: { ${telegram} } }\n`) ?? "taken", /^CONFIG_/, telegram);
  const since = await size();
  for (const headers of [
    {},
    { "x-telegram-bot-api-secret-token": "" },
    { "x-telegram-bot-api-secret-token": "undefined" },
  ])
    for (const one of await deliver(headers)) assert.ok(one === 401 || one === 404, String(one));
  await nothingHappened(since);
});

test("R-GATE-3: CVE-2026-26317 (GHSA-3fqr-4cg8-h96q): what a page of another site sends changes nothing, even with a good token or cookie", {
  skip,
}, async () => {
  const { url } = kit.served();
  const since = await size();
  const token = kit.token();
  const foreign = [
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: "http://localhost.evil.example:18888" },
    { origin: url.replace("http:", "https:") },
    { origin: `${url}.evil.example` },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" },
  ];
  for (const headers of foreign) {
    for (const [path, body] of [
      ["/api/execute", { tool: "write", arguments: { path: "x", content: "x" } }],
      ["/api/chat", { text: "play attack" }],
      ["/api/stop", {}],
      ["/api/tokens", { name: "mine", permissions: ["chat"] }],
    ] as const) {
      for (const type of ["application/json", "text/plain", "application/x-www-form-urlencoded"]) {
        const answer = await fetch(new URL(path, url), {
          method: "POST",
          headers: { authorization: `Bearer ${token}`, "content-type": type, ...(headers as Record<string, string>) },
          body: JSON.stringify(body),
        });
        assert.equal(answer.status, 403, `${path} ${JSON.stringify(headers)} ${type}`);
        assert.equal(answer.headers.get("access-control-allow-origin"), null);
        await answer.body?.cancel();
      }
    }
  }
  await nothingHappened(since);
  const own = await fetch(new URL("/api/execute", url), {
    method: "POST",
    headers: {
      authorization: `Bearer ${token}`,
      "content-type": "application/json",
      origin: new URL(url).origin,
      "sec-fetch-site": "same-origin",
    },
    body: JSON.stringify({ tool: "list", arguments: {} }),
  });
  assert.equal(own.status, 200);
});

test("R-GATE-2: CVE-2026-25593 (GHSA-g55j-c2v4-pjcg): nobody without a credential writes configuration over the WebSocket, and nobody with one does either", {
  skip,
}, async () => {
  const file = join(kit.place.state, "config.yaml");
  const was = readFileSync(file, "utf8");
  const apply = {
    v: 1,
    type: "config.apply",
    id: "1",
    config: { tools: { exec: { security: "full" } } },
    cliPath: "/tmp/x",
  };
  for (const headers of [{}, { authorization: `Bearer ${kit.token()}` }]) {
    const socket = new WebSocket(`${kit.served().url.replace("http", "ws")}/ws`, { headers });
    const code = await new Promise<number>((resolve, reject) => {
      socket.on("open", () => socket.send(JSON.stringify(apply)));
      socket.on("close", resolve);
      socket.on("error", reject);
    });
    assert.equal(code, 1008);
  }
  for (const path of ["/api/config", "/api/config.apply", "/api/patch"])
    assert.equal((await post(kit, path, apply)).status, 404, path);
  for (const tool of ["config.apply", "gateway", "configure"])
    assert.notEqual((await post(kit, "/api/execute", { tool, arguments: { cliPath: "/tmp/x" } })).body["ok"], true);
  assert.equal(readFileSync(file, "utf8"), was);
});

test("R-EXEC-1: CVE-2026-26320 (GHSA-7q2j-c4q5-rm27): a person is shown the whole of what he says yes to, on the wire, the terminal and the page", {
  skip,
}, async () => {
  const { drawQuestion: drawOnPage } = await import(new URL("../web/question.js", import.meta.url).href);
  const io = {
    out: () => undefined,
    err: () => undefined,
    write: () => undefined,
    stdin: process.stdin,
    isTerminal: false,
    env: environmentOf({ HOME: "/" }),
    signal: new AbortController().signal,
  };
  for (const padding of [
    " ".repeat(4_000),
    "\n".repeat(300),
    "\u200b".repeat(4_000),
    `'${"x".repeat(20_000)}'`,
    "\r",
    "\u001b[2K\u001b[1A",
  ]) {
    const command = `echo harmless ${padding}; rm -rf important`;
    const stop = new AbortController();
    const asked: Question[] = answering(kit, "no", stop.signal);
    const { body } = await post(kit, "/api/execute", { tool: "exec", arguments: { command } });
    stop.abort();
    const [question] = asked;
    if (question === undefined) {
      assert.equal(body["verdict"], "deny", "what is not asked is not done");
      continue;
    }
    assert.equal(question.arguments["command"], command);
    const view = questionView.parse(JSON.parse(JSON.stringify(question)));
    assert.match(drawQuestion(io, view).replaceAll(/\n {11}│ /g, ""), /rm -rf important/);
    const { document } = parseHTML("<main></main>");
    const card = drawOnPage(document, view, { now: () => 0, onAnswer: () => undefined });
    assert.match(card.element.textContent, /rm -rf important/);
  }
  const stop = new AbortController();
  const asked = answering(kit, "no", stop.signal);
  await post(kit, "/api/execute", { tool: "exec", arguments: { command: "rm old.txt" } });
  stop.abort();
  assert.equal(asked.length, 1, "the short one is asked");
});

test("R-KEY-1: CVE-2026-26326: who may only look is told whether a secret is set, never what it is", {
  skip,
}, async () => {
  const token = await makeToken(kit, {
    name: "viewer",
    permissions: ["operate", "read_config", "read_log", "metrics"],
  });
  const own = [kit.token(), token];
  for (const path of ["/api/status", "/api/tokens", "/readyz", "/metrics", "/openapi.json", "/api/log", "/api/me"]) {
    const { body } = await get(kit, path, token);
    for (const secret of own) assert.ok(!JSON.stringify(body).includes(secret), path);
  }
  const { tokens } = kit.served().wired.gateway;
  assert.ok((await tokens.list(callerOf())).length >= 2, "they are listed");
  assert.ok(!JSON.stringify(await tokens.list(callerOf())).includes(token.slice(4)));
  assert.match(
    refusalOf("models: { providers: { openai: { apiKey: sk-plain-1234567890 } } }\n") ?? "taken",
    /^CONFIG_/,
  );
});
