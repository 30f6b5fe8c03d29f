import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clientOf, fromOf, isLoopback, trustedProxies } from "./address.ts";
import { createFront } from "./front.ts";
import type { Head } from "./head.ts";
import { HTTP_LIMITS } from "./limits.ts";
import { bench, COOKIE, errorCode, PROOF } from "./testing.ts";

function head(headers: Record<string, string>, part: Partial<Head> = {}): Head {
  return {
    method: "GET",
    path: "/",
    header: (name) => headers[name],
    count: 3,
    repeated: [],
    isPath: true,
    peer: "127.0.0.1",
    tls: false,
    ...part,
  };
}

const RULES = {
  limits: HTTP_LIMITS,
  allowedHosts: ["127.0.0.1", "localhost", "agent.example.org:443"],
  trustedProxies: ["10.0.0.2", "fd00::/8"],
  host: "127.0.0.1",
};

test("R-GATE-3: a Host that is not the gateway's is refused (DNS rebinding)", async () => {
  const front = createFront(RULES);
  const refused = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.",
    "localhost:80:80",
    "localhost@evil.example",
    "agent.example.org",
    "agent.example.org:444",
    "[::1]",
    "0.0.0.0",
    "2130706433",
    "",
  ];
  for (const host of refused) await assert.rejects(front(head({ host })), { code: "HOST_REFUSED" }, host);
  for (const host of ["localhost", "LOCALHOST:18888", "127.0.0.1:18888", "agent.example.org:443"]) {
    assert.equal((await front(head({ host }))).origin, `http://${host.toLowerCase()}`);
  }
});

test("R-GATE-3: an Origin that is not the own one is refused, another port and null too", async () => {
  const front = createFront(RULES);
  const host = "localhost:18888";
  const foreign = [
    "http://evil.example",
    "http://localhost:3000",
    "https://localhost:18888",
    "null",
    "http://localhost",
  ];
  for (const origin of foreign) await assert.rejects(front(head({ host, origin })), { code: "ORIGIN_REFUSED" }, origin);
  await front(head({ host, origin: "http://localhost:18888" }));
  await front(head({ host }));
});

test("R-GATE-3: what a browser fetches for another site is refused; a link to the page may be followed", async () => {
  const front = createFront(RULES);
  const fetched = (site: string, extra: Record<string, string> = {}): Head =>
    head({ host: "localhost", "sec-fetch-site": site, ...extra });
  const link = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
  for (const site of ["cross-site", "same-site"]) {
    await assert.rejects(front(fetched(site)), { code: "ORIGIN_REFUSED" });
    await assert.rejects(front(fetched(site, { ...link, "sec-fetch-dest": "iframe" })), { code: "ORIGIN_REFUSED" });
    await assert.rejects(front({ ...fetched(site, link), method: "POST" }), { code: "ORIGIN_REFUSED" });
    await front(fetched(site, link));
  }
  await front(fetched("same-origin"));
  await front(fetched("none"));
});

test("R-GATE-3: two of a header that may stand once, too many headers and odd targets are refused", async () => {
  const front = createFront(RULES);
  const host = { host: "localhost" };
  for (const part of [{ repeated: ["host"] }, { count: HTTP_LIMITS.headers }, { isPath: false }]) {
    await assert.rejects(front(head(host, part)), { code: "REQUEST_MALFORMED" });
  }
  await front(head(host, { count: HTTP_LIMITS.headers - 1 }));
});

test("R-GATE-4: forwarded headers are ignored from anyone but a trusted proxy", () => {
  const isTrusted = trustedProxies(["10.0.0.2", "10.1.0.0/16", "fd00::/8"]);
  const of = (peer: string, forwarded?: string): string => clientOf(peer, forwarded, isTrusted).address;
  assert.equal(of("192.0.2.9", "203.0.113.5"), "192.0.2.9");
  assert.equal(of("10.0.0.2", "203.0.113.5"), "203.0.113.5");
  assert.equal(of("::ffff:10.0.0.2", "203.0.113.5"), "203.0.113.5");
  assert.equal(of("fd00::9", "203.0.113.5"), "203.0.113.5");
  assert.equal(of("10.0.0.2", "198.51.100.1, 203.0.113.5, 10.1.2.3"), "203.0.113.5");
  assert.equal(of("10.0.0.2", "127.0.0.1, 203.0.113.5"), "203.0.113.5");
  assert.equal(of("10.0.0.2", "203.0.113.5, unknown"), "10.0.0.2");
  assert.equal(of("10.0.0.2"), "10.0.0.2");
  assert.equal(clientOf(undefined, "127.0.0.1", isTrusted).address, "unknown");
  assert.throws(() => trustedProxies(["the proxy"]), { code: "BIND_REFUSED" });
});

