/** Rules about methods and paths hold inside the browser's TLS, and a bad server is not shown. @module */
import assert from "node:assert/strict";
import type { RequestListener } from "node:http";
import { test } from "node:test";
import type { HostLimit } from "../src/core/decision.ts";
import { newId } from "../src/core/ids.ts";
import { missing, refIn, startBrowserKit } from "./browser-kit.ts";
import { random } from "./sandbox-kit.ts";

const skip = missing();
const SHOP = "shop.example:443";

const listener: RequestListener = (req, res) => {
  const path = new URL(req.url ?? "/", "https://shop.example").pathname;
  const pages: Readonly<Record<string, string>> = {
    "/": "<title>Shop</title><h1>Bread</h1><form method=post action=/order><button>Order</button></form>",
    "/sneaky":
      "<title>Sneaky</title><p id=out>waiting</p><script>fetch('/take', { method: 'POST', body: 'secret' }).then((answer) => { out.textContent = 'answered ' + answer.status })</script>",
    "/parts": "<title>Parts</title><script>fetch('/public/a').then(() => fetch('/private/a'))</script>",
    "/order": "<title>Thanks</title><p>Ordered.</p>",
  };
  res.end(`<!doctype html>${pages[path] ?? ""}`);
};

const at = (path: string): { readonly url: string } => ({ url: `https://shop.example${path}` });
const rule = (change: Partial<HostLimit>): HostLimit => ({
  host: "shop.example",
  port: 443,
  methods: ["GET", "HEAD"],
  ...change,
});

test("R-NET-1: a page is opened through TLS that the proxy looks into, and its requests are recorded", {
  skip,
}, async (t) => {
  const kit = await startBrowserKit(t, listener);
  const page = await kit.call("browser_open", at("/"));
  assert.match(page.text, /title: Shop\nhost: shop\.example\n\n# Bread/);
  assert.ok(
    kit.connections.some(({ connection }) => connection.request === "GET /"),
    "method and path were seen",
  );

  await t.test("R-NET-1: a click sends what it was judged as", async () => {
    const clicked = await kit.call("browser_click", { ...refIn(page.text, "button", "Order"), host: SHOP });
    assert.match(clicked.text, /title: Thanks/);
    assert.ok(kit.asked.includes("POST shop.example/order"));
  });

  await t.test("R-NET-1: a page that was opened by GET cannot POST within that call, TLS or not", async () => {
    const sneaky = await kit.call("browser_open", at("/sneaky"), { session: newId("ses", random) });
    assert.match(sneaky.text, /title: Sneaky/);
    assert.ok(!kit.asked.some((line) => line.startsWith("POST shop.example/take")), kit.asked.join("\n"));
    assert.ok(
      kit.connections.some(({ connection }) => connection.why.startsWith("POST ")),
      "the refusal is recorded",
    );
  });
});

test("R-NET-1: paths of a rule hold inside TLS: what is listed is opened, the rest is not asked for", {
  skip,
}, async (t) => {
  const kit = await startBrowserKit(t, listener, { rules: [rule({ paths: ["/parts", "/public/*"] })] });
  await kit.call("browser_open", at("/parts"));
  assert.ok(kit.asked.includes("GET shop.example/public/a"), kit.asked.join("\n"));
  assert.ok(!kit.asked.some((line) => line.includes("/private")));
  await kit.call("browser_open", at("/order"));
  assert.ok(!kit.asked.some((line) => line.includes("/order")));
});

test("R-NET-1: a server whose certificate is for another name, or that nobody vouches for, is not shown", {
  skip,
}, async (t) => {
  const kit = await startBrowserKit(t, listener);
  for (const host of ["wrong.example", "stolen.example"]) {
    const page = await kit.call("browser_open", { url: `https://${host}/` });
    assert.doesNotMatch(page.text, /Bread/, host);
    assert.ok(!kit.asked.some((line) => line.includes(host)), "nothing was sent");
    assert.ok(kit.connections.some(({ connection }) => connection.host === host && connection.verdict === "refused"));
  }
  assert.match((await kit.call("browser_open", at("/"))).text, /# Bread/, "the twin: a good one is");
});

test("R-NET-1: where TLS is left alone the browser itself checks the server: our authority vouches for nobody else", {
  skip,
}, async (t) => {
  const kit = await startBrowserKit(t, listener, { rules: [rule({ tls: "passthrough" })] });
  const page = await kit.call("browser_open", at("/"));
  assert.match(page.text, /ERR_CERT_AUTHORITY_INVALID/);
  assert.deepEqual(kit.asked, []);
});
