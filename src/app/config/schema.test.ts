import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { downgradesOf } from "./downgrades.ts";
import { config, refusal } from "./fixture.ts";
import { editDistance, nearest } from "../../core/nearest.ts";
import { configSchema } from "./schema.ts";
import { containerSettings, scratchSettings } from "./settings.ts";

test("R-OPS-1: an unknown key is refused with its line and the nearest known one", () => {
  const cases: readonly [string, number, string][] = [
    ["tools:\n  exec:\n    alow: [git]", 3, "tools.exec.allow"],
    ["toolz: {}", 1, "tools"],
    ["gateway:\n  prot: 1", 2, "gateway.port"],
    ["tools: {fs: {workspace_only: true}}", 1, "tools.fs.workspaceOnly"],
    ["egress:\n  allow:\n    - host: example.org\n      method: [GET]", 4, "egress.allow.0.methods"],
    ["agents: {entries: {research: {workspace: ~/r, modle: {}}}}", 1, "agents.entries.research.model"],
  ];
  for (const [text, line, key] of cases) {
    const { code, message, hint } = refusal(text);
    assert.equal(code, "CONFIG_KEY_UNKNOWN");
    assert.match(message, new RegExp(`line ${line}:`));
    assert.equal(hint, `did you mean \`${key}\`?`);
  }
  assert.match(refusal("xyzzy: 1").hint, /the keys here are: gateway, session/);
});

/** The guides' and OpenClaw's spellings, with the canonical key that the refusal has to name. */
const FOREIGN: readonly [string, RegExp][] = [
  ['messaging: {allowed_contacts: ["+1234567890"]}', /channels\.<name>\.allowFrom/],
  ["messaging: {block_unknown: true}", /channels\.<name>\.dmPolicy/],
  ["messaging: {group_mention_required: true}", /requireMention/],
  ["security: {file_access: {allowed_paths: [~/x]}}", /tools\.fs\.allowedPaths/],
  ["security: {file_access: {blocked_paths: [~/x]}}", /tools\.fs\.blockedPaths/],
  ["server: {port: 3456}", /gateway\.port/],
  ["server: {host: 127.0.0.1}", /gateway\.bind/],
  ["exec: {security: allow}", /tools\.exec/],
  ["tools: {exec: {security: allow}}", /`full`/],
  ["channels: {api: {tools: {exec: {security: allow}}}}", /`full`/],
  ["tools: {exec: {enabled: false}}", /tools\.exec\.security/],
  ["tools: {exec: {allowlist: [ls]}}", /tools\.exec\.allow/],
  ["sandbox: {enabled: true}", /agents\.defaults\.sandbox/],
  ["agents: {defaults: {sandbox: {mode: off}}}", /agents\.defaults\.sandbox\.enabled/],
  ["agents: {defaults: {sandbox: {enabled: false}}}", /cannot be turned off/],
  ["agents: {defaults: {sandbox: {backend: docker}}}", /backend: container/],
  ["agents: {defaults: {sandbox: {backend: ssh}}}", /backend: bubblewrap/],
  ["agents: {defaults: {sandbox: {scope: shared}}}", /scope: session/],
  ["agents: {defaults: {sandbox: {idleMinutes: 5}}}", /scope: session/],
  ["agents: {defaults: {sandbox: {docker: {image: x}}}}", /agents\.defaults\.sandbox\.container/],
  ["agents: {list: []}", /agents\.entries/],
  ["logging: {level: info}", /ledger always records/],
  ["gateway: {auth: {mode: none}}", /mode: token/],
  ["gateway: {auth: {token: your-secure-random-token}}", /vambrace token create/],
  ["gateway: {bind: 0.0.0.0}", /bind: lan/],
  ["gateway: {bind: 127.0.0.1}", /bind: loopback/],
  ["tools: {elevated: {enabled: true}}", /refused/],
  ["tools: {deny: [group:fs, sessions_spawn]}", /`spawn`/],
  ["tools: {deny: [sessions_send]}", /`message`/],
  ["anthropic_api_key: sk-ant-api03-abcdefghijklmnop", /ANTHROPIC_API_KEY/],
  ["channels: {whatsapp: {dmPolicy: pairing}}", /terminal, webchat and api/],
  ["cron: [{name: x}]", /nothing in this version reads it/],
];

for (const [text, canonical] of FOREIGN) {
  test(`another spelling is refused with the canonical key named: ${text}`, () => {
    const { code, message, hint } = refusal(text);
    assert.match(code, /^CONFIG_(KEY_UNKNOWN|UNSAFE)$/);
    assert.match(`${message} ${hint}`, canonical);
    assert.doesNotMatch(`${message} ${hint}`, /sk-ant|your-secure/, "a value was repeated");
  });
}

