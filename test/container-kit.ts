/**
 * A container engine of the tests' own: Podman with runc, with folders of its
 * own, serving Docker's API on a unix socket until the tests end. The image is
 * a busybox, imported through that API.
 *
 * @module
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerConfig } from "../src/core/broker-wire.ts";
import { type Kit, type KitOptions, startBroker, tempRoot } from "./sandbox-kit.ts";

const NOBODY = 65_534;

export type EngineKit = {
  readonly socket: string;
  /** The image by its id: `sha256:…`. */
  readonly image: string;
  readonly config: ContainerConfig;
  /** Asks the engine itself, as root on the machine could. */
  ask(method: string, path: string, body?: object | Buffer): Promise<{ status: number; body: string }>;
  /** A broker that runs commands in containers, as an ordinary user. */
  broker(options?: KitOptions & { readonly container?: Partial<ContainerConfig> }): Promise<Kit>;
  close(): Promise<void>;
};

/** Why containers cannot be tested here, or false. */
export function containersMissing(): string | false {
  if (process.getuid?.() !== 0) return "containers: needs root to run a container engine of its own";
  const programs = ["/usr/bin/podman", "/usr/bin/conmon", "/bin/busybox"];
  const absent = programs.find((path) => !fs.existsSync(path));
  if (absent !== undefined) return `containers: ${absent} is not installed`;
  const runc = ["/usr/bin/runc", "/usr/sbin/runc"].some((path) => fs.existsSync(path));
  return runc ? false : "containers: runc is not installed";
}

/** @throws where this machine cannot run a container at all; `tryEngine` says so without throwing. */
async function startEngine(): Promise<EngineKit> {
  const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-engine-")));
  // The broker is another user, and has to reach the socket.
  fs.chmodSync(root, 0o711);
  const service = startService(root);
  const socket = join(root, "engine.sock");
  const brokers = new Set<string>();
  const ask: EngineKit["ask"] = (method, path, body) => askEngine(socket, method, path, body);
  const close = async (): Promise<void> => {
    await removeAll(ask);
    service.kill("SIGTERM");
    if (service.exitCode === null) await new Promise((resolve) => service.once("exit", resolve));
    for (const folder of [...brokers, root]) fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (let i = 0; !fs.existsSync(socket) && i < 500; i++) await sleep(20);
    fs.chmodSync(socket, 0o666);
    const image = await importImage(ask, root);
    const config: ContainerConfig = { socket, image, runtime: null, warm: 1, cpus: 1 };
    await tryOne(ask, image);
    return {
      socket,
      image,
      config,
      ask,
      async broker({ container, ...options } = {}) {
        const folder = options.root ?? tempRoot("container", options.within);
        fs.chownSync(folder, NOBODY, NOBODY);
        if (options.root === undefined) brokers.add(folder);
        const full = { ...options.config, container: { ...config, ...container } };
        return startBroker({ ...options, root: folder, uid: NOBODY, config: full });
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

export type Tried =
  | { readonly engine: EngineKit; readonly skip: false }
  | { readonly engine: null; readonly skip: string };

/** An engine, or why this machine has none that can run anything. */
export async function tryEngine(): Promise<Tried> {
  const skip = containersMissing();
  if (skip !== false) return { engine: null, skip };
  try {
    return { engine: await startEngine(), skip: false };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { engine: null, skip: `containers: this machine cannot run one (${why.slice(0, 200)})` };
  }
}

function startService(root: string): ChildProcess {
  const file = (name: string, text: string): string => {
    const path = join(root, name);
    fs.writeFileSync(path, text);
    return path;
  };
  const containers = file(
    "containers.conf",
    '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]\n[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "none"\n',
  );
  const storage = file(
    "storage.conf",
    `[storage]\ndriver = "vfs"\ngraphroot = "${root}/storage"\nrunroot = "${root}/run"\n`,
  );
  return spawn("/usr/bin/podman", ["system", "service", "-t", "0", `unix://${root}/engine.sock`], {
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", CONTAINERS_CONF: containers, CONTAINERS_STORAGE_CONF: storage },
    stdio: "ignore",
    // What watches a container leaves a file where it was started.
    cwd: root,
  });
}

async function importImage(ask: EngineKit["ask"], root: string): Promise<string> {
  const tree = join(root, "image");
  for (const folder of ["bin", "etc", "tmp", "usr"]) fs.mkdirSync(join(tree, folder), { recursive: true });
  fs.chmodSync(join(tree, "tmp"), 0o1777);
  fs.copyFileSync("/bin/busybox", join(tree, "bin/busybox"));
  fs.chmodSync(join(tree, "bin/busybox"), 0o755);
  const applets = execFileSync("/bin/busybox", ["--list"], { encoding: "utf8" }).split("\n");
  for (const name of applets) if (name !== "" && name !== "busybox") fs.symlinkSync("busybox", join(tree, "bin", name));
  fs.symlinkSync("../bin", join(tree, "usr/bin"));
  const tar = execFileSync("tar", ["-C", tree, "-cf", "-", "."], { maxBuffer: 64 * 1024 * 1024 });
  const { status, body } = await ask("POST", "/images/create?fromSrc=-&repo=vambrace-test", tar);
  const [, image] = /"(sha256:[0-9a-f]{64})"/.exec(body) ?? [];
  if (image === undefined) throw new Error(`the image was not imported (${status}): ${body.slice(0, 200)}`);
  return image;
}

async function tryOne(ask: EngineKit["ask"], image: string): Promise<void> {
  const made = await ask("POST", "/containers/create", {
    Image: image,
    Cmd: ["true"],
    HostConfig: { NetworkMode: "none", Memory: 64 * 1024 * 1024, PidsLimit: 16, LogConfig: { Type: "none" } },
  });
  const [, id] = /"Id":"([0-9a-f]+)"/.exec(made.body) ?? [];
  const started = await ask("POST", `/containers/${id}/start`);
  if (started.status !== 204) throw new Error(started.body);
  await ask("DELETE", `/containers/${id}?force=true`);
}

async function removeAll(ask: EngineKit["ask"]): Promise<void> {
  const { body } = await ask("GET", "/containers/json?all=true").catch(() => ({ body: "" }));
  for (const [, id] of body.matchAll(/"Id":"([0-9a-f]{64})"/g)) await ask("DELETE", `/containers/${id}?force=true`);
}

function askEngine(
  socketPath: string,
  method: string,
  path: string,
  body?: object | Buffer,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? "" : JSON.stringify(body));
    const type = Buffer.isBuffer(body) ? "application/x-tar" : "application/json";
    const headers = { "content-type": type, "content-length": bytes.length };
    const sent = request({ socketPath, method, path: `/v1.41${path}`, headers, agent: false }, (message) => {
      const parts: Buffer[] = [];
      message.on("data", (part: Buffer) => parts.push(part));
      message.on("end", () => resolve({ status: message.statusCode ?? 0, body: Buffer.concat(parts).toString() }));
    });
    sent.on("error", reject);
    sent.end(bytes);
  });
}
