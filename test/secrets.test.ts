import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { call, helpersOf, recordsOf, type Running, tokenOf } from "./campaign.ts";
import { type Reply, sse } from "./models-server.ts";
import { CANARIES, filesIn, readOf, type SecretsKit, secretsKit, spilled } from "./secrets-kit.ts";

const chunk = (delta: unknown, finish: string | null, usage?: unknown) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...(usage === undefined ? {} : { usage }),
});
/** What the provider repeats: every key that there is. */
const repeated: string[] = Object.values(CANARIES).filter((value) => value !== CANARIES.rotated);
const answer: Reply = (...given) =>
  sse(
    chunk({ role: "assistant", content: `the keys are ${repeated.join(" and ")}, good bye.` }, null),
    chunk({}, "stop", { prompt_tokens: 600, completion_tokens: 400, total_tokens: 1000 }),
    "[DONE]",
  )(...given);

const kit: SecretsKit = await secretsKit(answer, {
  limits: { "vault:model": { tokens: 10_000 } },
});
after(() => kit.close());

let running: Running;
let messages = 0;
const ask = (text = "hello") =>
  call(running.url, tokenOf(kit.place), "/api/chat", { text, messageId: `m-${++messages}` });
const keysSent = (): readonly string[] =>
  kit.provider.seen.map(({ headers }) => String(headers.authorization).replace("Bearer ", ""));
const list = async () => {
  const { out } = await kit.run(["secrets", "list", "--json"]);
  const all = JSON.parse(out) as readonly { id: string; state: string; today: { tokens: number } | null }[];
  return new Map(all.map((one) => [one.id, one]));
};

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 50) {
    if (await holds()) return;
    await wait(50);
  }
  assert.fail("it did not come to pass");
}

test("R-KEY-1: a value among the words of a command is refused, and is not repeated", async () => {
  const { status, err } = await kit.run(["secrets", "set", "model", CANARIES.vault]);
  assert.equal(status, 2);
  assert.match(err, /history/);
  for (const words of [
    ["rotate", "model", CANARIES.vault],
    ["set", "model", `--value=${CANARIES.vault}`],
  ])
    assert.equal((await kit.run(["secrets", ...words])).status, 2);
});

test("R-KEY-1: a gateway starts on keys from the vault, a sops file, HashiCorp Vault and the environment; the provider gets its own", async () => {
  await assert.rejects(kit.start(), /there is no key file|vault:model/, "without the secret it does not start");
  assert.equal((await kit.run(["secrets", "init"])).status, 0);
  const set = await kit.run(["secrets", "set", "model"], `${CANARIES.vault}\n`);
  assert.equal(set.status, 0, set.err);
  running = await kit.start();
  const { status, body } = await ask();
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual(keysSent(), [CANARIES.vault]);
  const states = await list();
  for (const id of [
    "vault:model",
    "sops:team/ci.deploy",
    "hashicorp:apps/web#token",
    "env:VAULT_TOKEN",
    "env:BRAVE_API_KEY",
  ])
    assert.equal(states.get(id)?.state, "ready", id);
});

