import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { JsonObject } from "../../core/json.ts";
import type { OpenClawHome, OpenClawJob } from "../../core/openclaw.ts";
import { planMigration } from "./plan.ts";
import { moveSettings } from "./settings.ts";

const home = (config: JsonObject, parts: Partial<OpenClawHome> = {}): OpenClawHome => ({
  root: "/home/anna/.openclaw",
  real: "/home/anna/.openclaw",
  openAbove: [],
  others: [],
  variables: [],
  undecided: [],
  present: true,
  configPath: "/home/anna/.openclaw/openclaw.json",
  config,
  includes: [],
  files: [],
  state: null,
  workspaces: [],
  plugins: [],
  unread: [],
  ...parts,
});

const job = (part: Partial<OpenClawJob>): OpenClawJob => ({
  id: "1",
  name: "morning",
  enabled: true,
  agent: null,
  schedule: { kind: "cron", expr: "0 9 * * *" },
  payload: "agentTurn",
  message: "summarise",
  declaredBy: null,
  ...part,
});

const state = (jobs: readonly OpenClawJob[]): OpenClawHome["state"] => ({
  schema: 18,
  version: "2026.9.6",
  jobs,
  paired: [{ channel: "telegram", account: "default", entry: "12345" }],
  stored: [
    { name: "API", kind: "secret", hosts: ["api.example.com"] },
    { name: "MODE", kind: "env", hosts: [] },
  ],
  approvals: { defaults: { security: "full" } },
  devices: 0,
  oauthStores: 0,
  backupRuns: 0,
  installed: null,
});

test("R-AUDIT-4: what is stricter than ours comes along, what is wider is left with what to write", () => {
  const { settings, left } = moveSettings({
    session: { dmScope: "main" },
    gateway: { bind: "lan", port: 18789 },
    tools: {
      profile: "messaging",
      deny: ["apply_patch", "group:automation", "canvas"],
      exec: { security: "deny" },
      elevated: {},
    },
    agents: { defaults: { model: { primary: "anthropic/claude-x", fallbacks: ["ollama/llama", "weird/m"] } } },
    plugins: {},
  });
  assert.deepEqual(
    settings.map(({ path, value }) => [path, value]),
    [
      ["tools.profile", "messaging"],
      ["tools.deny", ["write", "edit", "group:automation"]],
      ["tools.exec.security", "deny"],
      ["agents.defaults.model.primary", "anthropic/claude-x"],
      ["agents.defaults.model.fallbacks", ["ollama/llama"]],
    ],
  );
  const words = left.map(({ what }) => what).join(" | ");
  for (const each of ["session.dmScope: main", "gateway.bind: lan", "tools.elevated", "canvas", "plugins"])
    assert.ok(words.includes(each), each);
});

test("R-AUDIT-4: INVARIANT(fail-closed): no configuration of theirs makes ours run more, ask less or hear more", () => {
  const any = fc.oneof(fc.constantFrom("full", "off", "open", "none", "*", true, 0), fc.string());
  const config = fc.record({
    session: fc.record({ dmScope: any }),
    tools: fc.record({ profile: any, allow: fc.array(any), exec: fc.record({ security: any, ask: any, mode: any }) }),
    gateway: fc.record({ bind: any, auth: fc.record({ mode: any }) }),
    channels: fc.dictionary(fc.string(), fc.record({ dmPolicy: any, allowFrom: fc.array(any) })),
    agents: fc.record({ defaults: fc.record({ sandbox: fc.record({ mode: any }) }) }),
  });
  fc.assert(
    fc.property(config, (theirs) => {
      for (const { path, value } of moveSettings(theirs as JsonObject).settings) {
        if (path === "tools.deny") continue;
        if (path === "tools.profile") assert.ok(value === "minimal" || value === "messaging");
        else if (path === "tools.exec.security") assert.equal(value, "deny");
        else assert.fail(`${path} came along`);
      }
    }),
  );
});

test("R-AUDIT-4: a person's schedules come along, those that OpenClaw made for itself do not", () => {
  const jobs = [
    job({}),
    job({ id: "2", name: "each quarter", schedule: { kind: "every", everyMs: 900_000 } }),
    job({ id: "3", name: "odd", schedule: { kind: "every", everyMs: 420_000 } }),
    job({ id: "4", name: "dreaming", declaredBy: "memory-core:x" }),
    job({ id: "5", name: "off", enabled: false }),
    job({ id: "6", name: "once", schedule: { kind: "at", at: "2027-01-01T08:00:00Z" } }),
    job({ id: "7", name: "heart", payload: "heartbeat", message: null }),
  ];
  const { schedules, left } = planMigration(home({}, { state: state(jobs) }), []);
  assert.deepEqual(
    schedules.map(({ name, when }) => [name, when]),
    [
      ["morning", "0 9 * * *"],
      ["each quarter", "*/15 * * * *"],
      ["once", "2027-01-01T08:00:00.000Z"],
    ],
  );
  const words = left.map(({ what }) => what).join(" | ");
  for (const name of ["odd", "dreaming", "off", "heart", "exec approvals", "telegram/default: 12345"])
    assert.ok(words.includes(name), name);
});

test("R-AUDIT-4: memory comes along as text, orders to the agent are left, skills that lie elsewhere too", () => {
  const skill = {
    name: "s",
    folder: "/w/skills/s",
    digest: "d",
    changedMs: 0,
    origin: null,
    originMs: null,
    escapes: false,
  };
  const workspace = {
    agent: "main",
    path: "/w",
    present: true,
    notes: ["MEMORY.md", "SOUL.md", "memory/2026-01-01.md"],
    skills: [skill, { ...skill, folder: "/w/skills/t", escapes: true }],
    dotEnv: false,
    open: [],
  };
  const plan = planMigration(
    home({}, { workspaces: [workspace, { ...workspace, agent: "gone", present: false }] }),
    [],
  );
  assert.deepEqual(
    plan.notes.map(({ path }) => path),
    ["/w/MEMORY.md", "/w/memory/2026-01-01.md"],
  );
  assert.deepEqual(
    plan.skills.map(({ folder }) => folder),
    ["/w/skills/s"],
  );
  assert.deepEqual(
    plan.left.map(({ what }) => what),
    ["/w/SOUL.md", "/w/skills/t"],
  );
});

test("R-AUDIT-4: of secrets the plan has names and places, never a value", () => {
  const config = { channels: { telegram: { botToken: "canary-1" } }, gateway: { auth: { token: "canary-2" } } };
  const plan = planMigration(home(config, { state: state([]) }), [
    { name: "api", from: "profile:x", hosts: [], provider: "anthropic" },
  ]);
  assert.deepEqual(
    plan.secrets.map(({ name, from }) => [name, from]),
    [
      ["api", "profile:x"],
      ["api_2", "store:API"],
      ["telegram_bot_token", "config:channels.telegram.botToken"],
    ],
  );
  assert.deepEqual(plan.settings, [
    { path: "models.providers.anthropic.apiKey", value: "${vault:api}", from: "profile:x" },
  ]);
  assert.ok(!JSON.stringify(plan).includes("canary"));
});
