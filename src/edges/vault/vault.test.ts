import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Fault } from "../../core/fault.ts";
import { newIdentity, sealFor, sealWithPassphrase, unseal } from "./age.ts";
import { contentText, EMPTY, set, type VaultContent } from "./content.ts";
import { checkPassphrase, keepKey, type KeyPlace, makeKey, openKey, parseIdentities, type VaultKey } from "./key.ts";
import { openKeyring } from "./keyring.ts";
import { failingDisk } from "./testing.ts";
import { openVault, replaceVault, sealVault } from "./vault.ts";

const SECRET = "CANARY-vault-6f1d20c7";
const PASSPHRASE = "five random words of mine";
const hasAge = spawnSync("age", ["--version"]).status === 0;
const withoutAge = hasAge ? false : "age is not installed";

type Context = { after(body: () => void): void };

function folder(t: Context): string {
  const path = mkdtempSync(join(tmpdir(), "vambrace-vault-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function madeKey(): Promise<VaultKey> {
  const { identity, recipient } = await newIdentity();
  return { identities: [identity], recipient };
}

const withSecret = (value = SECRET): VaultContent => set("github", value)(EMPTY, 1_000);

async function written(t: Context, value = SECRET): Promise<{ path: string; key: VaultKey }> {
  const path = join(folder(t), "vault.age");
  const key = await madeKey();
  replaceVault(path, await sealVault(withSecret(value), key));
  return { path, key };
}

const code = (wanted: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof Fault, String(thrown));
  assert.equal(thrown.code, wanted);
  assert.doesNotMatch(`${thrown.message} ${thrown.hint} ${JSON.stringify(thrown.facts)}`, /CANARY/);
  return true;
};

test("R-KEY-1: what was put into the vault comes out again, and stands nowhere in the file", async (t) => {
  const { path, key } = await written(t);
  const { secrets } = await openVault(path, key);
  assert.equal(secrets["github"]?.value, SECRET);
  assert.equal(readFileSync(path, "latin1").includes("CANARY"), false);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(await openVault(join(path, "..", "none.age"), key), EMPTY, "no vault is an empty one");
});

test("R-KEY-1: Debian's age opens our vault with our key file, and we open what it wrote", {
  skip: withoutAge,
}, async (t) => {
  const dir = folder(t);
  const place: KeyPlace = { unlock: "identity", file: join(dir, "key"), account: "x" };
  const deps = { keyring: () => openKeyring(), passphrase: () => Promise.reject(new Error("nobody")) };
  const key = await makeKey(place, deps);
  const path = join(dir, "vault.age");
  replaceVault(path, await sealVault(withSecret(), key));
  const opened = spawnSync("age", ["--decrypt", "-i", place.file, path], { encoding: "utf8" });
  assert.equal(opened.stderr, "");
  assert.match(opened.stdout, new RegExp(SECRET));

  for (const armoured of [[], ["--armor"]]) {
    const input = contentText(withSecret("CANARY-theirs-00000"));
    const theirs = spawnSync("age", ["--encrypt", ...armoured, "-r", key.recipient], { input });
    assert.equal(theirs.status, 0);
    rmSync(path);
    writeFileSync(path, theirs.stdout, { mode: 0o600 });
    assert.equal((await openVault(path, key)).secrets["github"]?.value, "CANARY-theirs-00000");
  }
  const theirKey = spawnSync("age-keygen", { encoding: "utf8" }).stdout;
  const [identity = ""] = parseIdentities(theirKey);
  const sealed = await sealFor(/public key: (\S+)/.exec(theirKey)?.[1] ?? "", "for them");
  assert.equal(
    Buffer.from(await unseal(sealed, { kind: "identities", identities: [identity] })).toString(),
    "for them",
  );
});

test("R-KEY-1: a byte that was changed, wherever it is, and an end that is missing, open nothing", async (t) => {
  const { path, key } = await written(t);
  const good = readFileSync(path);
  const put = (bytes: Uint8Array): void => writeFileSync(path, bytes);
  let tried = 0;
  for (let at = 0; at < good.length; at += 3) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ 1;
    put(bad);
    await assert.rejects(openVault(path, key), (thrown) => {
      assert.ok(thrown instanceof Fault);
      assert.match(thrown.code, /^SECRET_(DAMAGED|LOCKED)$/, `byte ${at}`);
      return true;
    });
    tried += 1;
  }
  assert.ok(tried > 100);
  for (const length of [0, 1, 20, good.length - 17, good.length - 1]) {
    put(good.subarray(0, length));
    await assert.rejects(openVault(path, key), Fault, `${length} bytes`);
  }
  put(Buffer.concat([good, Buffer.from("x")]));
  await assert.rejects(openVault(path, key), code("SECRET_DAMAGED"));
  put(good);
  assert.equal((await openVault(path, key)).secrets["github"]?.value, SECRET, "the whole file opens");
});