test("R-TOOL-1: the governance guide's hardened baseline is a configuration, in its own words", () => {
  const guide = `
gateway: { mode: local, bind: loopback, auth: { mode: token } }
session: { dmScope: per-channel-peer }
tools:
  profile: messaging
  deny: ["group:automation", "group:runtime", "group:fs", "spawn", "message"]
  fs: { workspaceOnly: true }
  exec: { security: deny, ask: always }
  elevated: { enabled: false }
`;
  assert.equal(config(guide).tools.exec.security, "deny");
});

test("R-GATE-1: wider than loopback needs to be meant, a named proxy, and names", () => {
  const base = "gateway: {bind: lan";
  assert.match(refusal(`${base}}`).message, /`gateway.mode` is `local`/);
  assert.match(refusal(`${base}, mode: remote}`).message, /without TLS/);
  assert.match(
    refusal(`${base}, mode: remote, trustedProxies: [10.0.0.2]}`).message,
    /names that the gateway is reached by/,
  );
  assert.equal(
    config(`${base}, mode: remote, trustedProxies: [10.0.0.2], allowedHosts: [a.example.org]}`).gateway.bind,
    "lan",
  );
  assert.match(refusal("gateway: {bind: custom}").message, /no address is named/);
  assert.match(refusal("gateway: {customBindHost: 10.0.0.1}").message, /`bind: custom` only/);
  assert.match(refusal("gateway: {bind: custom, customBindHost: 10.0.0.1}").message, /reaches beyond/);
  assert.equal(config("gateway: {bind: custom, customBindHost: 127.0.0.2}").gateway.customBindHost, "127.0.0.2");
  for (const everybody of ["0.0.0.0/0", "::/0", "0.0.0.0/1", "10.0.0.0/33", "proxy", "10.0.0.2/"]) {
    assert.equal(
      refusal(`${base}, mode: remote, trustedProxies: ["${everybody}"], allowedHosts: [a]}`).code,
      "CONFIG_MALFORMED",
    );
  }
});

test("R-EXEC-1: exec and fs take the canonical words and nothing else", () => {
  for (const security of ["deny", "allowlist", "full"])
    assert.equal(config(`tools: {exec: {security: ${security}}}`).tools.exec.security, security);
  for (const ask of ["off", "on-miss", "always"])
    assert.equal(config(`tools: {exec: {ask: ${ask}}}`).tools.exec.ask, ask);
  for (const bad of [
    "{security: yes}",
    "{ask: never}",
    "{allow: ls}",
    "{allow: [1]}",
    "{timeoutSeconds: 0}",
    "{timeoutSeconds: 3601}",
  ]) {
    assert.equal(refusal(`tools: {exec: ${bad}}`).code, "CONFIG_MALFORMED", bad);
  }
});

test("R-FS-1: paths are whole, without patterns, and never in a folder that is always blocked", () => {
  for (const bad of ["docs", "./docs", "~ana/x", "~/a/../b", "~/*", "/home/*/x", "C:\\x"]) {
    assert.equal(refusal(`tools: {fs: {allowedPaths: ['${bad}']}}`).code, "CONFIG_MALFORMED", bad);
  }
  for (const blocked of ["~/.ssh", "~/.aws/x", "~/.mozilla", "/etc", "/var/log", "~/.vambrace/config.yaml"]) {
    assert.equal(refusal(`tools: {fs: {allowedPaths: ['${blocked}']}}`).code, "CONFIG_UNSAFE", blocked);
  }
  assert.equal(refusal("tools: {fs: {allowedPaths: [/opt/vambrace/src]}}").code, "CONFIG_UNSAFE");
  assert.deepEqual(config("tools: {fs: {allowedPaths: [~/docs, /srv/data]}}").tools.fs.allowedPaths, [
    "~/docs",
    "/srv/data",
  ]);
});

test("R-FS-1: a workspace never lies above, in or at the state folder, the installation or a blocked folder", () => {
  for (const bad of [
    "/",
    "/home",
    "~",
    "~/.vambrace",
    "~/.vambrace/w",
    "/opt",
    "/opt/vambrace/w",
    "/etc/w",
    "~/.ssh",
    "~/.work",
  ]) {
    assert.equal(refusal(`agents: {defaults: {workspace: '${bad}'}}`).code, "CONFIG_UNSAFE", bad);
    assert.equal(refusal(`agents: {entries: {x: {workspace: '${bad}'}}}`).code, "CONFIG_UNSAFE", bad);
  }
  assert.equal(config("agents: {defaults: {workspace: /srv/agent}}").agents.defaults.workspace, "/srv/agent");
});

