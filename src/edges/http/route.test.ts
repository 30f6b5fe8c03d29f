import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PERMISSIONS, type Permission } from "../../core/person.ts";
import { createRouteTable, type Route } from "./route.ts";
import { ALL, APPROVAL, bench, COOKIE, json, TOKEN } from "./testing.ts";

const ROUTE: Route = {
  method: "GET",
  path: "/x",
  says: "x",
  needs: { kind: "permission", permission: "chat" },
  handle: async () => new Response("x"),
};

/** A body that each route accepts, so that only the caller decides. */
const BODIES: Record<string, object> = {
  "/api/alerts/silence": { rule: "spike", untilMs: 1_000 },
  "/api/alerts/unsilence": { rule: "spike" },
  "/api/alerts/test": { rule: "spike" },
  "/api/freeze": { session: "ses_x" },
  "/api/thaw": { session: "ses_x" },
  "/api/seal": { digest: "0".repeat(64) },
  "/api/login": { code: "good" },
  "/api/chat": { text: "hello" },
  "/api/execute": { tool: "list", arguments: {} },
  "/api/approvals/:id": { answer: "no" },
  "/api/tokens": { name: "x", permissions: [] },
  "/v1/chat/completions": { messages: [{ role: "user", content: "hello" }] },
};

function sample(route: Route, token: string | null): Parameters<ReturnType<typeof bench>["ask"]> {
  const id = route.path.startsWith("/api/tokens") ? TOKEN : APPROVAL;
  const body = route.method === "POST" ? JSON.stringify(BODIES[route.path] ?? {}) : undefined;
  return [route.path.replace(":id", id), { method: route.method, token, ...(body && { body }) }];
}

test("INVARIANT(guarded-routes): a route that does not say who may use it cannot be registered", () => {
  const bad: unknown[] = [
    undefined,
    null,
    "public",
    {},
    { kind: "public" },
    { kind: "public", because: " " },
    { kind: "caller", because: "" },
    { kind: "permission" },
    { kind: "permission", permission: "everything" },
    { kind: "anybody", because: "it is fine" },
  ];
  for (const needs of bad) {
    assert.throws(() => createRouteTable().add({ ...ROUTE, needs } as Route), { code: "ROUTE_UNGUARDED" });
  }
  const table = createRouteTable();
  table.add(ROUTE);
  table.add({ ...ROUTE, path: "/y", needs: { kind: "public", because: "it says nothing" } });
  assert.equal(table.routes.length, 2);
  assert.throws(() => table.add(ROUTE), { code: "ROUTE_UNGUARDED" });
});

test("INVARIANT(guarded-routes): without a token every route but the public ones is 401, and the gateway hears nothing", async () => {
  const on = bench();
  let seen = 0;
  for (const route of on.http.routes.filter(({ needs }) => needs.kind !== "public")) {
    for (const token of [null, "wrong-token"]) {
      const response = await on.ask(...sample(route, token));
      assert.equal(response.status, 401, `${route.method} ${route.path}`);
      assert.match(response.headers.get("www-authenticate") ?? "", /^Bearer/);
      seen++;
    }
  }
  assert.ok(seen >= 30, `only ${seen} seen`);
  assert.deepEqual(on.gateway.asked, []);
});

test("INVARIANT(guarded-routes): R-GATE-7: a caller without a route's permission gets 403, and the gateway hears nothing", async () => {
  const on = bench();
  const guarded = on.http.routes.filter(({ needs }) => needs.kind === "permission");
  assert.ok(guarded.length >= 15);
  const pairs = fc.tuple(fc.constantFrom(...guarded), fc.constantFrom(...PERMISSIONS, "none" as const));
  await fc.assert(
    fc.asyncProperty(pairs, async ([route, has]) => {
      if (route.needs.kind !== "permission" || route.needs.permission === has) return;
      const response = await on.ask(...sample(route, has === "none" ? "none" : `only-${has}`));
      assert.equal(response.status, 403, `${route.path} with ${has}`);
      assert.equal((await json(response))["error"].code, "PERMISSION_MISSING");
      assert.deepEqual(on.gateway.asked, []);
    }),
    { numRuns: 400 },
  );
});

test("R-GATE-7: a caller with exactly a route's permission gets through", async () => {
  for (const { method, path, needs } of bench().http.routes) {
    if (needs.kind !== "permission" || path === "/ws") continue;
    const on = bench();
    const route = on.http.routes.find((other) => other.method === method && other.path === path) ?? ROUTE;
    const response = await on.ask(...sample(route, `only-${needs.permission}`));
    assert.ok(response.status < 300, `${path}: ${response.status}`);
    // What comes by itself is a stream that stays open.
    if (path === "/api/events") await response.body?.cancel();
    else await response.text();
    if (path !== "/v1/models") assert.ok(on.gateway.asked.length > 0, path);
  }
});

test("R-GATE-7: public routes say why, and there are no others than these", () => {
  const open = bench().http.routes.filter(({ needs }) => needs.kind === "public");
  assert.deepEqual(open.map(({ path }) => path).sort(), ["/", "/api/login", "/healthz", "/openapi.json", "/readyz"]);
});

test("INVARIANT(guarded-routes): an unknown permission in a cookie's session is no permission", async () => {
  const on = bench();
  const response = await on.http.app.request("/api/me", { headers: { cookie: `vambrace-80=${COOKIE}` } });
  assert.equal(response.status, 401);
});

test("interfaces 6: the OpenAPI document names every route and its permission", async () => {
  const on = bench();
  const response = await on.ask("/openapi.json", { token: null });
  const document = await json(response);
  assert.equal(response.status, 200);
  assert.equal(document["openapi"], "3.1.0");
  for (const { method, path, needs } of on.http.routes) {
    const operation = document["paths"][path.replace(/:([a-z]+)/g, "{$1}")][method.toLowerCase()];
    const wanted: Permission | null = needs.kind === "permission" ? needs.permission : null;
    assert.equal(operation["x-permission"], wanted, path);
    assert.deepEqual(operation.security, needs.kind === "public" ? [] : [{ token: [] }]);
  }
  const execute = document["paths"]["/api/execute"].post.requestBody.content["application/json"].schema;
  assert.deepEqual(execute.required, ["tool"]);
  assert.equal(execute.additionalProperties, false);
  const query = document["paths"]["/api/log"].get.parameters.map((parameter: { name: string }) => parameter.name);
  assert.ok(query.includes("kind") && query.includes("limit"));
});

test("interfaces 6: a path that is not there is 404, a method that is not there 405, with no word of the gateway", async () => {
  const on = bench();
  for (const path of [
    "/nothing",
    "/api",
    "/api/",
    "/../etc/passwd",
    "/app.js/../../etc/passwd",
    "/%2e%2e/x",
    "/API/me",
  ]) {
    assert.equal((await on.ask(path, { token: null })).status, 404, path);
  }
  const response = await on.ask("/api/execute", { token: ALL, method: "DELETE" });
  assert.equal(response.status, 405);
  assert.equal(response.headers.get("allow"), "POST");
  assert.deepEqual(on.gateway.asked, []);
});
