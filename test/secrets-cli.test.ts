import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { CLI } from "./campaign.ts";
import { makeHome } from "./cli-kit.ts";
import { CTRL_C, makePlace, missing, openTerminal } from "./terminal-kit.ts";

const VALUE = "CANARY-typed-31a7";
const PASSPHRASE = "five random words of mine";

test("R-KEY-1: on a terminal a value and a passphrase are asked for and never shown", {
  skip: missing(),
}, async (t) => {
  const place = await makePlace(t);
  const init = openTerminal(place, ["secrets", "init", "--unlock", "passphrase"]);
  await init.see(/new passphrase of the vault/);
  init.say(PASSPHRASE);
  await init.see(/again: $/);
  init.say(PASSPHRASE);
  const made = await init.see(/next: /);
  assert.doesNotMatch(made, /five random/);
  assert.equal(await init.ended, 0);
  const key = join(place.home, ".config", "vambrace", "vault.key");
  assert.doesNotMatch(readFileSync(key, "latin1"), /AGE-SECRET-KEY/);
  assert.match(readFileSync(join(place.state, "config.yaml"), "utf8"), /unlock: passphrase/);

  const set = openTerminal(place, ["secrets", "set", "github"]);
  await set.see(/value of github \(not shown\): $/);
  set.press(`wrong${"\u007f".repeat(5)}`);
  set.say(VALUE);
  const asked = await set.see(/passphrase of the vault: $/);
  set.say(PASSPHRASE);
  const kept = await set.see(/kept as vault:github/);
  assert.doesNotMatch(asked + kept, /CANARY|five random|wrong/);
  assert.equal(await set.ended, 0);

  // The drill of a backup opens the vault that came back, so it asks too.
  const ran = (...args: readonly string[]): number | null =>
    spawnSync(process.execPath, [CLI, ...args], { env: place.env, cwd: place.home }).status;
  const [backups, identity] = [join(place.home, "backups"), join(place.home, "backup.key")];
  assert.equal(ran("backup", "key", identity), 0);
  const [recipient] = /age1[a-z0-9]+/.exec(readFileSync(identity, "latin1")) ?? [];
  assert.equal(ran("config", "set", "backup.recipients", JSON.stringify([recipient])), 0);
  assert.equal(ran("backup", "create", "--to", backups), 0);
  const drill = openTerminal(place, ["backup", "drill", "--from", backups, "--identity", identity]);
  const begun = await drill.see(/passphrase of the vault: $/);
  drill.say(PASSPHRASE);
  const tried = await drill.see(/the vault opens: 1 value\b[\s\S]*it can be restored/);
  assert.doesNotMatch(begun + tried, /five random/);
  assert.equal(await drill.ended, 0);

  const broken = openTerminal(place, ["secrets", "rotate", "github"]);
  await broken.see(/new value of github/);
  broken.press(CTRL_C);
  await broken.see(/nothing was given/);
  assert.equal(await broken.ended, 2);
});

test("R-KEY-1: two writers at once wait for one another, and nothing that either kept is lost", async (t) => {
  const home = makeHome(t);
  assert.equal((await home.run(["secrets", "init"])).status, 0);
  const names = ["a", "b", "c", "d"];
  const all = await Promise.all(names.map((name) => home.run(["secrets", "set", name], `value-of-${name}-1`)));
  assert.deepEqual(
    all.map(({ status }) => status),
    [0, 0, 0, 0],
    all.map(({ err }) => err).join(),
  );
  const { out } = await home.run(["secrets", "list", "--json"]);
  const listed: readonly { readonly id: string }[] = JSON.parse(out);
  assert.deepEqual(
    listed.map(({ id }) => id),
    names.map((name) => `vault:${name}`),
  );
  for (const name of ["vault.age", "secrets.json"]) assert.equal(statSync(join(home.state, name)).mode & 0o777, 0o600);
});

test("R-KEY-1: without a vault, with an open key file, a wrong passphrase or a broken vault it says what to do, and keeps nothing", async (t) => {
  const home = makeHome(t);
  const none = await home.run(["secrets", "set", "github"], VALUE);
  assert.equal(none.status, 1);
  assert.match(none.err, /there is no vault yet\nhint: make one: `vambrace secrets init`/);
  assert.equal((await home.run(["secrets", "init"])).status, 0);
  assert.equal((await home.run(["secrets", "set", "github"], VALUE)).status, 0);
  const key = join(home.root, ".config", "vambrace", "vault.key");
  chmodSync(key, 0o644);
  const open = await home.run(["secrets", "set", "other"], VALUE);
  assert.equal(open.status, 2);
  assert.match(open.err, /chmod 600/);
  chmodSync(key, 0o600);
  const vault = join(home.state, "vault.age");
  const good = readFileSync(vault);
  writeFileSync(vault, good.subarray(0, -1));
  const broken = await home.run(["secrets", "set", "other"], VALUE);
  assert.equal(broken.status, 4);
  assert.match(broken.err, /its end is missing/);
  assert.equal(readFileSync(vault).length, good.length - 1, "it is left as it is");
  writeFileSync(vault, good);
  for (const input of ["", "short", "a".repeat(70_000)]) {
    const weak = await home.run(["secrets", "set", "other"], input);
    assert.equal(weak.status, 2);
    assert.match(weak.err, /cannot be kept/);
  }
  assert.equal((await home.run(["secrets", "set", "other"], VALUE)).status, 0);
});

test("R-KEY-1: secrets are brought in from a file, after a look that keeps nothing", async (t) => {
  const home = makeHome(t);
  await home.run(["secrets", "init"]);
  const file = home.file("old/.env", `GITHUB_TOKEN=${VALUE}\nPORT=1\n`);
  const look = await home.run(["secrets", "import", file, "--dry-run", "--prefix", "old."]);
  assert.deepEqual([look.status, look.out], [0, "old.github_token\tGITHUB_TOKEN\n"]);
  assert.equal(existsSync(join(home.state, "vault.age")), false);
  const kept = await home.run(["secrets", "import", file]);
  assert.deepEqual([kept.status, kept.out], [0, "vault:github_token\tGITHUB_TOKEN\n"]);
  const again = await home.run(["secrets", "import", file]);
  assert.match(again.err, /there already: vault:github_token/);
  assert.doesNotMatch(look.err + kept.err + again.err, /CANARY/);
});