test("R-AGENT-6: no two agents share a workspace, nor lies one in the other", () => {
  assert.equal(refusal("agents: {entries: {x: {workspace: ~/vambrace/x}}}").code, "CONFIG_UNSAFE");
  assert.equal(refusal("agents: {entries: {x: {workspace: ~/x}, y: {workspace: ~/x}}}").code, "CONFIG_UNSAFE");
  assert.ok(config("agents: {entries: {x: {workspace: ~/x}, y: {workspace: ~/y}}}").agents.entries["y"]);
});

test("R-TOOL-1: a tool or group that there is not denies nothing, so it is refused", () => {
  assert.equal(refusal("tools: {deny: [exce]}").hint, "did you mean `exec`?");
  assert.equal(refusal("channels: {api: {tools: {allow: [group:files]}}}").code, "CONFIG_UNSAFE");
  assert.deepEqual(
    config("tools: {deny: [group:runtime, exec, lookup], declarations: {lookup: {effect: read}}}").tools.deny,
    ["group:runtime", "exec", "lookup"],
  );
  assert.equal(refusal("tools: {declarations: {exec: {effect: read}}}").code, "CONFIG_UNSAFE");
});

test("R-WHO-2: roles are sets of permissions; an unknown one is refused, a built-in one not redefined", () => {
  const defined = config("roles: {reader: [read_files]}\npeople: {ana: {trust: standard, roles: [reader]}}");
  assert.deepEqual(defined.roles["reader"], ["read_files"]);
  assert.equal(
    refusal("people: {ana: {trust: standard, roles: [reeder]}}\nroles: {reader: [read_files]}").hint,
    "did you mean `reader`?",
  );
  assert.equal(refusal("roles: {viewer: [execute_commands]}").code, "CONFIG_UNSAFE");
  assert.equal(refusal("roles: {x: [read_file]}").code, "CONFIG_MALFORMED");
  assert.equal(refusal("people: {ana: {trust: absolute}}").code, "CONFIG_MALFORMED");
  assert.equal(refusal("people: {owner: {trust: limited}}").code, "CONFIG_UNSAFE");
});

test("R-NET-1: an egress entry is one host; everything is not a host", () => {
  for (const good of ["example.org", "*.example.org", "xn--bcher-kva.example", "93.184.216.34", "localhost"]) {
    assert.ok(config(`egress: {allow: ['${good}']}`), good);
  }
  for (const bad of [
    "*",
    "*.org",
    "https://example.org",
    "example.org/x",
    "example.org:443",
    "Example.org",
    "bücher.example",
    "example.org.",
    "a b",
    "",
    "*.*.org",
    "1.2.3",
  ]) {
    assert.equal(refusal(`egress: {allow: ['${bad}']}`).code, "CONFIG_MALFORMED", bad);
  }
  assert.equal(refusal("egress: {allow: [{host: example.org, methods: [CONNECT]}]}").code, "CONFIG_MALFORMED");
});

test("R-AGENT-3: a model names a provider that there is, and a key goes over https only", () => {
  assert.equal(refusal("agents: {defaults: {model: {primary: antropic/x}}}").hint, "did you mean `anthropic`?");
  assert.match(refusal("models: {providers: {mine: {apiKey: '${MY_KEY}'}}}").message, /has no address/);
  assert.match(
    refusal("models: {providers: {mine: {baseURL: 'http://10.0.0.9/v1', apiKey: '${MY_KEY}'}}}").message,
    /unencrypted/,
  );
  assert.ok(config("models: {providers: {mine: {baseURL: 'http://127.0.0.1:8080/v1', apiKey: '${MY_KEY}'}}}"));
  assert.match(refusal("models: {providers: {mine: {baseURL: 'ftp://x/'}}}").code, /MALFORMED/);
});

test("configuration has a JSON schema that refuses unknown keys as well", () => {
  const schema = configSchema();
  assert.equal(schema["additionalProperties"], false);
  assert.deepEqual(Object.keys(Object(schema["properties"])).slice(0, 3), ["gateway", "session", "channels"]);
});

test("edit distance is a distance, and what is far off is not suggested", () => {
  const word = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      assert.equal(editDistance(a, b), editDistance(b, a));
      assert.equal(editDistance(a, b) === 0, a === b);
      assert.ok(editDistance(a, b) <= Math.max(a.length, b.length));
    }),
  );
  assert.equal(editDistance("prot", "port"), 1);
  assert.equal(nearest("zzzz", ["tools", "port"]), undefined);
  assert.equal(nearest("x".repeat(100_000), ["tools"]), undefined);
});

