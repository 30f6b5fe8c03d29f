import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { JsonObject } from "../../../core/json.ts";
import { Refused } from "../refusal.ts";
import { containerBody, processesOf, type Recipe } from "./recipe.ts";
import { requireThere, verifyGroups, verifyWord } from "./verify.ts";

const RECIPE: Recipe = {
  engine: { imageId: "sha256:aa", isPodman: false, runtime: "runsc", usernsMode: "", seccomp: "{}", cpus: 1.5 },
  label: "l",
  user: { uid: 1000, gid: 1000 },
  covers: [],
  waiting: "true",
  binds: [{ from: "/w", to: "/w", access: "read" }],
  limits: { memoryBytes: 64 * 1024 * 1024, processes: 20, fileBytes: 1_000_000 },
};

type Body = { HostConfig: JsonObject; [key: string]: unknown };

/** What an engine says that did all that it was asked. */
function inspected(change: JsonObject = {}): JsonObject {
  const { HostConfig: host } = containerBody(RECIPE) as Body;
  return {
    Image: "sha256:aa",
    Config: { User: "1000:1000" },
    HostConfig: { ...host, CapAdd: null, Devices: [], PidMode: "", UTSMode: "", ...change },
  };
}

test("R-FS-1: what is gone or exchanged since it was checked is not mounted, so that no engine makes it anew; what stayed is", (t) => {
  const folder = fs.mkdtempSync(join(tmpdir(), "vambrace-there-"));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const [mine, file] = [join(folder, "mine"), join(folder, "mine", ".envrc")];
  fs.mkdirSync(mine);
  fs.writeFileSync(file, "mine");
  const keyOf = (path: string): string => `${fs.lstatSync(path).dev}:${fs.lstatSync(path).ino}`;
  const binds = [mine, file, "/no/such/own/folder"].map((from) => ({ from, to: from, access: "write" }) as const);
  const same = [mine, file].map((path) => ({ path, key: keyOf(path) }));
  const look = (): void => requireThere({ binds }, same);
  look();
  fs.renameSync(file, `${file}.old`);
  assert.throws(look, (error) => error instanceof Refused && error.refusal.code === "SANDBOX_MOUNT");
  fs.writeFileSync(file, "another");
  assert.throws(look, Refused);
  fs.renameSync(`${file}.old`, file);
  look();
  fs.rmSync(mine, { recursive: true });
  assert.throws(look, Refused);
  assert.ok(!fs.existsSync(mine));
});

test("R-BOX-4: a container that is as asked is taken", () => {
  verifyWord(inspected(), RECIPE);
  // Podman names limits its own way, and says the runtime elsewhere.
  const limits = [{ Name: "RLIMIT_FSIZE", Soft: 1_000_000, Hard: 1_000_000 }];
  verifyWord({ ...inspected({ Ulimits: limits, Runtime: "oci" }), OCIRuntime: "runsc" }, RECIPE);
});

test("R-BOX-4: a limit or a wall that the engine did not put up is refused, and named", () => {
  const dropped: [JsonObject, "SANDBOX_LIMIT" | "SANDBOX_BROKEN", RegExp][] = [
    [{ Memory: 0 }, "SANDBOX_LIMIT", /memory/],
    [{ MemorySwap: -1 }, "SANDBOX_LIMIT", /swap/],
    [{ PidsLimit: 0 }, "SANDBOX_LIMIT", /processes/],
    [{ PidsLimit: null }, "SANDBOX_LIMIT", /processes/],
    [{ Ulimits: [] }, "SANDBOX_LIMIT", /file size/],
    [{ Ulimits: [{ Name: "fsize", Soft: 1_000_000, Hard: -1 }] }, "SANDBOX_LIMIT", /file size/],
    [{ ReadonlyRootfs: false }, "SANDBOX_BROKEN", /written/],
    [{ Privileged: true }, "SANDBOX_BROKEN", /privileged/],
    [{ NetworkMode: "bridge" }, "SANDBOX_BROKEN", /network/],
    [{ CapAdd: ["SYS_ADMIN"] }, "SANDBOX_BROKEN", /capabilities/],
    [{ Devices: [{ PathOnHost: "/dev/sda" }] }, "SANDBOX_BROKEN", /devices/],
    [{ PidMode: "host" }, "SANDBOX_BROKEN", /Pid namespace/],
    [{ IpcMode: "container:x" }, "SANDBOX_BROKEN", /Ipc namespace/],
    [{ Runtime: "runc" }, "SANDBOX_BROKEN", /runc/],
  ];
  for (const [change, code, says] of dropped) {
    assert.throws(
      () => verifyWord(inspected(change), RECIPE),
      (error) => error instanceof Refused && error.refusal.code === code && says.test(error.message),
      JSON.stringify(change),
    );
  }
  assert.throws(() => verifyWord({ ...inspected(), Image: "sha256:bb" }, RECIPE), /another image/);
  assert.throws(() => verifyWord({ ...inspected(), Config: { User: "" } }, RECIPE), /another user/);
});

test("R-BOX-4: a limit that the kernel does not know is refused, whatever the engine says", () => {
  assert.throws(() => verifyGroups(process.pid, RECIPE), /limit on/);
});

test("R-BOX-3: a container is made with every wall, and a place for the proxy only where it is needed", () => {
  const { HostConfig: host, ...rest } = containerBody(RECIPE) as Body;
  assert.deepEqual(host["CapDrop"], ["ALL"]);
  assert.deepEqual(host["SecurityOpt"], ["no-new-privileges", "seccomp={}"]);
  assert.deepEqual([host["NetworkMode"], host["ReadonlyRootfs"], host["NanoCpus"]], ["none", true, 1.5e9]);
  assert.deepEqual([host["Memory"], host["MemorySwap"]], [64 * 1024 * 1024, 64 * 1024 * 1024]);
  assert.equal(rest["User"], "1000:1000");
  assert.ok(processesOf(10, true) > processesOf(10, false));
});
