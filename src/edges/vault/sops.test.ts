import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { Fault } from "../../core/fault.ts";
import { parseSecretId } from "../../core/secret-ref.ts";
import { newIdentity } from "./age.ts";
import { openSops, sopsSource } from "./sops.ts";
import { withoutExponent } from "./sops-value.ts";
import { sopsText } from "./testing.ts";

const SECRET = "CANARY-sops-30aa71";
const TREE = {
  team: { github: SECRET, list: ["CANARY-one-111", "CANARY-two-222"] },
  port: 8080,
  ratio: 0.5,
  on: true,
  empty: "",
  none: null,
};
const identity = await newIdentity();
const keys = [identity.identity];

const refused = (wanted: string) => (thrown: unknown) => {
  assert.ok(thrown instanceof Fault, String(thrown));
  assert.equal(thrown.code, wanted, thrown.message);
  assert.doesNotMatch(`${thrown.message} ${thrown.hint}`, /CANARY/);
  return true;
};

test("R-KEY-1: a sops file for our age key opens, as JSON and as YAML, in every type of value", async () => {
  const json = await sopsText(TREE, [identity.recipient]);
  assert.doesNotMatch(json, /CANARY/);
  for (const text of [json, stringify(JSON.parse(json))]) {
    const { values, modifiedMs } = await openSops(text, keys, "team");
    assert.equal(values.get("team.github"), SECRET);
    assert.equal(values.get("team.list.1"), "CANARY-two-222");
    assert.deepEqual([values.get("port"), values.get("ratio"), values.get("on")], ["8080", "0.5", "True"]);
    assert.equal(values.has("empty"), false);
    assert.equal(modifiedMs, Date.parse("2026-11-01T10:00:00Z"));
  }
});

test("R-KEY-1: the data key is found among those of others; without ours nothing opens", async () => {
  const others = await Promise.all([newIdentity(), newIdentity()]);
  const text = await sopsText(TREE, [others[0].recipient, identity.recipient]);
  assert.equal((await openSops(text, keys, "team")).values.get("team.github"), SECRET);
  await assert.rejects(openSops(text, [others[1].identity], "team"), refused("SECRET_LOCKED"));
});

test("R-KEY-1: INVARIANT(sops-whole): a MAC that does not verify, and a value that was changed, moved, added or taken out, refuses the whole file", async () => {
  const good = await sopsText({ a: SECRET, b: "CANARY-other-22", deep: { a: "CANARY-deep-333" } }, [
    identity.recipient,
  ]);
  const tree = JSON.parse(good);
  const bad = {
    "a wrong MAC": await sopsText(TREE, [identity.recipient], { macOver: (hash) => hash.reverse() }),
    "two values exchanged": JSON.stringify({ ...tree, a: tree.b, b: tree.a }),
    "a value taken out": JSON.stringify({ ...tree, b: undefined }),
    "a value added in clear": JSON.stringify({ ...tree, c: "CANARY-clear" }),
    "a value put into clear": JSON.stringify({ ...tree, b: "CANARY-other-22" }),
    "a value moved to another place": JSON.stringify({ ...tree, deep: undefined, b2: tree.deep.a }),
    "the date changed": good.replace("2026-11-01", "2026-11-02"),
    "a byte of a value": good.replace(
      /("a": "ENC\[AES256_GCM,data:)(.)/,
      (_, head: string, c: string) => head + (c === "A" ? "B" : "A"),
    ),
    "a short tag": good.replace(/tag:([^,]+),type:str\]/, (_, tag: string) => {
      const short = Buffer.from(tag, "base64").subarray(0, 4).toString("base64");
      return `tag:${short},type:str]`;
    }),
  };
  for (const [what, text] of Object.entries(bad))
    await assert.rejects(openSops(text, keys, "team"), (thrown) => {
      assert.notEqual(text, good, what);
      return refused("SECRET_DAMAGED")(thrown);
    });
  assert.equal((await openSops(good, keys, "team")).values.get("a"), SECRET);
});

test("R-KEY-1: the order of values belongs to what the MAC covers", async () => {
  const tree = JSON.parse(await sopsText({ a: SECRET, b: "CANARY-other-22" }, [identity.recipient]));
  const { a, b, sops } = tree;
  await assert.rejects(openSops(JSON.stringify({ b, a, sops }), keys, "team"), refused("SECRET_DAMAGED"));
  assert.ok(await openSops(JSON.stringify({ a, b, sops }), keys, "team"));
});

