import assert from "node:assert/strict";
import { test } from "node:test";
import { config, refusal } from "./fixture.ts";
import { toPosture } from "./posture.ts";
import { boundHosts, credentialSecrets, namedSecrets } from "./secret-settings.ts";

const places = { home: "/home/ana/.vambrace", userHome: "/home/ana", installation: "/opt/vambrace" };
const credential = (secret: string): string =>
  `egress: {credentials: {github: {secret: '${secret}', hosts: [api.github.com], variable: GITHUB_TOKEN}}}`;
const SOPS = "secrets: {sops: {team: {file: ~/team.enc.yaml}}}";
const HASHICORP = "secrets: {hashicorp: {address: 'https://vault.example:8200', token: '${VAULT_TOKEN}'}}";

test("R-KEY-1: a secret may be kept in each of four places, and the configuration holds its name only", () => {
  for (const [reference, more] of [
    ["${MY_KEY}", ""],
    ["${vault:github}", ""],
    ["${sops:team/ci.github}", SOPS],
    ["${hashicorp:apps/github#token}", HASHICORP],
  ] as const) {
    const read = config(`${credential(reference)}\n${more}`);
    const id = reference === "${MY_KEY}" ? "env:MY_KEY" : reference.slice(2, -1);
    assert.ok(namedSecrets(read).some(({ ref, at }) => ref.id === id && at === "egress.credentials.github.secret"));
    assert.deepEqual([...credentialSecrets(read)], [["github", id]]);
    assert.deepEqual([...boundHosts(read)], [[id, ["api.github.com"]]]);
  }
});

test("R-KEY-1: a reference stands only where a secret is expected, and names a place that is there", () => {
  assert.match(refusal("gateway: {allowedHosts: ['${vault:host}']}").message, /only where one is expected/);
  assert.match(refusal(credential("${sops:team/x}")).message, /sops file `team`, which is not there/);
  assert.match(refusal(credential("${hashicorp:a#b}")).message, /none is named/);
  assert.equal(refusal(credential("${vault:Bad Name}")).code, "CONFIG_SECRET");
  assert.equal(refusal(credential("x-written-out-x")).code, "CONFIG_SECRET");
});

test("R-KEY-1: HashiCorp Vault is opened by one of token and role, over https, and not by itself", () => {
  const at = (keys: string): string => `secrets: {hashicorp: {address: 'https://v.example:8200'${keys}}}`;
  assert.match(refusal(at("")).message, /needs `token` or `appRole`/);
  assert.match(refusal(at(", token: '${T}', appRole: {roleId: r, secretId: '${S}'}")).message, /needs/);
  assert.match(refusal(at(", token: '${hashicorp:a#b}'")).message, /the place that it is kept in/);
  assert.equal(refusal(at(", appRole: {roleId: r, secretId: written-out}")).code, "CONFIG_SECRET");
  assert.match(refusal(at(", token: '${T}'").replace("https:", "http:")).message, /in clear/);
  for (const local of ["http://127.0.0.1:8200", "http://localhost:8200", "http://[::1]:8200"])
    assert.ok(config(at(", token: '${vault:hc}'").replace("https://v.example:8200", local)));
  assert.equal(refusal(at(", token: '${T}'").replace(":8200", ":8200/v1")).code, "CONFIG_MALFORMED");
});

test("R-KEY-1, R-FS-1: what opens secrets lies in no workspace, and no tool may see it", () => {
  assert.match(refusal("secrets: {vault: {identity: ~/vambrace/key}}").message, /where the agent could read it/);
  assert.match(refusal("secrets: {sops: {a: {file: ~/a, identity: ~/vambrace/x/key}}}").message, /could read it/);
  assert.match(
    refusal("tools: {fs: {allowedPaths: [~/keys]}}\nsecrets: {vault: {identity: ~/keys/vault.key}}").message,
    /could read it/,
  );
  const { fs } = toPosture(config("secrets: {vault: {identity: ~/keys/vault.key}}"), places);
  assert.ok(fs.blockedPaths.includes("/home/ana/keys/vault.key"));
});

test("R-KEY-3: a limit is for a secret that can be named, and for something", () => {
  assert.ok(config("secrets: {limits: {'vault:github': {requests: 5, kilobytes: 1, tokens: 7, money: 0.5}}}"));
  for (const bad of [
    "github: {requests: 1}",
    "GITHUB_TOKEN: {requests: 1}",
    "'vault:a': {requests: 0}",
    "'vault:a': {calls: 1}",
  ])
    assert.match(refusal(`secrets: {limits: {${bad}}}`).code, /^CONFIG_(MALFORMED|KEY_UNKNOWN)$/, bad);
});
