import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAgentId } from "../../core/ids.ts";
import { environmentOf, stateFolder, userHome } from "./environment.ts";
import { at, config, env, secretsIn } from "./fixture.ts";
import { parseConfig } from "./load.ts";
import { effectiveTree, getPath, parsePath } from "./paths.ts";
import { toPosture } from "./posture.ts";
import {
  agentSettings,
  budgetSettings,
  channelEnabled,
  folderLabels,
  gatewaySettings,
  modelSettings,
  peopleOf,
  webSettings,
} from "./settings.ts";

const places = { home: "/home/ana/.vambrace", userHome: "/home/ana", installation: "/opt/vambrace" };
const posture = (text: string, agent?: string) =>
  toPosture(config(text), places, agent === undefined ? undefined : parseAgentId(agent));
const door = (text: string, name: string) => posture(text).channels.get(name);

test("R-TOOL-1, R-EXEC-1: the posture that ships: the owner's doors can act, every other only talks, nothing may leave", () => {
  const shipped = posture("");
  assert.deepEqual([...shipped.channels.keys()], ["default", "api", "terminal", "webchat"]);
  const api = shipped.channels.get("api");
  assert.deepEqual([api?.profile, api?.exec.security, api?.exec.ask], ["coding", "deny", "always"]);
  for (const own of ["terminal", "webchat"]) {
    const rules = shipped.channels.get(own);
    assert.deepEqual([rules?.profile, rules?.exec.security, rules?.exec.ask], ["coding", "allowlist", "on-miss"]);
  }
});

test("R-FS-1, R-NET-1: as it ships, only the workspace is reached, credentials are blocked, and nothing may leave", () => {
  const shipped = posture("");
  const others = shipped.channels.get("default");
  assert.deepEqual([others?.profile, others?.exec.security, others?.exec.ask], ["messaging", "deny", "always"]);
  assert.deepEqual(shipped.egress, []);
  assert.equal(shipped.fs.workspaceOnly, true);
  assert.equal(shipped.fs.workspace, "/home/ana/vambrace");
  assert.deepEqual(shipped.fs.forbiddenPaths, ["/home/ana/.vambrace", "/opt/vambrace"]);
  for (const blocked of ["/home/ana/.ssh", "/home/ana/.aws", "/home/ana/.gnupg", "/home/ana/.config", "/etc", "/var"]) {
    assert.ok(shipped.fs.blockedPaths.includes(blocked), blocked);
  }
  for (const limit of Object.values(shipped.limits)) assert.ok(limit > 0 && Number.isFinite(limit));
  assert.deepEqual(shipped.persons.get("owner"), { trust: "full", roles: ["admin"] });
  assert.deepEqual(parseConfig("", at).downgrades, []);
});

test("R-TOOL-1: what stands under `tools` binds the owner's doors too; a channel's own word comes last", () => {
  const hardened = "tools: {profile: messaging, deny: [group:fs], exec: {security: deny, block: [nc]}}";
  assert.deepEqual(
    [door(hardened, "terminal")?.profile, door(hardened, "terminal")?.exec.security],
    ["messaging", "deny"],
  );
  const own = `${hardened}\nchannels: {terminal: {tools: {profile: coding, deny: [exec], exec: {security: allowlist, block: [ssh]}}}}`;
  assert.deepEqual(door(own, "terminal")?.profile, "coding");
  assert.deepEqual(door(own, "terminal")?.deny, ["group:fs", "exec"]);
  assert.deepEqual(door(own, "terminal")?.exec.block, ["nc", "ssh"]);
  assert.equal(door(own, "webchat")?.profile, "messaging");
});