test("R-GATE-4: the left of X-Forwarded-For, which the client writes, never decides", () => {
  const isTrusted = trustedProxies(["10.0.0.2"]);
  fc.assert(
    fc.property(fc.string(), fc.ipV4(), (lie, seen) => {
      fc.pre(seen !== "10.0.0.2");
      assert.deepEqual(clientOf("10.0.0.2", `${lie}, ${seen}`, isTrusted), fromOf(seen));
    }),
  );
});

test("R-GATE-4: behind a trusted proxy that brings TLS the own origin is https, from others that header says nothing", async () => {
  const front = createFront(RULES);
  const headers = { host: "agent.example.org:443", "x-forwarded-proto": "https" };
  const proxied = await front(head(headers, { peer: "10.0.0.2" }));
  assert.deepEqual([proxied.origin, proxied.secure], ["https://agent.example.org:443", true]);
  assert.equal((await front(head(headers, { peer: "192.0.2.9" }))).secure, false);
});

test("R-GATE-1: bound wider, only the named proxy and this machine may bring requests", async () => {
  const front = createFront({ ...RULES, host: "0.0.0.0" });
  const at = (peer: string | undefined): Head => head({ host: "localhost" }, { peer });
  for (const peer of ["192.0.2.9", undefined]) await assert.rejects(front(at(peer)), { code: "HOST_REFUSED" });
  for (const peer of ["10.0.0.2", "127.0.0.1", "::1"]) await front(at(peer));
});

test("R-GATE-1: binding wider than loopback without a trusted proxy refuses to start", () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.org", ""]) {
    assert.throws(() => bench({ listen: { host, port: 0 } }), { code: "BIND_REFUSED" }, host);
    bench({ listen: { host, port: 0 }, trustedProxies: ["10.0.0.2"] });
  }
  for (const host of ["127.0.0.1", "::1", "[::1]", "localhost", "127.0.0.2"]) bench({ listen: { host, port: 0 } });
  assert.equal(isLoopback("128.0.0.1"), false);
});

test("R-GATE-5: addresses of one IPv6 household count as one", () => {
  assert.equal(fromOf("2001:db8:1:2::3").group, fromOf("2001:db8:1:2:ffff::9").group);
  assert.notEqual(fromOf("2001:db8:1:2::3").group, fromOf("2001:db8:1:3::3").group);
  assert.deepEqual(fromOf("::ffff:127.0.0.1"), { address: "127.0.0.1", group: "127.0.0.1" });
  assert.equal(fromOf("fe80::1%eth0").address, "fe80::1");
  assert.equal(fromOf("garbage").group, "unknown");
});

test("R-GATE-3: an address that asks too often is told to wait, and others are not", async () => {
  const front = createFront({ ...RULES, limits: { ...HTTP_LIMITS, requests: 5 } });
  for (let i = 0; i < 5; i++) await front(head({ host: "localhost" }));
  await assert.rejects(front(head({ host: "localhost" })), { code: "RATE_LIMITED" });
  await front(head({ host: "localhost" }, { peer: "127.0.0.9" }));
});

test("R-GATE-3: foreign hosts and origins do not get as far as a login that could be locked out", async () => {
  const on = bench();
  const evil = await on.ask("/api/me", { token: "guess", headers: { origin: "http://evil.example" } });
  assert.equal(evil.status, 403);
  assert.equal(await errorCode(evil), "ORIGIN_REFUSED");
  assert.deepEqual(on.access.tried, []);
});

