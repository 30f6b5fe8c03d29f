import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "../../core/json.ts";
import { auditOpenClaw } from "./catalogue.ts";
import { homeWith } from "./fixture.ts";
import { offers, toolLists } from "./offered.ts";

const has = (tool: string, ...scopes: JsonObject[]): boolean => offers(toolLists(scopes), tool);

test("R-AUDIT-4: an agent has the tools that profile and lists leave it, in whatever spelling", () => {
  for (const [isOffered, tool, ...scopes] of [
    [true, "exec"],
    [true, "exec", { profile: "full" }],
    [true, "exec", { profile: "coding" }],
    [false, "exec", { profile: "messaging" }],
    [false, "web_fetch", { profile: "minimal" }],
    [true, "exec", { profile: "nobody knows this one" }],
    [true, "exec", { profile: "messaging" }, { profile: "full" }],
    [false, "exec", { profile: "full" }, { profile: "minimal" }],
    [true, "exec", { profile: "messaging", alsoAllow: ["group:runtime"] }],
    [false, "exec", { allow: ["message"] }],
    [true, "exec", { allow: ["exec"] }],
    [false, "exec", { allow: ["exec"] }, { allow: ["read"] }],
    [false, "exec", { deny: ["exec"] }],
    [false, "exec", { deny: ["bash"] }],
    [false, "exec", { deny: [" EXEC "] }],
    [false, "exec", { deny: ["*"] }],
    [false, "exec", { deny: ["ex*"] }],
    [false, "exec", { deny: ["group:runtime"] }],
    [false, "automations", { deny: ["cron"] }],
    [true, "exec", { deny: ["group:fs"] }],
    [true, "apply_patch", { deny: ["write"] }],
    [true, "exec", { profile: "messaging", byProvider: { mine: { profile: "full" } } }],
    [true, "exec", { profile: "messaging", toolsBySender: { "*": { alsoAllow: ["exec"] } } }],
    [false, "exec", { deny: ["exec"], toolsBySender: { "*": { alsoAllow: ["exec"] } } }],
  ] as const satisfies readonly (readonly [boolean, string, ...JsonObject[]])[])
    assert.equal(has(tool, ...scopes), isOffered, `${tool}: ${JSON.stringify(scopes)}`);
});

const ids = (config: JsonObject, variables: readonly string[] = []): readonly string[] =>
  auditOpenClaw(homeWith(config, { variables }), []).map(({ id }) => id);
const OF_COMMANDS = /exec\.effective|sandbox\.off|files_anywhere|fetch_anywhere|profile_full/;

test("R-AUDIT-4: what an agent does not have is no finding: neither by profile, by list, nor by refusal", () => {
  for (const tools of [{ profile: "messaging" }, { profile: "minimal" }, { deny: ["*"] }, { allow: ["message"] }])
    assert.deepEqual(
      ids({ tools }).filter((id) => OF_COMMANDS.test(id)),
      [],
      JSON.stringify(tools),
    );
  assert.equal(ids({ tools: { profile: "coding" } }).filter((id) => OF_COMMANDS.test(id)).length, 4, "the twin");
});

test("R-AUDIT-4: a login that a variable of its own sets is one, an address of this machine is not outside", () => {
  const auth = (variables: readonly string[]) => ids({}, variables).filter((id) => /no_auth/.test(id));
  assert.deepEqual(auth(["OPENCLAW_GATEWAY_TOKEN"]), []);
  assert.deepEqual(auth(["OPENCLAW_GATEWAY_PASSWORD"]), []);
  assert.equal(auth(["SOMETHING_ELSE"]).length, 3);
  const wide = (customBindHost: string) =>
    ids({ gateway: { bind: "custom", customBindHost, auth: { token: "${T}" } } }).includes("vambrace.gateway.no_tls");
  assert.deepEqual([wide("127.0.0.1"), wide("::1"), wide("10.0.0.4"), wide("0.0.0.0")], [false, false, true, true]);
});

test("R-AUDIT-4: of two that say when to ask the stricter counts, wherever it stands", () => {
  const unasked = (config: string, host: string) =>
    auditOpenClaw(
      homeWith(
        { tools: { profile: "full", exec: { security: "full", ask: config } } },
        {
          state: {
            schema: 18,
            version: "2026.9.6",
            jobs: [],
            paired: [],
            stored: [],
            approvals: { defaults: { security: "full", ask: host } },
            devices: 0,
            oauthStores: 0,
            backupRuns: 1,
            installed: null,
          },
        },
      ),
      [],
    ).some(({ id }) => id === "vambrace.exec.effective_full");
  assert.deepEqual(
    [unasked("off", "off"), unasked("off", "always"), unasked("always", "off"), unasked("off", "on-miss")],
    [true, false, false, false],
  );
});

test("R-AUDIT-4: a gateway that listens on a port which only a variable names is known by its program", () => {
  const wide = (program: string | null) =>
    auditOpenClaw(homeWith({}), [{ address: "0.0.0.0", port: 20_001, program }]).some(
      ({ id }) => id === "vambrace.gateway.listens_wide",
    );
  assert.deepEqual([wide("openclaw"), wide("nginx"), wide(null)], [true, false, false]);
});