test("R-AGENT-8: an integration that is off is denied at the gate; without a key it says what is missing", () => {
  const off = "tools: {web: {search: {enabled: false}, fetch: {enabled: false}}}";
  for (const rules of posture(off).channels.values())
    assert.deepEqual(rules.deny, ["web_search", "web_fetch", "quarantine_page"]);
  assert.match(JSON.stringify(webSettings(config(off), secretsIn(env))), /turned off/);
  assert.match(JSON.stringify(webSettings(config(""), secretsIn(env))), /BRAVE_API_KEY/);
  const keyed = secretsIn(environmentOf({ HOME: "/home/ana", BRAVE_API_KEY: "k" }));
  const { search } = webSettings(config(""), keyed);
  assert.ok(search.enabled && search.key() === "k");
  assert.equal(webSettings(config(off), keyed).search.enabled, false);
});

test("R-AGENT-8: a channel that is off offers no tool", () => {
  const off = "channels: {webchat: {enabled: false}}";
  assert.equal(channelEnabled(config(off), "webchat"), false);
  assert.equal(channelEnabled(config(off), "terminal"), true);
  assert.ok(["exec", "read", "send", "group:declared"].every((name) => door(off, "webchat")?.deny.includes(name)));
});

test("R-AGENT-6: an agent has its own workspace and model, and what it says of tools only narrows", () => {
  const text = `
agents:
  defaults: {model: {primary: anthropic/a}}
  entries:
    research: {workspace: ~/research, model: {primary: ollama/b}, tools: {profile: full, deny: [send], exec: {security: full, ask: off}}}
    quiet: {workspace: ~/quiet, tools: {profile: minimal, exec: {security: deny, ask: always}}}
channels: {terminal: {tools: {profile: coding}}}`;
  assert.equal(posture(text, "research").fs.workspace, "/home/ana/research");
  const research = posture(text, "research").channels.get("terminal");
  assert.deepEqual(
    [research?.profile, research?.exec.security, research?.exec.ask, research?.deny],
    ["coding", "allowlist", "on-miss", ["send"]],
  );
  const quiet = posture(text, "quiet").channels.get("terminal");
  assert.deepEqual([quiet?.profile, quiet?.exec.security, quiet?.exec.ask], ["minimal", "deny", "always"]);
  assert.deepEqual(
    agentSettings(config(text), places).map((agent) => [agent.id, agent.workspace]),
    [
      ["main", "/home/ana/vambrace"],
      ["research", "/home/ana/research"],
      ["quiet", "/home/ana/quiet"],
    ],
  );
  assert.equal(
    modelSettings(config(text), env, secretsIn(env), parseAgentId("research")).config?.primary.provider,
    "ollama",
  );
  assert.equal(modelSettings(config(text), env, secretsIn(env), parseAgentId("quiet")).config?.primary.model, "a");
});

test("R-NET-1: an egress entry means GET and HEAD on 443 unless it says more", () => {
  const { egress } = posture(
    "egress: {allow: [example.org, {host: '*.example.com', ports: [443, 8443], methods: [POST]}]}",
  );
  assert.deepEqual(egress, [
    { host: "example.org", ports: [443], methods: ["GET", "HEAD"] },
    { host: "*.example.com", ports: [443, 8443], methods: ["POST"] },
  ]);
});

test("limits, effects, declarations, roles and persons reach the judge", () => {
  const all = posture(`
tools:
  exec: {timeoutSeconds: 5, outputKilobytes: 1}
  declarations: {pay: {effect: pay, arguments: {to: {role: recipient}}}, odd: {}}
agents: {defaults: {sandbox: {memoryMb: 64, processes: 8, fileMb: 1, cpus: 1.5}}}
effects: {send: elevated}
roles: {reader: [read_files]}
people: {ana: {trust: standard, roles: [reader]}}`);
  assert.deepEqual(all.limits, {
    wallMs: 5_000,
    outputBytes: 1_024,
    memoryBytes: 64 * 1_048_576,
    processes: 8,
    fileBytes: 1_048_576,
    cpus: 1.5,
  });
  assert.deepEqual([...all.effects], [["send", "elevated"]]);
  assert.equal(all.declarations.get("pay")?.roles.get("to"), "recipient");
  assert.deepEqual(all.declarations.get("odd"), {
    name: "odd",
    effect: "unknown",
    roles: new Map(),
    returns: { trust: "none", confidentiality: "private" },
    directory: false,
  });
  assert.deepEqual(all.persons.get("ana"), { trust: "standard", roles: ["reader"] });
  assert.deepEqual(all.roles?.get("reader"), ["read_files"]);
});