test("R-GATE-3: security headers are on every answer, errors too, and HSTS only over TLS", async () => {
  const on = bench();
  for (const [path, token] of [
    ["/", null],
    ["/api/me", "wrong"],
    ["/nothing", null],
    ["/healthz", null],
    ["/api/chat", "all-0123456789"],
  ] as const) {
    const { headers } = await on.ask(path, { token });
    const csp = headers.get("content-security-policy") ?? "";
    for (const part of [
      "default-src 'none'",
      "script-src 'self'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]) {
      assert.ok(csp.includes(part), path);
    }
    assert.equal(csp.includes("unsafe"), false);
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    assert.equal(headers.get("referrer-policy"), "no-referrer");
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin");
    assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.match(headers.get("permissions-policy") ?? "", /camera=\(\)/);
    assert.equal(headers.get("access-control-allow-origin"), null);
    assert.equal(headers.get("strict-transport-security"), null);
    assert.match(headers.get("x-request-id") ?? "", /^req_/);
  }
  const secure = await on.http.app.request("https://localhost/healthz");
  assert.match(secure.headers.get("strict-transport-security") ?? "", /max-age=/);
});

test("R-GATE-3: a cookie counts only with its proof, and for changes only from the own page", async () => {
  const on = bench();
  const cookie = `vambrace-80=${COOKIE}`;
  const own = { origin: "http://localhost", "x-vambrace-proof": PROOF, "content-type": "application/json", cookie };
  const stop = async (headers: Record<string, string>): Promise<number> =>
    (await on.http.app.request("/api/stop", { method: "POST", headers, body: "{}" })).status;
  const { origin: _, ...noOrigin } = own;
  const { "x-vambrace-proof": __, ...noProof } = own;
  assert.equal(await stop(noOrigin), 403);
  assert.equal(await stop(noProof), 401);
  assert.equal(await stop({ ...own, origin: "http://localhost:3000" }), 403);
  assert.equal(await stop({ ...own, cookie: `${cookie}; ${cookie}` }), 401);
  assert.equal(await stop({ ...own, cookie: `vambrace-81=${COOKIE}` }), 401);
  assert.deepEqual(on.gateway.asked, []);
  assert.equal(await stop(own), 200);
  const read = await on.http.app.request("/api/me", { headers: { cookie, "x-vambrace-proof": PROOF } });
  assert.equal(read.status, 200);
});

test("R-GATE-2: a one-time code is exchanged by POST for a cookie that scripts and other sites do not get", async () => {
  const on = bench();
  const logIn = async (url: string, code: string): Promise<Response> =>
    on.http.app.request(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
  const plain = await logIn("/api/login", "good");
  assert.equal(plain.status, 200);
  assert.deepEqual(await plain.json(), { proof: PROOF, person: "owner" });
  const cookie = plain.headers.get("set-cookie") ?? "";
  for (const flag of [`vambrace-80=${COOKIE}`, "HttpOnly", "SameSite=Strict", "Path=/"])
    assert.ok(cookie.includes(flag));
  assert.equal(cookie.includes("Secure"), false);
  const secure = (await logIn("https://localhost/api/login", "good")).headers.get("set-cookie") ?? "";
  assert.ok(secure.startsWith(`__Host-vambrace=${COOKIE}`) && secure.includes("Secure"));
  const bad = await logIn("/api/login", "bad");
  assert.equal(bad.status, 401);
  assert.equal(bad.headers.get("set-cookie"), null);
  assert.equal((await on.http.app.request("/api/login?code=good")).status, 405);
  assert.equal((await on.http.app.request("/api/login?code=good", { method: "POST" })).status, 400);
});

test("R-GATE-2: logging out ends the session and takes the cookie away", async () => {
  const on = bench();
  const headers = {
    origin: "http://localhost",
    cookie: `vambrace-80=${COOKIE}`,
    "x-vambrace-proof": PROOF,
    "content-type": "application/json",
  };
  const response = await on.http.app.request("/api/logout", { method: "POST", headers, body: "{}" });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("set-cookie") ?? "", /^vambrace-80=;.*Max-Age=0/);
  assert.deepEqual(on.access.tried, [`logout ${COOKIE}`]);
});
