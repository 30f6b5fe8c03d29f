/** Containers as they are: what only they do. What every sandbox must do is in `sandbox-conformance.test.ts`. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { sha256 } from "../src/core/json.ts";
import { tryEngine } from "./container-kit.ts";
import { type Kit, startBroker, tempRoot } from "./sandbox-kit.ts";

const { engine, skip } = await tryEngine();
const shared = engine?.broker();
const own = async (): Promise<Kit> => {
  if (shared === undefined) throw new Error("no engine");
  return shared;
};
after(async () => {
  await (await shared)?.close();
  await engine?.close();
});

const done = { how: "exit", status: 0 };

/** Ids of one broker's containers. */
async function containers(label: string, status: readonly string[] = []): Promise<string[]> {
  const filters = { label: [`vambrace.broker=${label}`], status };
  const query = `all=true&filters=${encodeURIComponent(JSON.stringify(filters))}`;
  const { body } = (await engine?.ask("GET", `/containers/json?${query}`)) ?? { body: "" };
  return [...body.matchAll(/"Id":"([0-9a-f]{64})"/g)].map(([, id = ""]) => id);
}

function labelOf(kit: Kit | undefined): string {
  return sha256(kit?.config.folder ?? "").slice(0, 24);
}

async function refusal(
  container: object,
  change: object = {},
): Promise<{ code: string; message: string; hint: string }> {
  const kit = await engine?.broker({ container });
  if (kit === undefined) throw new Error("no engine");
  const { end } = await kit.run({ argv: ["touch", "ran"], ...change });
  assert.ok(!fs.existsSync(join(kit.workspace, "ran")), "nothing ran elsewhere");
  await kit.close();
  assert.ok(end.how === "refused", JSON.stringify(end));
  return end;
}

test("R-BOX-4: without engine, image or runtime a job is refused with the reason and the fix, and bubblewrap is no way out", {
  skip,
}, async () => {
  const none = await refusal({ socket: "/nowhere/engine.sock" });
  assert.equal(none.code, "SANDBOX_MISSING");
  assert.match(`${none.message} ${none.hint}`, /does not answer at `\/nowhere\/engine\.sock`.*podman\.socket/);
  const unknown = `sha256:${"0".repeat(64)}`;
  const image = await refusal({ image: unknown });
  assert.deepEqual([image.code, /is not there/.test(image.message)], ["SANDBOX_MISSING", true]);
  const named = await refusal({ image: `docker.io/library/none@${unknown}` });
  assert.match(named.hint, /docker pull docker\.io\/library\/none@sha256/);
  const runtime = await refusal({ runtime: "no-such-runtime" });
  assert.deepEqual([runtime.code, /has no runtime/.test(runtime.message)], ["SANDBOX_MISSING", true]);
});

test("R-BOX-4: under a gateway that is root, a folder that a program could not write is refused, not half given", {
  skip,
}, async () => {
  const kit = await startBroker({ config: { container: engine?.config ?? null } });
  const { end } = await kit.run();
  assert.ok(end.how === "refused" && end.code === "SANDBOX_MOUNT", JSON.stringify(end));
  assert.match(end.hint, /ordinary user/);
  fs.chownSync(kit.workspace, 1000, 1000);
  fs.chmodSync(join(kit.workspace, ".."), 0o711);
  assert.equal((await kit.sh("echo x >file && id -u")).out, "1000\n");
  await kit.close();
});

test("R-BOX-2: the image is taken by its digest too, and a name that moved to another image is not", {
  skip,
}, async () => {
  const { body } = (await engine?.ask("GET", `/images/${engine.image}/json`)) ?? { body: "" };
  const [, digest = ""] = /"RepoDigests":\["([^"]+)"/.exec(body) ?? [];
  assert.match(digest, /@sha256:/);
  const kit = await engine?.broker({ container: { image: digest } });
  assert.deepEqual((await kit?.run())?.end, done);
  await kit?.close();
});