test("R-KEY-1: another key, a wrong passphrase, and what is no key, open nothing and say so", async (t) => {
  const { path } = await written(t);
  await assert.rejects(openVault(path, await madeKey()), code("SECRET_LOCKED"));
  const sealed = await sealWithPassphrase(PASSPHRASE, SECRET, 10);
  await assert.rejects(unseal(sealed, { kind: "passphrase", passphrase: "another passphrase" }), code("SECRET_LOCKED"));
  assert.equal(Buffer.from(await unseal(sealed, { kind: "passphrase", passphrase: PASSPHRASE })).toString(), SECRET);
  assert.throws(() => parseIdentities("# nothing\n"), code("SECRET_LOCKED"));
  assert.throws(() => parseIdentities(`AGE-SECRET-KEY-1ABC\n${SECRET}\n`), code("SECRET_LOCKED"));
});

test("R-KEY-1: content that opened and is no vault is refused without a word of it", async (t) => {
  const path = join(folder(t), "vault.age");
  const key = await madeKey();
  for (const text of [SECRET, `{"format":"${SECRET}"}`, JSON.stringify({ ...withSecret(), more: SECRET })]) {
    replaceVault(path, await sealFor(key.recipient, text));
    await assert.rejects(openVault(path, key), code("SECRET_DAMAGED"));
  }
});

test("R-KEY-1, R-FS-3: a vault that others may read, a link, a folder and somebody else's file are refused with the fix", async (t) => {
  const { path, key } = await written(t);
  for (const mode of [0o644, 0o640, 0o602]) {
    chmodSync(path, mode);
    await assert.rejects(openVault(path, key), (thrown) => {
      code("SECRET_UNSAFE")(thrown);
      assert.match((thrown as Fault).hint, /chmod 600/);
      return true;
    });
  }
  chmodSync(path, 0o600);
  const link = `${path}.link`;
  symlinkSync(path, link);
  await assert.rejects(openVault(link, key), code("SECRET_UNSAFE"));
  await assert.rejects(openVault(join(path, ".."), key), code("SECRET_UNSAFE"));
  if (process.getuid?.() === 0) {
    chownSync(path, 12_345, 12_345);
    await assert.rejects(openVault(path, key), (thrown) => {
      code("SECRET_UNSAFE")(thrown);
      assert.match((thrown as Fault).hint, /chown/);
      return true;
    });
    chownSync(path, 0, 0);
  }
  assert.equal((await openVault(path, key)).secrets["github"]?.value, SECRET, "put right, it opens");
});

test("R-KEY-1: INVARIANT(whole-vault): whichever call of the disk fails, or is the last, the vault opens with the old content or the new", async (t) => {
  const key = await madeKey();
  const bytes = await sealVault(withSecret("CANARY-the-new-one"), key);
  const old = await sealVault(withSecret(), key);
  let failed = 0;
  for (const how of ["fail", "crash", "late"] as const) {
    for (let at = 1; ; at++) {
      const dir = folder(t);
      const path = join(dir, "vault.age");
      replaceVault(path, old);
      const disk = failingDisk(at, how);
      try {
        replaceVault(path, bytes, disk);
        assert.ok(disk.calls() < at, `${how}: call ${at} failed and nobody was told`);
        break;
      } catch (thrown) {
        assert.ok(thrown instanceof Fault && thrown.code === "STATE_UNAVAILABLE", String(thrown));
        failed += 1;
      }
      const { secrets } = await openVault(path, key);
      assert.match(secrets["github"]?.value ?? "", /^CANARY-(vault-6f1d20c7|the-new-one)$/, `${how} ${at}`);
      // The next write goes through, and leaves nothing of the one before.
      replaceVault(path, bytes);
      assert.equal((await openVault(path, key)).secrets["github"]?.value, "CANARY-the-new-one");
      assert.deepEqual(readdirSync(dir), ["vault.age"]);
    }
  }
  assert.ok(failed >= 20, `${failed} places were tried`);
});

test("R-KEY-1: the new content is on the disk before it takes the old one's place", async (t) => {
  const path = join(folder(t), "vault.age");
  const order: string[] = [];
  const fs = await import("node:fs");
  const note =
    <A extends readonly unknown[], R>(name: string, call: (...given: A) => R) =>
    (...given: A): R => {
      order.push(name);
      return call(...given);
    };
  replaceVault(path, Buffer.from("x"), {
    ...fs,
    writeFileSync: note("write", fs.writeFileSync),
    fsyncSync: note("sync", fs.fsyncSync),
    renameSync: note("rename", fs.renameSync),
  });
  assert.deepEqual(order, ["write", "sync", "rename", "sync"]);
});