test("R-GATE-1: the gateway listens on this machine alone unless told otherwise", () => {
  assert.deepEqual(gatewaySettings(config("")), {
    host: "127.0.0.1",
    port: 18_888,
    allowedHosts: ["localhost", "127.0.0.1", "[::1]"],
    trustedProxies: [],
  });
  const wide = gatewaySettings(
    config("gateway: {bind: lan, mode: remote, trustedProxies: [10.0.0.2], allowedHosts: [a.example.org]}"),
  );
  assert.deepEqual(
    [wide.host, wide.trustedProxies, wide.allowedHosts.at(-1)],
    ["0.0.0.0", ["10.0.0.2"], "a.example.org"],
  );
  assert.equal(gatewaySettings(config("gateway: {bind: custom, customBindHost: 127.0.0.9}")).host, "127.0.0.9");
});

/** Every key that weakens something, and the words that its line has to hold. */
const WEAKER: readonly [string, RegExp][] = [
  ["session: {dmScope: main}", /session\.dmScope: main/],
  ["session: {dmScope: per-channel-peer}", /session\.dmScope/],
  ["gateway: {bind: lan, mode: remote, trustedProxies: [10.0.0.2], allowedHosts: [a]}", /gateway\.bind: lan/],
  ["gateway: {mode: remote}", /gateway\.mode/],
  ["tools: {fs: {workspaceOnly: false}}", /workspaceOnly/],
  ["tools: {fs: {allowedPaths: [/srv]}}", /\/srv/],
  ["tools: {exec: {security: full}}", /tools\.exec\.security: full/],
  ["channels: {api: {tools: {exec: {security: allowlist}}}}", /channels\.api\.tools\.exec\.security/],
  ["channels: {terminal: {tools: {exec: {security: full, ask: off}}}}", /without a question/],
  ["tools: {profile: full}", /profile: full/],
  ["egress: {allow: [{host: example.org, methods: [POST]}]}", /example\.org takes POST/],
  ["egress: {allow: ['*.example.org']}", /every subdomain/],
  ["egress: {allow: [{host: example.org, tls: passthrough}]}", /example\.org with tls: passthrough/],
  [
    "egress: {credentials: {x: {secret: '${MY_KEY}', hosts: ['*.example.org'], variable: X}}}",
    /every subdomain of example\.org is given the value/,
  ],
  ["dlp: {rules: [{find: [secret], direction: out, action: allow}]}", /dlp\.rules: secret: .*other machines/],
  ["dlp: {rules: [{find: [personal], direction: out, to: [host], action: allow}]}", /payment-card, .*other machines/],
  ["folders: [{path: ~/vambrace, trust: full}]", /full trust/],
  ["people: {ana: {trust: full}}", /people\.ana\.trust/],
  ["models: {localOnly: never}", /models\.localOnly: never/],
  ["agents: {defaults: {quarantine: {results: off}}}", /quarantine\.results: off/],
  ["agents: {defaults: {quarantine: {bits: 64}}}", /quarantine\.bits: 64/],
  ["agents: {defaults: {plan: off}}", /defaults\.plan: off/],
];

for (const [text, line] of WEAKER) {
  test(`a weaker mode is named: ${text}`, () => {
    const { downgrades } = parseConfig(text, at);
    assert.ok(
      downgrades.some((each) => line.test(each)),
      downgrades.join("\n"),
    );
  });
}

