import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { scanSecrets } from "./scan.ts";
import { SECRET_RULES } from "./secrets.ts";

/** As a pattern that strings can be made from: what stands around a match and the names of groups are left out. */
function plainOf({ source, flags }: RegExp): RegExp {
  const plain = source
    .replaceAll(/\(\?<?[!=](?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\)/g, "")
    .replaceAll("(?<value>", "(?:")
    .replaceAll(String.raw`\b`, "")
    .replaceAll(/\{(\d+),\d{3,}\}/g, (_, least: string) => `{${least},${Number(least) + 20}}`);
  return new RegExp(`^${plain}$`, flags.replaceAll(/[gi]/g, ""));
}

/** What stands before them, or is packed in them, makes them: no string can be made from the pattern alone. */
const OF_CONTEXT = new Set(
  "assigned-secret password-of-command kubernetes-secret telegram-bot-token json-web-token-wrapped registry-login".split(
    " ",
  ),
);

for (const rule of SECRET_RULES) {
  if (OF_CONTEXT.has(rule.id)) continue;
  test(`R-DLP-1: what is shaped as ${rule.id} says is found by it`, () => {
    const samples = fc.sample(fc.stringMatching(plainOf(rule.pattern)), { numRuns: 60, seed: 7 });
    const found = samples.some((text) => scanSecrets(` ${text} `).some((finding) => finding.rule === rule.id));
    assert.ok(found, samples[0]);
  });
}

/** The same letters each time, and in no order that a person would type. */
function letters(count: number, of: string): string {
  let state = 12_345;
  return Array.from({ length: count }, () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return of.charAt(Math.floor(state / 65_536) % of.length);
  }).join("");
}

const hex = (count: number): string => letters(count, "0123456789abcdef");
const mixed = (count: number): string =>
  letters(count, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

const TWINS: readonly (readonly [rule: string, secret: string, none: string])[] = [
  ["mailchimp-key", `${hex(32)}-us12`, `${hex(32)}-user`],
  ["stripe-webhook-secret", `whsec_${mixed(32)}`, "whsec_test"],
  ["google-access-token", `ya29.${mixed(60)}`, "ya29.txt"],
  ["google-refresh-token", `1//0${mixed(60)}`, `https://example.org/1//0${mixed(60)}`],
  ["asana-token", `1/1234567890123456:${hex(32)}`, `1/12:${hex(32)}`],
  ["azure-signature", `?se=2026&sig=${mixed(43)}%3D&sp=r`, "?sig=none%3D"],
  ["nuget-key", `oy2${letters(43, "abcdefghijklmnopqrstuvwxyz0123456789")}`, `oy2${"ab".repeat(21)}a`],
  ["crates-token", `cio${mixed(32)}`, "ciophilosophicalandpracticalreasons"],
  ["fireworks-key", `fw_${mixed(24)}`, "fw_configuration_is_loaded"],
  ["figma-token", `figd_${mixed(40)}`, "figd_short"],
  ["tailscale-key", `tskey-auth-${mixed(12)}-${mixed(32)}`, "tskey-auth-k123"],
  ["lob-key", `live_${hex(35)}`, `live_${hex(40)}`],
  ["netrc-password", `machine git.example login ana password ${mixed(16)}`, "a machine for login without password"],
  [
    "registry-login",
    `"auth": "${Buffer.from(`ana:${mixed(20)}`).toString("base64")}"`,
    `"auth": "${Buffer.from("no colon in this").toString("base64")}"`,
  ],
  ["putty-private-key", `Private-Lines: 1\n${mixed(64)}\n`, "Private-Lines: 1\nshort\n"],
];

for (const [rule, secret, none] of TWINS) {
  test(`R-DLP-1: ${rule} is found, and what only begins like it is not`, () => {
    assert.deepEqual([...new Set(scanSecrets(`a ${secret} b`).map((finding) => finding.rule))], [rule]);
    assert.deepEqual(scanSecrets(`a ${none} b`), []);
  });
}

test("R-DLP-1: hashes, ids, digests and public keys are no secrets", () => {
  for (const text of [
    `commit ${hex(40)}`,
    `"integrity": "sha512-${mixed(86)}=="`,
    `github.com/x/y v1.2.3 h1:${mixed(43)}=`,
    `checksum = "${hex(64)}"`,
    `image@sha256:${hex(64)}`,
    `traceparent: 00-${hex(32)}-${hex(16)}-01`,
    `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${mixed(43)} ana@host`,
    `/nix/store/${hex(32)}-bash-5.2`,
    `s3://bucket/2026/01/${hex(32)}.parquet`,
    "password VARCHAR(255) NOT NULL",
  ])
    assert.deepEqual(scanSecrets(text), [], text);
});