test("R-BOX-3: a container has one job, and nothing of one is there for the next", { skip }, async () => {
  const kit = await own();
  await kit.sh("echo left >/tmp/left; echo left >/dev/shm/left; (sleep 600 &)");
  for (let i = 0; i < 3; i++) {
    assert.equal((await kit.sh("cat /tmp/left /dev/shm/left; ps | grep -c '[s]leep 600'")).out, "0\n");
  }
});

test("R-BOX-3: no way into the engine is inside, and none can be mounted", { skip }, async () => {
  const kit = await own();
  assert.equal(
    (await kit.sh("find / -xdev -type s 2>/dev/null; ls /var/run /run/*.sock 2>/dev/null | grep sock")).out,
    "",
  );
  const socket = engine?.socket ?? "";
  for (const path of [socket, join(socket, "..")]) {
    const { end } = await kit.run({ mounts: [...kit.job().mounts, { path, access: "read" }] });
    assert.ok(end.how === "refused" && end.code === "SANDBOX_MOUNT", path);
  }
});

test("R-EXEC-4: what a killed broker left is cleared up by the next, and nothing of another's", { skip }, async () => {
  const neighbour = await own();
  await neighbour.run();
  const root = tempRoot("left");
  const first = await engine?.broker({ root });
  const label = labelOf(first);
  await first?.run();
  // The one that waits ready; the used one has ended.
  while ((await containers(label, ["running"])).length === 0) await sleep(20);
  const left = await containers(label);
  first?.child.kill("SIGKILL");
  while ((await containers(label, ["running"])).length > 0) await sleep(20);
  assert.ok((await containers(label)).length > 0, "it ended, and is there still");
  const second = await engine?.broker({ root });
  await second?.run();
  const now = new Set(await containers(label));
  assert.deepEqual(
    left.filter((id) => now.has(id)),
    [],
  );
  await second?.close();
  assert.deepEqual((await neighbour.run()).end, done);
  fs.rmSync(root, { recursive: true });
});

test("R-BOX-3: when a broker ends, none of its containers is left", { skip }, async () => {
  const kit = await engine?.broker();
  const label = labelOf(kit);
  await Promise.all([kit?.run(), kit?.run()]);
  while ((await containers(label, ["running"])).length === 0) await sleep(20);
  await kit?.executor.stopAll();
  assert.deepEqual(await containers(label), []);
  await kit?.close();
});

test("R-FS-2: file tools work beside containers, in bubblewrap", { skip }, async () => {
  const { fileJob, parseFileAnswer } = await import("../src/edges/executors/files.ts");
  const kit = await own();
  const path = join(kit.workspace, "by-tool.txt");
  const request = { op: "write", path, content: "x\n", mode: "create" } as const;
  const mounts = [{ path: kit.workspace, access: "write" }] as const;
  const limits = { mounts, wallMs: 20_000, fileBytes: 1e6, memoryBytes: 2048 * 1024 * 1024 };
  const answer = parseFileAnswer(await kit.run(fileJob(request, limits)));
  assert.ok(answer.ok, JSON.stringify(answer));
  assert.equal((await kit.sh("cat by-tool.txt")).out, "x\n");
});

type Mounted = { Type: string; Source: string; Target: string; ReadOnly: boolean };
type Host = { Mounts: Mounted[]; SecurityOpt: string[]; Ulimits: object[]; [name: string]: unknown };

/** An engine that passes everything on, but changes what a container is made with. */
async function lyingEngine(change: (host: Host) => Partial<Host>): Promise<{ server: Server; socket: string }> {
  const socket = join(tempRoot("lying"), "engine.sock");
  fs.chmodSync(join(socket, ".."), 0o711);
  const server = createServer((client) => {
    client.on("error", () => undefined);
    let asked = Buffer.alloc(0);
    client.on("data", function hear(chunk: Buffer) {
      asked = Buffer.concat([asked, chunk]);
      const at = asked.indexOf("\r\n\r\n");
      const head = asked.subarray(0, at).toString();
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? "0");
      if (at < 0 || asked.length < at + 4 + length) return;
      client.off("data", hear);
      const real = connect(engine?.socket ?? "");
      real.on("error", () => undefined);
      if (head.includes("/containers/create")) {
        const body: { HostConfig: Host } = JSON.parse(asked.subarray(at + 4).toString());
        const host = { ...body.HostConfig, ...change(body.HostConfig) };
        const text = JSON.stringify({ ...body, HostConfig: host });
        real.write(
          `${head.replace(/content-length: \d+/i, `content-length: ${Buffer.byteLength(text)}`)}\r\n\r\n${text}`,
        );
      } else real.write(asked);
      client.pipe(real).pipe(client);
    });
  }).listen(socket);
  await new Promise((resolve) => server.once("listening", resolve));
  fs.chmodSync(socket, 0o666);
  return { server, socket };
}