test("a stricter mode is no downgrade", () => {
  assert.deepEqual(
    parseConfig(
      "tools: {profile: minimal, deny: [exec], exec: {security: deny, ask: always, block: [nc]}}\negress: {allow: [example.org]}\ndlp: {rules: [{find: [personal], direction: out, action: block}]}",
      at,
    ).downgrades,
    [],
  );
});

test("folders are found deepest first", () => {
  const labels = folderLabels(
    config("folders: [{path: ~/v, trust: limited}, {path: ~/v/in, confidentiality: secret}]"),
    places,
  );
  assert.deepEqual(
    labels.map((each) => [each.path, each.trust, each.confidentiality]),
    [
      ["/home/ana/v/in", "none", "secret"],
      ["/home/ana/v", "limited", "private"],
    ],
  );
});

test("R-AGENT-9: every budget is a number that ends", () => {
  const { prices, maxMoneyPerTurn, daily, ...turn } = budgetSettings(config(""));
  for (const limit of [...Object.values(turn), ...Object.values(daily.day), ...Object.values(daily.person)])
    assert.ok(limit > 0 && Number.isFinite(limit));
  assert.equal(maxMoneyPerTurn, Number.POSITIVE_INFINITY);
  assert.equal(prices.size, 0);
  const priced = budgetSettings(
    config(
      "agents: {defaults: {budgets: {turn: {money: 2}, day: {seconds: 60}}}}\nmodels: {prices: {anthropic/x: {input: 3, output: 15}}}",
    ),
  );
  assert.deepEqual(
    [priced.maxMoneyPerTurn, priced.daily.day.wallMs, priced.prices.get("anthropic/x")?.output],
    [2, 60_000, 15],
  );
});

test("R-AGENT-3: without a configured model the environment decides, by names that are handed on", () => {
  const given = environmentOf({ HOME: "/h", LLM_PROVIDER: "ollama", OTHER_SECRET: "x" });
  assert.deepEqual(modelSettings(config(""), given, secretsIn(given)), { env: { LLM_PROVIDER: "ollama" } });
});

test("the owner is there without being named, and can be named", () => {
  assert.equal(peopleOf(config("")).get("owner")?.trust, "full");
  assert.equal(peopleOf(config("people: {owner: {trust: full, name: Ana}}")).get("owner")?.name, "Ana");
});

test("paths into the configuration find what counts, defaults and all", () => {
  const loaded = parseConfig("people: {'ana@example.org': {trust: limited}}\nfolders: [{path: ~/x}]", at);
  assert.equal(getPath(loaded, parsePath("gateway.port")), 18_888);
  assert.equal(getPath(loaded, parsePath('people["ana@example.org"].trust')), "limited");
  assert.equal(getPath(loaded, parsePath("folders[0].path")), "~/x");
  assert.equal(getPath(loaded, parsePath("channels.terminal.tools.exec.security")), "allowlist");
  assert.equal(getPath(loaded, parsePath("tools.exec.security")), "deny");
  for (const absent of ["nothing", "gateway.port.x", "constructor", "__proto__", "folders[7]"]) {
    assert.equal(getPath(loaded, parsePath(absent)), undefined, absent);
  }
  for (const bad of ["", ".", "a..b", "a[", "a[x]", "a.", 'a["', "a b"])
    assert.throws(() => parsePath(bad), { code: "CONFIG_MALFORMED" });
  assert.equal(JSON.stringify(effectiveTree(loaded)).includes("undefined"), false);
});

test("the state folder is VAMBRACE_HOME, else in the home folder, and absolute", () => {
  assert.equal(stateFolder(environmentOf({ HOME: "/h" })), "/h/.vambrace");
  assert.equal(stateFolder(environmentOf({ HOME: "/h", VAMBRACE_HOME: "/s" })), "/s");
  assert.throws(() => stateFolder(environmentOf({ VAMBRACE_HOME: "state" })), { code: "CONFIG_UNSAFE" });
  assert.throws(() => userHome(environmentOf({ HOME: "h" })), { code: "CONFIG_UNSAFE" });
});