test("R-KEY-1: rules of the file say what is encrypted; what stands in clear is never given out as a secret", async () => {
  const isEncrypted = (path: readonly string[]): boolean => path.some((name) => name === "data");
  const tree = { kind: "Secret", data: { key: SECRET }, name_unencrypted: "shown" };
  const byRegex = await sopsText(tree, [identity.recipient], {
    isEncrypted,
    metadata: { encrypted_regex: "^(data|stringData)$" },
  });
  const only = { encrypted_regex: "^data$", mac_only_encrypted: true };
  const macOnly = await sopsText(tree, [identity.recipient], { isEncrypted, metadata: only });
  const suffix = await sopsText(tree, [identity.recipient], {
    isEncrypted: (path) => !path.some((name) => name.endsWith("_unencrypted")),
    metadata: { unencrypted_suffix: "_unencrypted" },
  });
  for (const text of [byRegex, macOnly]) {
    const { values } = await openSops(text, keys, "team");
    assert.deepEqual([...values], [["data.key", SECRET]]);
  }
  assert.equal((await openSops(suffix, keys, "team")).values.has("name_unencrypted"), false);
  const changed = (text: string) => text.replace('"Secret"', '"Other"');
  await assert.rejects(openSops(changed(byRegex), keys, "team"), refused("SECRET_DAMAGED"));
  assert.ok(
    await openSops(changed(macOnly), keys, "team"),
    "what the MAC leaves out may change, and is given to nobody",
  );
});

test("R-KEY-1: what is no sops file of one age key is refused in plain words", async () => {
  const good = JSON.parse(await sopsText(TREE, [identity.recipient]));
  const without = (change: object): string => JSON.stringify({ ...good, sops: { ...good.sops, ...change } });
  for (const text of [
    JSON.stringify({ a: 1 }),
    without({ age: [] }),
    without({ age: undefined, pgp: [{ fp: "x" }] }),
    without({ key_groups: [{ age: [] }, { age: [] }] }),
    without({ encrypted_comment_regex: "sec" }),
  ])
    await assert.rejects(openSops(text, keys, "team"), refused("SECRET_UNAVAILABLE"));
  await assert.rejects(openSops(without({ encrypted_regex: "(?P<x>" }), keys, "team"), refused("SECRET_UNAVAILABLE"));
  for (const text of ["{", "[1]", "a: &x [*x]", "a: 1\na: 2", "- 1"])
    await assert.rejects(openSops(text, keys, "team"), refused("SECRET_DAMAGED"));
});

test("R-KEY-1: numbers are written as sops counts them, without exponent", () => {
  assert.equal(withoutExponent(1e21), "1000000000000000000000");
  assert.equal(withoutExponent(1.5e-7), "0.00000015");
  assert.equal(withoutExponent(-1.25e22), "-12500000000000000000000");
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = withoutExponent(value);
      assert.match(text, /^-?\d+(\.\d+)?$/);
      assert.equal(Number(text), value === 0 ? 0 : value);
    }),
  );
});

test("R-KEY-1: a source reads its own references; key and file are looked at first", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "vambrace-sops-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = { id: "team", file: join(dir, "team.enc.json"), identity: join(dir, "keys.txt") };
  writeFileSync(file.file, await sopsText(TREE, [identity.recipient]), { mode: 0o644 });
  writeFileSync(file.identity, `# made by hand\n${identity.identity}\n`, { mode: 0o600 });
  const refs = ["sops:team/team.github", "sops:team/not.there", "sops:other/x", "vault:x"].map(parseSecretId);
  const read = () => sopsSource([file]).read(refs, AbortSignal.timeout(10_000));
  assert.deepEqual(
    [...(await read())].map(([id, { value }]) => [id, value]),
    [["sops:team/team.github", SECRET]],
  );
  chmodSync(file.identity, 0o644);
  await assert.rejects(read(), refused("SECRET_UNSAFE"));
  chmodSync(file.identity, 0o600);
  chmodSync(file.file, 0o666);
  await assert.rejects(read(), refused("SECRET_UNSAFE"));
  chmodSync(file.file, 0o644);
  rmSync(file.identity);
  await assert.rejects(read(), refused("SECRET_UNAVAILABLE"));
});