test("R-KEY-1: the key is kept as it was asked for, and one that stands in clear where a passphrase was meant is refused", async (t) => {
  const dir = folder(t);
  const deps = { keyring: () => openKeyring(), passphrase: async () => PASSPHRASE, workFactor: 10 };
  const clear: KeyPlace = { unlock: "identity", file: join(dir, "clear"), account: "x" };
  const sealed: KeyPlace = { unlock: "passphrase", file: join(dir, "sealed"), account: "x" };
  const key = await makeKey(clear, deps);
  assert.deepEqual(await openKey(clear, deps), key);
  assert.match(readFileSync(clear.file, "utf8"), /^AGE-SECRET-KEY-1/m);
  await keepKey(sealed, deps, key.identities[0] ?? "");
  assert.doesNotMatch(readFileSync(sealed.file, "latin1"), /AGE-SECRET-KEY/);
  assert.deepEqual(await openKey(sealed, deps), key);
  await assert.rejects(openKey({ ...clear, unlock: "passphrase" }, deps), code("SECRET_UNSAFE"));
  await assert.rejects(openKey({ ...sealed, unlock: "identity" }, deps), code("SECRET_UNSAFE"));
  await assert.rejects(
    openKey(sealed, { ...deps, passphrase: async () => "wrong wrong wrong" }),
    code("SECRET_LOCKED"),
  );
  await assert.rejects(makeKey(clear, deps), code("STATE_IN_USE"), "a key that is there is not written over");
  await assert.rejects(openKey({ ...clear, file: join(dir, "none") }, deps), code("SECRET_UNKNOWN"));
  chmodSync(clear.file, 0o644);
  await assert.rejects(openKey(clear, deps), code("SECRET_UNSAFE"));
});

test("R-KEY-1: a passphrase that is easily guessed is refused, a good one taken", () => {
  for (const weak of ["", "short", "aaaaaaaaaaaaaaaa", "abababababababab"])
    assert.throws(() => checkPassphrase(weak), code("SECRET_WEAK"));
  assert.equal(checkPassphrase(PASSPHRASE), PASSPHRASE);
});

test("R-KEY-1: age opens a key file that our passphrase protects", {
  skip: withoutAge || withoutScript(),
}, async (t) => {
  const dir = folder(t);
  const deps = { keyring: () => openKeyring(), passphrase: async () => PASSPHRASE, workFactor: 12 };
  const place: KeyPlace = { unlock: "passphrase", file: join(dir, "key"), account: "x" };
  const key = await makeKey(place, deps);
  const path = join(dir, "vault.age");
  replaceVault(path, await sealVault(withSecret(), key));
  const command = `age --decrypt -i ${place.file} -o ${join(dir, "out")} ${path}`;
  // `age` asks on a terminal only.
  const ran = spawnSync("script", ["-qec", command, "/dev/null"], {
    input: `${PASSPHRASE}\n`,
    encoding: "utf8",
    timeout: 30_000,
  });
  assert.ok(existsSync(join(dir, "out")), ran.stdout);
  assert.match(readFileSync(join(dir, "out"), "utf8"), new RegExp(SECRET));
});

function withoutScript(): string | false {
  return spawnSync("script", ["--version"]).status === 0 ? false : "there is no `script` of util-linux";
}

test("R-KEY-1: without its module, or without somebody's keyring, the keyring is refused in plain words", async () => {
  await assert.rejects(
    openKeyring(() => Promise.reject(new Error("Cannot find module"))),
    (thrown) => {
      code("SECRET_UNAVAILABLE")(thrown);
      assert.match((thrown as Fault).message, /@napi-rs\/keyring is not installed/);
      return true;
    },
  );
  const Locked = class {
    getPassword(): string | null {
      throw new Error("no dbus");
    }
    setPassword(): void {
      throw new Error("no dbus");
    }
    deletePassword(): boolean {
      throw new Error("no dbus");
    }
  };
  const keyring = await openKeyring(async () => ({ Entry: Locked }));
  assert.throws(() => keyring.get("a"), code("SECRET_UNAVAILABLE"));
  assert.throws(() => keyring.set("a", SECRET), code("SECRET_UNAVAILABLE"));
});

test("R-KEY-1: the keyring is asked for the one that lasts, and gives back what was kept", async () => {
  const kept = new Map<string, string>();
  const asked: unknown[] = [];
  const Entry = class {
    readonly #name: string;
    constructor(service: string, account: string, options: unknown) {
      asked.push(options);
      this.#name = `${service}/${account}`;
    }
    getPassword(): string | null {
      return kept.get(this.#name) ?? null;
    }
    setPassword(secret: string): void {
      kept.set(this.#name, secret);
    }
    deletePassword(): boolean {
      return kept.delete(this.#name);
    }
  };
  const deps = { keyring: () => openKeyring(async () => ({ Entry })), passphrase: async () => PASSPHRASE };
  const place: KeyPlace = { unlock: "keyring", file: "/none", account: "vault-1" };
  await assert.rejects(openKey(place, deps), code("SECRET_UNKNOWN"));
  const key = await makeKey(place, deps);
  assert.deepEqual(await openKey(place, deps), key);
  await assert.rejects(makeKey(place, deps), code("STATE_IN_USE"));
  assert.ok(asked.every((one) => JSON.stringify(one) === '{"linux":{"store":"secret-service"}}'));
});