test("R-DLP-2, R-KEY-1: what the provider repeats of any of them is redacted in the answer", async () => {
  const { body } = await ask();
  assert.match(JSON.stringify(body), /the keys are \[redacted/);
  assert.deepEqual(spilled(Buffer.from(JSON.stringify(body))), []);
});

test("R-KEY-3: what a model used is counted for its key", async () => {
  await until(async () => ((await list()).get("vault:model")?.today?.tokens ?? 0) >= 2000);
});

test("R-KEY-2: a rotated key counts with the next request; the old one can be brought back until it is confirmed", async () => {
  assert.equal((await kit.run(["secrets", "rotate", "model", "--keep-old"], CANARIES.rotated)).status, 0);
  repeated.push(CANARIES.rotated);
  await ask();
  assert.equal(keysSent().at(-1), CANARIES.rotated);
  assert.equal((await kit.run(["secrets", "rotate", "model", "--undo"])).status, 0);
  await ask();
  assert.equal(keysSent().at(-1), CANARIES.vault);
  assert.equal((await kit.run(["secrets", "rotate", "model", "--confirm"])).status, 1, "nothing is kept any more");
  const { body } = await ask();
  assert.deepEqual(spilled(Buffer.from(JSON.stringify(body))), [], "the one that was let go is known too");
});

test("R-KEY-2: every change is in the ledger, with names and salted digests", async () => {
  const what = async (): Promise<readonly string[]> =>
    (await recordsOf(kit.place.state))
      .filter(({ kind }) => kind === "secret")
      .map(({ what, result }) => `${what} ${result}`);
  await until(async () => (await what()).includes("secret.undone ok"));
  for (const wanted of [
    "secret.vault-made ok",
    "secret.set ok",
    "secret.rotated ok",
    "secret.undone ok",
    "secret.read-again ok",
  ])
    assert.ok((await what()).includes(wanted), `${wanted} in ${(await what()).join(", ")}`);
  const rotated = (await recordsOf(kit.place.state)).find((one) => one.what === "secret.rotated");
  assert.equal(rotated?.target, "vault:model");
  assert.match(JSON.stringify(rotated?.data?.["digests"]), /^\["[0-9a-f]{64}"\]$/);
});

test("R-KEY-3: a key that is used up for the day is refused in plain words, and that is in the ledger", async () => {
  for (let i = 0; i < 10; i++) await ask();
  const before = keysSent().length;
  const { body } = await ask();
  assert.match(JSON.stringify(body), /used up for today/);
  assert.equal(keysSent().length, before, "nothing was sent");
  await until(async () =>
    (await recordsOf(kit.place.state)).some((one) => one.what === "secret.used-up" && one.target === "vault:model"),
  );
});

test("R-KEY-2: `revoke` takes a key out of use at once, in the gateway that runs", async () => {
  const { status, out } = await kit.run(["secrets", "revoke", "model", "sops:team/ci.deploy", "--why", "a drill"]);
  assert.deepEqual([status, out], [0, "vault:model\nsops:team/ci.deploy\n"]);
  const before = keysSent().length;
  const { body } = await ask();
  assert.match(JSON.stringify(body), /was revoked/);
  assert.equal(keysSent().length, before);
  assert.equal((await kit.run(["secrets", "revoke", "nobody"])).status, 1);
});

test("R-KEY-1: no value is in a command line or an environment of what the gateway started; a core dump would hold none", () => {
  const helpers = [...helpersOf(running.pid).values()];
  assert.equal(helpers.length, 3);
  for (const pid of helpers) {
    for (const name of ["cmdline", "environ"]) assert.deepEqual(spilled(readOf(`/proc/${pid}/${name}`)), []);
    assert.equal(Number.parseInt(readFileSync(`/proc/${pid}/coredump_filter`, "utf8"), 16), 0);
  }
  assert.deepEqual(spilled(readOf(`/proc/${running.pid}/cmdline`)), []);
  assert.equal(Number.parseInt(readFileSync(`/proc/${running.pid}/coredump_filter`, "utf8"), 16), 0);
});

test("R-KEY-1: a command in the sandbox sees none of them", async () => {
  const command = "env; set; ls -la";
  const { body } = await call(running.url, tokenOf(kit.place), "/api/execute", {
    tool: "exec",
    arguments: { command },
  });
  assert.match(JSON.stringify(body), /PATH=/, "it ran");
  assert.deepEqual(spilled(Buffer.from(JSON.stringify(body))), []);
});

test("R-KEY-2: `revoke --all` leaves nothing usable, also where the vault's key is gone, and a new value counts again", async () => {
  const key = join(kit.place.home, ".config", "vambrace", "vault.key");
  const kept = readFileSync(key);
  rmSync(key);
  assert.equal((await kit.run(["secrets", "revoke", "--all"])).status, 2, "without a terminal it has to be said twice");
  const { status, err } = await kit.run(["secrets", "revoke", "--all", "--yes"]);
  assert.equal(status, 0, err);
  for (const { id, state } of (await list()).values()) assert.equal(state, "revoked", id);
  const { writeFileSync } = await import("node:fs");
  writeFileSync(key, kept, { mode: 0o600 });
  assert.match(JSON.stringify((await ask()).body), /was revoked/);
  await running.stop();
  running = await kit.start();
  assert.match(JSON.stringify((await ask()).body), /was revoked/, "a restart brings nothing back");
  assert.equal((await kit.run(["secrets", "set", "model"], CANARIES.rotated)).status, 0);
  assert.equal((await list()).get("vault:model")?.state, "ready");
});

test("R-KEY-1, R-DLP-2: of all that was written and printed, nothing holds a value: ledger, store, logs, history, vault, errors", async () => {
  kit.printed.push(running.said());
  await running.stop();
  const names = readdirSync(kit.place.state);
  for (const wanted of ["ledger", "store", "logs", "vault.age", "secrets.json"])
    assert.ok(names.includes(wanted), wanted);
  const files = [...filesIn(kit.place.root)];
  assert.ok(files.length > 20, `${files.length} files`);
  const found = files.flatMap((path) => spilled(readOf(path)).map((name) => `${name} in ${path}`));
  assert.deepEqual(found, []);
  assert.deepEqual(spilled(Buffer.from(kit.printed.join("\n"))), []);
  assert.ok(kit.printed.join("").length > 1000);
  // The search itself finds what is there.
  assert.deepEqual(spilled(Buffer.from(`x${Buffer.from(CANARIES.sops).toString("base64")}`)), ["sops"]);
});
