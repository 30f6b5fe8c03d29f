import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import { bench, errorCode, json, SESSION } from "./testing.ts";

const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => ({
  method: "POST",
  body,
  headers,
});

test("interfaces 7: /api/execute without a token is 401 before the body is looked at", async () => {
  const on = bench();
  let pulled = 0;
  const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
  const request = new Request("http://localhost/api/execute", { method: "POST", body, duplex: "half" });
  const response = await on.http.app.request(request);
  assert.equal(response.status, 401);
  assert.equal(pulled, 0);
  for (const bad of [post("{"), post("x", { "content-type": "text/plain" }), post(`"${"x".repeat(1e6)}"`)]) {
    assert.equal((await on.ask("/api/execute", { ...bad, token: null })).status, 401);
    assert.equal((await on.ask("/api/execute", { ...bad, token: "only-chat" })).status, 403);
  }
  assert.deepEqual(on.gateway.asked, []);
});

test("R-GATE-7: /api/execute goes to the gateway with the caller's own permissions, and a denial is 403", async () => {
  const on = bench();
  const done = await on.ask("/api/execute", post('{"tool":"list","arguments":{"path":".","deep":[1,{"a":null}]}}'));
  assert.equal(done.status, 200);
  assert.equal((await json(done)).verdict, "allow");
  assert.deepEqual(on.gateway.asked[0]?.[2], { tool: "list", arguments: { path: ".", deep: [1, { a: null }] } });
  const denied = await on.ask("/api/execute", post('{"tool":"forbidden","arguments":{}}'));
  assert.equal(denied.status, 403);
  const said = await json(denied);
  assert.deepEqual([said.verdict, said.error.code, said.error.message], ["deny", "DENIED", "no"]);
});

test("bad input: a body of another type or encoding is 415", async () => {
  const on = bench();
  const types = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonx",
  ];
  for (const type of [...types, "application/json; charset=utf-16", "application/json, text/plain"]) {
    const response = await on.ask("/api/execute", post('{"tool":"list"}', { "content-type": type }));
    assert.equal(response.status, 415, type);
    assert.equal(await errorCode(response), "CONTENT_TYPE_UNSUPPORTED");
  }
  const packed = { "content-type": "application/json", "content-encoding": "gzip" };
  assert.equal((await on.ask("/api/execute", post("{}", packed))).status, 415);
  const fine = { "content-type": "application/json; charset=UTF-8" };
  assert.equal((await on.ask("/api/execute", post('{"tool":"list"}', fine))).status, 200);
});

test("bad input: a body that is too large is 413, with and without a length", async () => {
  const on = bench();
  const large = JSON.stringify({ tool: "list", arguments: { x: "x".repeat(600_000) } });
  const response = await on.ask("/api/execute", post(large));
  assert.equal(response.status, 413);
  const body = new Blob([large]).stream();
  const init = { method: "POST", body, duplex: "half", headers: { "content-type": "application/json" } } as const;
  assert.equal((await on.ask("/api/execute", init)).status, 413);
  assert.deepEqual(on.gateway.asked, []);
});

test("bad input: what is not JSON in UTF-8, too deep, or hides a key is 400 and says why", async () => {
  const on = bench();
  const bad: (string | Uint8Array<ArrayBuffer>)[] = [
    "",
    "{",
    "[]",
    "null",
    "1",
    '"text"',
    '{"tool":"list"}{"tool":"list"}',
    '\ufeff{"tool":"list"}',
    '{"tool":"list","arguments":{"__proto__":{"x":1}}}',
    '{"tool":"list","arguments":{"x":"\\ud800"}}',
    `{"tool":"list","arguments":{"x":${"[".repeat(100)}${"]".repeat(100)}}}`,
    `${"[".repeat(200_000)}${"]".repeat(200_000)}`,
    '{"tool":"list","arguments":{"x":NaN}}',
    new Uint8Array([0x22, 0xff, 0xfe, 0x22]),
    '{"tool":1}',
    '{"tool":"list","arguments":"x"}',
    '{"tool":""}',
    `{"tool":"${"x".repeat(200)}"}`,
  ];
  for (const body of bad) {
    const response = await on.ask("/api/execute", post(body));
    assert.equal(response.status, 400, String(body).slice(0, 60));
    assert.equal(await errorCode(response), "BODY_MALFORMED");
  }
  assert.deepEqual(on.gateway.asked, []);
});

