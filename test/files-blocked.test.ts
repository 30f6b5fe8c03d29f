/** Blocked paths inside of what is mounted: no tool and no command sees them, by whatever way. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { environmentOf } from "../src/app/config/environment.ts";
import { parseConfig } from "../src/app/config/load.ts";
import { folderLabels } from "../src/app/config/settings.ts";
import type { JsonObject } from "../src/core/json.ts";
import { refusalOf } from "./advisories-kit.ts";
import { answering, type Kit, post, startKit } from "./gateway-kit.ts";
import { missing, startBroker } from "./sandbox-kit.ts";

const skip = missing();
const CANARY = "CANARY-BLOCKED-77aa";
let kit: Kit;
before(async () => {
  if (skip !== false) return;
  kit = await startKit((place) => {
    const at = (name: string): string => join(place.workspace, name);
    for (const folder of ["private/.git", "a/deep/er", "open"]) fs.mkdirSync(at(folder), { recursive: true });
    for (const name of ["private/key.txt", "private/.git/config", "a/deep/secret.txt", "open/target.txt"])
      fs.writeFileSync(at(name), `${CANARY}\n`);
    for (const name of ["a/deep/plain.txt", "a/deep/er/plain.txt", "plain.txt"]) fs.writeFileSync(at(name), "plain\n");
    fs.symlinkSync("open/target.txt", at("alias"));
    const blockedPaths = ["private", "a/deep/secret.txt", "alias", "not-there/yet"].map(at);
    return {
      agents: { defaults: { workspace: place.workspace } },
      folders: [{ path: place.workspace, trust: "full", confidentiality: "internal" }],
      tools: { fs: { blockedPaths } },
    };
  });
});
after(() => kit?.close());

async function approved(tool: string, args: JsonObject): Promise<JsonObject> {
  const stop = new AbortController();
  answering(kit, "yes", stop.signal);
  try {
    return (await post(kit, "/api/execute", { tool, arguments: args })).body;
  } finally {
    stop.abort();
  }
}

test("R-FS-1: what is blocked inside the workspace is in no listing, search or output, and its neighbours are", {
  skip,
}, async () => {
  for (const [tool, args] of [
    ["read", { path: "private/key.txt" }],
    ["read", { path: "a/../private/key.txt" }],
    ["read", { path: "a/deep/secret.txt" }],
    ["read", { path: "alias" }],
    ["list", { path: "private" }],
    ["search", { pattern: "CANARY", path: "private" }],
  ] as const) {
    const answer = await approved(tool, args);
    assert.equal(answer["verdict"], "deny", JSON.stringify(answer));
  }
  for (const [tool, args] of [
    ["search", { pattern: "CANARY" }],
    ["list", { depth: 8 }],
    ["exec", { command: "grep -r . . ; cat */*.txt */*/*.txt ; ls -laR ." }],
    ["exec", { command: "cp -r private copy; tar -cf - private | strings; cat private/.git/config" }],
    [
      "exec",
      {
        command:
          "python3 -c \"import os; [print(open(os.path.join(d, f)).read()) for d, _, n in os.walk('.') for f in n if os.access(os.path.join(d, f), os.R_OK)]\"",
      },
    ],
  ] as const) {
    const answer = await approved(tool, args);
    assert.ok(!JSON.stringify(answer).includes(CANARY), `${tool} ${JSON.stringify(answer)}`);
  }
  const found = await approved("search", { pattern: "plain" });
  for (const name of ["plain.txt", "a/deep/plain.txt", "a/deep/er/plain.txt"])
    assert.ok(String(found["text"]).includes(name), name);
});

test("R-FS-1: a sandbox covers what is blocked, and nothing in it can be moved so that the next one does not", {
  skip,
}, async () => {
  const broker = await startBroker();
  try {
    const at = (name: string): string => join(broker.workspace, name);
    fs.mkdirSync(at("a/deep/private"), { recursive: true });
    for (const name of ["a/deep/private/key.txt", "a/secret.txt"]) fs.writeFileSync(at(name), `${CANARY}\n`);
    fs.writeFileSync(at("a/plain.txt"), "plain\n");
    const mounts = [
      { path: broker.workspace, access: "write" },
      { path: at("a/deep/private"), access: "none" },
      { path: at("a/secret.txt"), access: "none" },
      { path: at("not-there"), access: "none" },
    ] as const;
    for (const script of [
      "cat a/secret.txt a/deep/private/key.txt; ls -la a/deep/private; cat a/deep/private/*",
      "mv a/deep/private x; mv a/secret.txt x; mv a/deep x; mv a x; ls -R .",
      "rm -rf a/deep a/secret.txt; rmdir a/deep/private; ln a/secret.txt hard; cat hard",
      "ln -s a/deep/private way; cat way/key.txt; cp -r a copy; grep -r . copy",
      "chmod 777 a/deep/private; umount a/deep/private; ls a/deep/private; echo x >a/deep/private/new; echo x >a/secret.txt",
    ]) {
      const { out, err } = await broker.sh(script, { mounts });
      assert.ok(!`${out}${err}`.includes(CANARY), script);
      for (const name of ["a/deep/private/key.txt", "a/secret.txt"])
        assert.equal(fs.readFileSync(at(name), "utf8"), `${CANARY}\n`, `${script}: ${name}`);
    }
    const honest = await broker.sh("cat a/plain.txt && mv a/plain.txt a/other.txt && ls a", { mounts });
    assert.match(honest.out, /^plain\n/);
    assert.ok(fs.existsSync(at("a/other.txt")), "what is not blocked is read and moved");
    const open = await broker.sh("cat a/secret.txt", {});
    assert.equal(open.out, `${CANARY}\n`, "without the cover it is there");
  } finally {
    await broker.close();
  }
});

test("R-FS-1: a workspace that holds the home folder or a folder of credentials is refused", () => {
  for (const workspace of ["~", "/home", "/home/ana", "/"])
    assert.equal(refusalOf(`agents: { defaults: { workspace: "${workspace}" } }\n`), "CONFIG_UNSAFE", workspace);
  assert.equal(refusalOf('agents: { defaults: { workspace: "~/work" } }\n'), undefined);
});

test("R-FS-1: a workspace behind a link is the folder that it leads to, and what is blocked there is blocked by either name", {
  skip,
}, async () => {
  const linked = await startKit((place) => {
    const real = join(place.root, "real");
    fs.mkdirSync(join(real, "private"), { recursive: true });
    fs.writeFileSync(join(real, "private/key.txt"), `${CANARY}\n`);
    fs.symlinkSync("real", join(place.root, "way"));
    fs.symlinkSync("real/private", join(place.root, "alias"));
    return {
      agents: { defaults: { workspace: join(place.root, "way") } },
      folders: [{ path: join(place.root, "way"), trust: "full", confidentiality: "internal" }],
      tools: { fs: { blockedPaths: [join(place.root, "alias")] } },
    };
  });
  try {
    const execute = async (tool: string, args: JsonObject) =>
      (await post(linked, "/api/execute", { tool, arguments: args })).body;
    for (const [tool, args] of [
      ["write", { path: "a.txt", content: "x" }],
      ["read", { path: join(linked.place.root, "way/a.txt") }],
      ["list", {}],
      ["exec", { command: "cat a.txt" }],
    ] as const)
      assert.equal((await execute(tool, args))["ok"], true, tool);
    assert.equal((await execute("read", { path: "private/key.txt" }))["verdict"], "deny");
    for (const [tool, args] of [
      ["search", { pattern: "CANARY-" }],
      ["exec", { command: "grep -r . ." }],
    ] as const)
      assert.ok(!JSON.stringify(await execute(tool, args)).includes(CANARY), tool);
  } finally {
    await linked.close();
  }
});

test("R-FLOW-4: a folder's label counts for the folder that its name leads to, and of two names for one the least trusted", (t) => {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-labels-")));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  fs.mkdirSync(join(root, "mail"));
  fs.symlinkSync("mail", join(root, "inbox"));
  const folders = [
    { path: join(root, "mail"), trust: "full" },
    { path: join(root, "inbox"), trust: "none" },
    { path: join(root, "not-there"), trust: "limited" },
  ];
  const loaded = parseConfig(JSON.stringify({ folders }), {
    home: join(root, ".vambrace"),
    env: environmentOf({ HOME: root }),
  });
  const labels = folderLabels(loaded.config, loaded.places).map(({ path, trust }) => [path, trust]);
  assert.deepEqual(labels, [
    [join(root, "not-there"), "limited"],
    [join(root, "mail"), "none"],
    [join(root, "mail"), "full"],
  ]);
});