test("R-BOX-2: bubblewrap is the sandbox unless said, may be named, and another one is refused rather than ignored", () => {
  assert.equal(config("").agents.defaults.sandbox.backend, "bubblewrap");
  assert.equal(
    config("agents: {defaults: {sandbox: {backend: bubblewrap}}}").agents.defaults.sandbox.backend,
    "bubblewrap",
  );
  assert.match(refusal("agents: {defaults: {sandbox: {backend: gvisor}}}").hint, /bubblewrap/);
});

const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
const inContainers = (keys: string): string =>
  `agents: {defaults: {sandbox: {backend: container, container: {socket: /run/podman/podman.sock, ${keys}}}}}`;

test("R-BOX-2: containers take a socket and a pinned image; what is not said is the safe side of it", () => {
  for (const image of [DIGEST, `docker.io/library/debian@${DIGEST}`, `localhost:5000/a/b@${DIGEST}`]) {
    assert.deepEqual(containerSettings(config(inContainers(`image: "${image}"`))), {
      socket: "/run/podman/podman.sock",
      image,
      runtime: null,
      warm: 1,
      cpus: 2,
    });
  }
  const gvisor = containerSettings(config(inContainers(`image: "${DIGEST}", runtime: runsc, warm: 0, cpus: 0.5`)));
  assert.deepEqual([gvisor?.runtime, gvisor?.warm, gvisor?.cpus], ["runsc", 0, 0.5]);
  assert.equal(containerSettings(config("")), null);
});

test("R-BOX-4: an image without a digest is refused with how to pin it, and so is half a setting", () => {
  for (const image of ["debian", "debian:12", "debian:latest", `debian:12@${DIGEST.slice(0, -1)}`, "sha256:abc"]) {
    const { message, hint } = refusal(inContainers(`image: "${image}"`));
    assert.match(`${message} ${hint}`, /pin the image by digest/, image);
  }
  assert.match(refusal("agents: {defaults: {sandbox: {backend: container}}}").hint, /socket/);
  const unused = `agents: {defaults: {sandbox: {container: {socket: /s, image: "${DIGEST}"}}}}`;
  assert.match(refusal(unused).hint, /backend: container/);
  assert.match(refusal(inContainers(`image: "${DIGEST}", network: host`)).message, /network/);
  assert.match(refusal(inContainers(`image: "${DIGEST}", runtime: "../x"`)).hint, /runsc/);
  const apart = inContainers(`image: "${DIGEST}"`).replace("backend", "cpus: 1, backend");
  assert.match(refusal(apart).hint, /container\.cpus/);
});

test("R-BOX-1: a command's /tmp is its own unless it is to last for a session; then for so long after its last use", () => {
  assert.equal(scratchSettings(config("")), null);
  const says = (text: string): boolean => downgradesOf(config(text)).some((line) => line.includes("sandbox.scope"));
  assert.deepEqual([says(""), says("agents: {defaults: {sandbox: {scope: session}}}")], [false, true]);
  const lasting = (more: string) => config(`agents: {defaults: {sandbox: {scope: session${more}}}}`);
  assert.deepEqual(scratchSettings(lasting("")), { idleMs: 1_800_000 });
  assert.deepEqual(scratchSettings(lasting(", idleMinutes: 5")), { idleMs: 300_000 });
  assert.match(refusal("agents: {defaults: {sandbox: {scope: session, idleMinutes: 0}}}").message, /idleMinutes/);
});

test("R-DLP-1: a rule for sensitive data says what it means; one that could not do that is refused", () => {
  const rules = (text: string): string => `dlp: {rules: [${text}]}`;
  for (const good of [
    "{find: [secret], direction: out, to: [host], action: block}",
    "{find: [personal], direction: in, from: [result], action: redact}",
    "{find: [email, ip], direction: log, action: redact}",
  ]) {
    assert.ok(config(rules(good)), good);
  }
  for (const bad of [
    "{find: [], direction: out, action: block}",
    "{find: [passport], direction: out, action: block}",
    "{find: [secret], direction: in, to: [host], action: block}",
    "{find: [secret], direction: in, action: ask}",
    "{find: [secret], direction: log, action: allow}",
    "{find: [email], direction: log, action: block}",
  ]) {
    assert.equal(refusal(rules(bad)).code, "CONFIG_MALFORMED", bad);
  }
});
