import assert from "node:assert/strict";
import { test } from "node:test";
import { createWebSearch } from "./web-search.ts";

const never = new AbortController().signal;

type Sent = { url: string; headers: Headers };

function answering(answer: Response | Error, sent: Sent[] = []): typeof globalThis.fetch {
  return async (input, init) => {
    sent.push({ url: input instanceof Request ? input.url : String(input), headers: new Headers(init?.headers) });
    if (answer instanceof Error) throw answer;
    return answer.clone();
  };
}

const json = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });

test("R-AGENT-8: without a key, searching says that it is off and how to turn it on, and sends nothing", async () => {
  const sent: Sent[] = [];
  for (const key of [null, ""]) {
    const search = createWebSearch({ fetch: answering(json({}), sent), key: key === null ? null : () => key });
    await assert.rejects(search.search("x", 5, never), { code: "WEB_SEARCH_OFF", hint: /BRAVE_API_KEY/ });
  }
  assert.deepEqual(sent, []);
});

test("R-AGENT-2: a search answers title, address and snippet as plain text", async () => {
  const sent: Sent[] = [];
  const answer = json({
    web: {
      results: [
        {
          title: "A <strong>page</strong> &amp; more",
          url: "https://example.org/a#b",
          description: "It&#x27;s <b>here</b>\n now",
        },
        { title: "no address", url: "javascript:alert(1)", description: "" },
        { title: 5, url: "https://example.org/" },
        { title: "bare", url: "https://example.com/" },
      ],
    },
  });
  const search = createWebSearch({ fetch: answering(answer, sent), key: () => "the-key" });
  assert.deepEqual(await search.search("a b&c", 5, never), [
    { title: "A page & more", url: "https://example.org/a", snippet: "It's here now" },
    { title: "bare", url: "https://example.com/", snippet: "" },
  ]);
  assert.equal((await search.search("x", 1, never)).length, 1);
  assert.equal(sent[0]?.url, "https://api.search.brave.com/res/v1/web/search?q=a+b%26c&count=5&text_decorations=false");
  assert.equal(sent[0]?.headers.get("x-subscription-token"), "the-key");
  assert.deepEqual(
    await createWebSearch({ fetch: answering(json({ query: {} })), key: () => "k" }).search("x", 5, never),
    [],
  );
});

test("R-GATE-8: what goes wrong is said without the key or what the service wrote", async () => {
  const cases: readonly [Response | Error, RegExp][] = [
    [json({}, 401), /refuses the key/],
    [json({}, 429), /too often/],
    [json({ secret: "the-key" }, 500), /answered 500/],
    [new Response("<html>the-key"), /not JSON/],
    [json([]), /another form/],
    [json({ web: { results: {} } }), /another form/],
    [Object.assign(new Error("the-key"), { code: "ECONNREFUSED" }), /ECONNREFUSED/],
  ];
  for (const [answer, why] of cases) {
    const search = createWebSearch({ fetch: answering(answer), key: () => "the-key" });
    await assert.rejects(search.search("x", 5, never), (error: Error & { code: string }) => {
      assert.equal(error.code, "WEB_SEARCH_FAILED");
      assert.match(error.message, why);
      assert.doesNotMatch(JSON.stringify(error), /the-key/);
      return true;
    });
  }
});

test("R-AGENT-2: a stopped search ends as it was stopped", async () => {
  const stop = AbortSignal.abort(new Error("stopped"));
  const search = createWebSearch({ fetch: answering(new Error("aborted")), key: () => "k" });
  await assert.rejects(search.search("x", 5, stop), /stopped/);
});