test("bad input: an unknown key is an error that names it", async () => {
  const on = bench();
  const response = await on.ask("/api/execute", post('{"tool":"list","arguments":{},"sudo":true}'));
  assert.equal(response.status, 400);
  assert.match((await json(response)).error.message, /sudo/);
  const query = await on.ask("/api/log?kind=call&everything=1");
  assert.match((await json(query)).error.message, /everything/);
  assert.equal((await on.ask("/api/log?kind=call&kind=fault")).status, 400);
  assert.equal((await on.ask("/api/log?limit=1001")).status, 400);
  assert.equal((await on.ask("/api/log?since=yesterday")).status, 400);
  assert.equal((await on.ask("/api/log?kind=call&limit=5&since=2026-01-01T00:00:00Z")).status, 200);
  assert.deepEqual(on.gateway.asked[0]?.[2], { kind: "call", limit: 5, since: "2026-01-01T00:00:00Z" });
});

test("bad input: no body at all brings the door down", async () => {
  const on = bench();
  const paths = fc.constantFrom("/api/execute", "/api/chat", "/api/login", "/api/tokens", "/v1/chat/completions");
  const bodies = fc.oneof(
    fc.json(),
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify({ text: value, messages: value })),
  );
  await fc.assert(
    fc.asyncProperty(paths, bodies, async (path, body) => {
      const response = await on.ask(path, post(body));
      assert.ok(response.status < 500, `${path} ${response.status}`);
      await response.text();
    }),
    { numRuns: 300 },
  );
  assert.equal((await on.ask("/healthz")).status, 200);
});

test("bad input: ids are checked before the gateway is asked", async () => {
  const on = bench();
  for (const id of ["x", "apr_", "tok_00000000000000000000000000", "%2e%2e%2f", "apr_%00"]) {
    const response = await on.ask(`/api/approvals/${id}`, post('{"answer":"yes"}'));
    assert.equal(response.status, 400, id);
  }
  assert.equal((await on.ask("/api/chat", post('{"text":"x","session":"ses_1"}'))).status, 400);
  const fine = await on.ask("/api/chat", post(JSON.stringify({ text: "x", session: SESSION, messageId: "m-1" })));
  assert.equal(fine.status, 200);
  await fine.text();
  assert.deepEqual(on.gateway.asked.at(-1)?.[2], { text: "x", session: SESSION, messageId: "m-1" });
});

test("R-GATE-8: an unknown error is generic outside, and its details are in the log under the same id", async () => {
  const on = bench();
  on.gateway.chatWith(async () => {
    throw new Error("password=hunter2 at /home/owner/.vambrace/state.db");
  });
  const response = await on.ask("/api/chat", post('{"text":"x"}'));
  assert.equal(response.status, 500);
  const text = await response.text();
  assert.equal(/hunter2|\.vambrace|Error:|at /.test(text.replace("look in the log", "")), false);
  const { error } = JSON.parse(text);
  assert.equal(error.code, "INTERNAL");
  const entry = on.log.find(({ request }) => request === error.request);
  assert.match(String(entry?.facts["error"]), /hunter2/);
  assert.equal(entry?.what, "failed");
});

test("R-GATE-8: a fault shows code, message and hint; its facts and cause stay inside", async () => {
  const on = bench();
  on.gateway.chatWith(async () => {
    throw new Fault("HALTED", {
      message: "everything is stopped",
      hint: "resume",
      facts: { secret: "s3cr3t" },
      cause: new Error("deep"),
    });
  });
  const response = await on.ask("/api/chat", post('{"text":"x"}'));
  assert.equal(response.status, 503);
  const text = await response.text();
  assert.equal(/s3cr3t|deep/.test(text), false);
  const { error } = JSON.parse(text);
  assert.deepEqual([error.code, error.message, error.hint], ["HALTED", "everything is stopped", "resume"]);
});

test("R-GATE-8: something thrown that is no Error is an error all the same", async () => {
  const on = bench();
  on.gateway.chatWith(async () => {
    // oxlint-disable-next-line typescript/only-throw-error -- what a careless library does
    throw "a string with /home/owner in it";
  });
  const response = await on.ask("/api/chat", post('{"text":"x"}'));
  assert.equal(response.status, 500);
  assert.equal((await response.text()).includes("/home"), false);
});

test("R-GATE-8: whether a token is unknown, expired or revoked reads the same outside", async () => {
  const on = bench();
  const unknown = await json(await on.ask("/api/me", { token: "nobody" }));
  on.access.revoked = true;
  const revoked = await json(await on.ask("/api/me"));
  const { request: a, ...first } = unknown.error;
  const { request: b, ...second } = revoked.error;
  assert.deepEqual(first, second);
  assert.notEqual(a, b);
  assert.deepEqual(
    on.log.map((entry) => entry.facts["why"]),
    ["unknown", "revoked"],
  );
});

test("R-GATE-5: a locked-out caller is told how long to wait", async () => {
  const response = await bench().ask("/api/me", { token: "locked" });
  assert.equal(response.status, 429);
  assert.equal(response.headers.get("retry-after"), "61");
});
