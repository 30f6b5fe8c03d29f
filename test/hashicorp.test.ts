import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { Fault } from "../src/core/fault.ts";
import { parseSecretId } from "../src/core/secret-ref.ts";
import { type HashicorpServer, hashicorpSource } from "../src/edges/vault/hashicorp.ts";
import { createNet } from "../src/edges/net/net.ts";
import { startVault } from "./hashicorp-server.ts";

const SECRET = "CANARY-hashicorp-81d2";
const vault = await startVault();
const net = createNet();
after(async () => {
  await net.close();
  await vault.close();
});

beforeEach(() => {
  vault.tokens.clear();
  vault.kv.clear();
  vault.forbidden.clear();
  vault.asked.splice(0);
  Object.assign(vault, { answer: undefined, isSealed: false, namespace: undefined });
  vault.tokens.add("hvs.root");
  vault.roles.set("gateway", "CANARY-secret-id-1");
  vault.kv.set("apps/github", { data: { token: SECRET, port: 8 }, createdTime: "2026-10-01T00:00:00.5Z" });
});

const byToken = (token = "hvs.root"): HashicorpServer => ({
  origin: vault.origin,
  mount: "secret",
  auth: { kind: "token", token: () => token },
});
const byRole = (secretId = "CANARY-secret-id-1"): HashicorpServer => ({
  ...byToken(),
  auth: { kind: "approle", mount: "approle", roleId: "gateway", secretId: () => secretId },
});
const refs = (...ids: readonly string[]) => ids.map((id) => parseSecretId(`hashicorp:${id}`));
const read = async (server: HashicorpServer, ...ids: readonly string[]) => [
  ...(await hashicorpSource(server, net).read(refs(...ids), AbortSignal.timeout(10_000))),
];

const refused = (says: RegExp) => (thrown: unknown) => {
  assert.ok(thrown instanceof Fault, String(thrown));
  assert.match(thrown.code, /^(SECRET_UNAVAILABLE|DESTINATION_\w+)$/);
  assert.match(thrown.message, says);
  assert.doesNotMatch(`${thrown.message} ${thrown.hint} ${JSON.stringify(thrown.facts)}`, /CANARY|hvs\./);
  return true;
};

test("R-KEY-1: a field of a KV path is read with the age of its version; each path is asked once", async () => {
  assert.deepEqual(await read(byToken(), "apps/github#token", "apps/github#none", "apps/github#port", "apps/none#x"), [
    ["hashicorp:apps/github#token", { value: SECRET, setMs: Date.parse("2026-10-01T00:00:00.5Z") }],
  ]);
  assert.deepEqual(vault.asked, ["GET /v1/secret/data/apps/github", "GET /v1/secret/data/apps/none"]);
});

test("R-KEY-1: a version that was deleted is not there", async () => {
  vault.kv.set("apps/github", { data: {}, createdTime: "2026-10-01T00:00:00Z", isDeleted: true });
  assert.deepEqual(await read(byToken(), "apps/github#token"), []);
});

test("R-KEY-1: with AppRole a token is taken for one reading, and given back also where that fails", async () => {
  const before = vault.tokens.size;
  assert.equal((await read(byRole(), "apps/github#token")).length, 1);
  assert.equal(vault.tokens.size, before);
  assert.deepEqual(
    vault.asked.map((line) => line.replace(/.* \/v1\//, "")),
    ["auth/approle/login", "secret/data/apps/github", "auth/token/revoke-self"],
  );
  vault.forbidden.add("apps/secret");
  await assert.rejects(read(byRole(), "apps/secret#token"), refused(/may not read/));
  assert.equal(vault.tokens.size, before);
});

test("R-KEY-1: a token that may not, a wrong role, and a sealed server are told apart, without a secret in the words", async () => {
  await assert.rejects(read(byToken("hvs.CANARY-wrong"), "apps/github#token"), refused(/may not read/));
  await assert.rejects(read(byRole("CANARY-wrong-id"), "apps/github#token"), refused(/does not understand/));
  vault.isSealed = true;
  await assert.rejects(read(byToken(), "apps/github#token"), refused(/sealed/));
  vault.isSealed = false;
  assert.equal((await read(byToken(), "apps/github#token")).length, 1);
});

test("R-KEY-1: answers in another form, redirects, floods and silence are refused", async () => {
  for (const body of ["", "<html>", `{"data":"${SECRET}"}`, JSON.stringify({ data: { data: { token: SECRET } } })]) {
    vault.answer = { status: 200, body };
    await assert.rejects(read(byToken(), "apps/github#token"), refused(/another form/));
  }
  vault.answer = { status: 307, body: "", headers: { location: "http://169.254.169.254/" } };
  await assert.rejects(read(byToken(), "apps/github#token"), refused(/answered 307/));
  vault.answer = { status: 200, body: "x".repeat(5 * 1024 * 1024) };
  await assert.rejects(read(byToken(), "apps/github#token"), refused(/another form/));
  await assert.rejects(
    read({ ...byToken(), origin: "http://127.0.0.1:9" }, "apps/github#token"),
    refused(/does not answer/),
  );
});

test("R-KEY-1: the namespace is said where one is configured", async () => {
  vault.namespace = "team-a";
  assert.deepEqual(await read(byToken(), "apps/github#token"), []);
  assert.equal((await read({ ...byToken(), namespace: "team-a" }, "apps/github#token")).length, 1);
});
