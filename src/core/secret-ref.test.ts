import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isVaultName, parseReference, parseSecretId, referenceTo } from "./secret-ref.ts";

test("R-KEY-1: a reference names one secret in one place, and comes back as it was written", () => {
  for (const [text, id] of [
    ["${GITHUB_TOKEN}", "env:GITHUB_TOKEN"],
    ["${vault:github}", "vault:github"],
    ["${sops:team/ci.deploy_key}", "sops:team/ci.deploy_key"],
    ["${hashicorp:apps/web#token}", "hashicorp:apps/web#token"],
  ] as const) {
    const ref = parseReference(text);
    assert.ok(ref !== undefined);
    assert.equal(ref.id, id);
    assert.equal(referenceTo(ref), text);
    assert.deepEqual(parseSecretId(id), ref);
  }
});

test("R-KEY-1: what is nearly a reference is none", () => {
  for (const text of [
    "",
    "vault:github",
    "${github}",
    "${vault:}",
    "${vault:Git Hub}",
    "${vault:../x}",
    "${sops:team}",
    "${sops:team/}",
    "${sops:/x}",
    "${hashicorp:apps/web}",
    "${hashicorp:../sys/seal#x}",
    "${hashicorp:a//b#x}",
    "${hashicorp:a/./b#x}",
    "${other:x}",
    "x${vault:a}",
    "${vault:a}x",
    "$${vault:a}",
    "${vault:a\n}",
  ])
    assert.equal(parseReference(text), undefined, text);
});

test("R-KEY-1: no path of HashiCorp Vault leaves the folder that it begins in", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", ".", "/", "%", "?", "#", "\\"), maxLength: 20 }), (path) => {
      const ref = parseReference(`\${hashicorp:${path}#f}`);
      if (ref?.source !== "hashicorp") return;
      assert.equal(new URL(`/v1/secret/data/${ref.path}`, "http://x").pathname, `/v1/secret/data/${ref.path}`);
    }),
  );
});

test("R-KEY-1: names of the vault are plain", () => {
  assert.ok(isVaultName("openai.team-2"));
  for (const bad of ["", "A", "-x", "a b", "a/b", "a\nb", "x".repeat(129)]) assert.equal(isVaultName(bad), false);
});
