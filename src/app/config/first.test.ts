import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { clock, homes } from "./fixture.ts";
import { editConfig } from "./edit.ts";
import { writeFirstConfig } from "./first.ts";
import { checkStateModes, mendStateModes } from "./modes.ts";

const mode = (path: string) => statSync(path).mode & 0o777;

test("set-up without answers: a workspace of its own for the owner alone, its files trusted by nobody", (t) => {
  const { home, userHome, where } = homes(t);
  const { isNew, config, downgrades } = writeFirstConfig(where);
  assert.equal(isNew, true);
  assert.deepEqual(downgrades, []);
  assert.deepEqual(config.folders, [{ path: "~/vambrace", trust: "none", confidentiality: "private" }]);
  assert.deepEqual(
    [mode(home), mode(join(home, "config.yaml")), mode(join(userHome, "vambrace"))],
    [0o700, 0o600, 0o700],
  );
  assert.deepEqual(checkStateModes(home), []);
});

test("set-up keeps the answers, and a second one changes nothing", (t) => {
  const { home, userHome, where } = homes(t);
  const first = writeFirstConfig(where, { workspace: join(userHome, "my work: #1 $X"), folderTrust: "limited" });
  assert.equal(first.config.agents.defaults.workspace, join(userHome, "my work: #1 $X"));
  assert.equal(first.config.folders[0]?.trust, "limited");
  assert.ok(existsSync(join(userHome, "my work: #1 $X")));
  const text = readFileSync(join(home, "config.yaml"), "utf8");
  assert.equal(writeFirstConfig(where, { workspace: "~/other" }).isNew, false);
  assert.equal(readFileSync(join(home, "config.yaml"), "utf8"), text);
});

test("R-FS-1: set-up refuses a workspace that overlaps state or installation, and writes nothing", (t) => {
  const { home, userHome, where } = homes(t);
  symlinkSync(userHome, join(userHome, "link"));
  for (const bad of ["~", "~/.vambrace", "/opt/vambrace", "~/link", "~/link/.vambrace/w", "~/.ssh", "relative"]) {
    assert.throws(() => writeFirstConfig(where, { workspace: bad }), { code: /^CONFIG_(UNSAFE|MALFORMED)$/ }, bad);
    assert.equal(existsSync(join(home, "config.yaml")), false, bad);
  }
});

test("a workspace that cannot be made is a fault", (t) => {
  const { userHome, where } = homes(t);
  writeFileSync(join(userHome, "file"), "");
  assert.throws(() => writeFirstConfig(where, { workspace: "~/file/w" }), { code: "CONFIG_UNSAFE" });
});

test("the first configuration can be edited, and keeps its explanations", async (t) => {
  const { home, where } = homes(t);
  writeFirstConfig(where);
  const { loaded } = await editConfig(home, [{ op: "set", path: "folders[0].trust", value: "limited" }], {
    ...where,
    clock,
    who: "owner",
    why: "",
  });
  assert.equal(loaded.config.folders[0]?.trust, "limited");
  assert.equal(loaded.text.match(/^ *#/gm)?.length, 5);
});

test("R-FS-3: what others can use is found with its mode and mended on request; links are not followed", async (t) => {
  const { home, userHome } = homes(t);
  mkdirSync(join(home, "ledger"), { recursive: true });
  for (const name of ["config.yaml", "ledger/tile", "script"]) writeFileSync(join(home, name), "");
  writeFileSync(join(userHome, "outside"), "");
  chmodSync(join(userHome, "outside"), 0o644);
  symlinkSync(join(userHome, "outside"), join(home, "link"));
  const server = createServer().listen(join(home, "socket"));
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => server.close());
  chmodSync(home, 0o755);
  chmodSync(join(home, "ledger"), 0o750);
  chmodSync(join(home, "config.yaml"), 0o644);
  chmodSync(join(home, "ledger/tile"), 0o604);
  chmodSync(join(home, "script"), 0o700);
  chmodSync(join(home, "socket"), 0o777);
  const found = checkStateModes(home);
  const wrong = new Map(found.map((each) => [each.path.slice(home.length), [each.mode, each.wanted]]));
  assert.deepEqual(wrong.get(""), ["0755", "0700"]);
  assert.deepEqual(wrong.get("/config.yaml"), ["0644", "0600"]);
  assert.deepEqual([...wrong.keys()].sort(), ["", "/config.yaml", "/ledger", "/ledger/tile", "/link", "/socket"]);
  assert.equal(mendStateModes(home).length, 5);
  assert.deepEqual(
    checkStateModes(home).map((each) => each.path),
    [join(home, "link")],
  );
  assert.deepEqual([mode(home), mode(join(home, "config.yaml")), mode(join(home, "script"))], [0o700, 0o600, 0o700]);
  assert.equal(mode(join(userHome, "outside")), 0o644);
});

test("a state folder that is not there yet has nothing to find", (t) => {
  assert.deepEqual(checkStateModes(join(homes(t).userHome, "absent")), []);
});

test("R-FS-1: where the program itself was put into ~/vambrace, another workspace is proposed and works", (t) => {
  const { where, userHome } = homes(t);
  const installation = join(userHome, "vambrace");
  const loaded = writeFirstConfig({ ...where, installation });
  assert.equal(loaded.config.agents.defaults.workspace, "~/vambrace-workspace");
});