test("R-BOX-4: an engine that drops a limit or a wall runs nothing", { skip }, async () => {
  const lies: [string, (host: Host) => Partial<Host>, RegExp][] = [
    ["nothing", () => ({}), /^$/],
    ["memory", () => ({ Memory: 0, MemorySwap: 0 }), /limit on memory/],
    ["processes", () => ({ PidsLimit: 0 }), /limit on processes/],
    ["file size", ({ Ulimits }) => ({ Ulimits: Ulimits.slice(1) }), /limit on file size/],
    ["root", () => ({ ReadonlyRootfs: false }), /can be written/],
    ["network", () => ({ NetworkMode: "host" }), /has a network|did not/],
    ["filter", () => ({ SecurityOpt: ["no-new-privileges", "seccomp=unconfined"] }), /no system-call filter/],
    ["privileges", ({ SecurityOpt }) => ({ SecurityOpt: SecurityOpt.slice(1) }), /gain privileges/],
    ["capabilities", () => ({ CapDrop: [] }), /holds capabilities/],
    ["a mount", ({ Mounts }) => ({ Mounts: [...Mounts, ...Mounts.slice(0, 1).map(toOther)] }), /nobody asked for/],
    ["read-only", ({ Mounts }) => ({ Mounts: Mounts.map((one) => ({ ...one, ReadOnly: false })) }), /can write/],
    ["another folder", ({ Mounts }) => ({ Mounts: Mounts.map(elsewhere) }), /something else than/],
  ];
  for (const [what, change, says] of lies) {
    const { server, socket } = await lyingEngine(change);
    const kit = await engine?.broker({ container: { socket } });
    const { end } = (await kit?.run({ argv: ["touch", "ran"] })) ?? { end: { how: "stopped" as const } };
    const ran = fs.existsSync(join(kit?.workspace ?? "", "ran"));
    if (what === "nothing") assert.deepEqual([end, ran], [done, true]);
    else assert.ok(end.how === "refused" && says.test(end.message) && !ran, `${what}: ${JSON.stringify(end)}`);
    await kit?.close();
    server.close();
  }
});

const toOther = (one: Mounted): Mounted => ({ ...one, Target: "/other" });

/** As if somebody had swapped the workspace for a link between the check and the mount. */
const elsewhere = (one: Mounted): Mounted =>
  one.Target.endsWith("/workspace") ? { ...one, Source: "/usr/share" } : one;

test("R-BOX-5: no attempt of the self-test gets out of a container", { skip }, async () => {
  const { attempts, skipped } = await (await own()).executor.prove("short");
  assert.deepEqual(
    attempts.filter(({ held }) => !held),
    [],
  );
  // A busybox has no perl, so what needs one is skipped and counted.
  assert.ok(attempts.length >= 10, JSON.stringify(skipped));
});

test("R-BOX-2, R-BOX-4: a runtime is named to the engine, and an engine that uses another is found out", {
  skip,
}, async () => {
  const kit = await engine?.broker({ container: { runtime: "runc" } });
  assert.deepEqual((await kit?.run())?.end, done);
  await kit?.close();
  // Podman lists gVisor's name, and takes no runtime by name from this API: it would run the job under its own.
  const { message } = await refusal({ runtime: "runsc" });
  assert.match(message, /runs under `runc`|did not/);
});
