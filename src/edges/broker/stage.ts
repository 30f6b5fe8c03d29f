/**
 * The throw-away of a self-test: a folder with decoys, outside every sandbox,
 * made for one test and removed after it with everything that was started in
 * it.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import * as fs from "node:fs";
import { homedir, hostname } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AttemptEnv } from "../../core/break-out/attempt.ts";
import { isObject, type JsonValue } from "../../core/json.ts";
import { type Cgroup, type CgroupHome, makeCgroup } from "./cgroup.ts";

export type Stage = {
  readonly name: string;
  readonly folder: string;
  /** What every attempt finds in its environment, in a sandbox and outside. */
  readonly facts: AttemptEnv;
  /** Only outside: a variable and an open file that no sandbox is given. */
  readonly secret: { readonly env: Readonly<Record<string, string>>; readonly fd: number };
  readonly cgroup: Cgroup | null;
  /** Ends what was started in it and removes it. */
  end(): Promise<void>;
};

export type StagePlace = {
  /** The broker's own folder. */
  readonly folder: string;
  readonly forbidden: readonly string[];
  readonly nodePath: string;
  readonly cgroups: CgroupHome | null;
};

const DECOYS = fileURLToPath(new URL(`decoys.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url));
/** What attempts may take without walls, should their own bounds fail. */
const BOUNDS = { memoryBytes: 1024 * 1024 * 1024, processes: 512 };
const KINDS = ["net", "pid", "ipc", "uts", "mnt"];

let made = 0;

export async function openStage(place: StagePlace, decoys: boolean): Promise<Stage> {
  const name = `stage-${++made}`;
  const folder = join(place.folder, name);
  const canary = `canary-${randomBytes(16).toString("hex")}`;
  furnish(folder, `${canary}\n`);
  const cgroup = decoys && place.cgroups !== null ? boundedGroup(place.cgroups, name) : null;
  const fd = fs.openSync(join(folder, "secret"), "r");
  const running = decoys ? startDecoys(place.nodePath, folder, canary) : null;
  async function end(): Promise<void> {
    if (running !== null) await endDecoys(running.child);
    await cgroup?.remove();
    fs.closeSync(fd);
    for (const path of await strayFiles(running?.facts)) fs.rmSync(path, { force: true });
    fs.rmSync(folder, { recursive: true, force: true });
  }
  try {
    const facts = { ...machineFacts(place, folder), ...(await running?.facts) };
    return { name, folder, facts, secret: { env: { GATEWAY_KEY: canary }, fd }, cgroup, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Removes what earlier brokers left. */
export function sweepStages(folder: string): void {
  for (const name of fs.readdirSync(folder))
    if (name.startsWith("stage-")) fs.rmSync(join(folder, name), { recursive: true, force: true });
}

function furnish(folder: string, canary: string): void {
  fs.rmSync(folder, { recursive: true, force: true });
  for (const name of ["", "scratch", "hooks", "home", "home/.ssh", "home/.aws", "home/autostart"])
    fs.mkdirSync(join(folder, name), { mode: 0o700 });
  for (const name of ["secret", "home/.ssh/id_ed25519", "home/.aws/credentials", "home/.netrc"])
    fs.writeFileSync(join(folder, name), canary, { mode: 0o600 });
  fs.writeFileSync(join(folder, "startup"), "# nothing\n", { mode: 0o600 });
}

function boundedGroup(home: CgroupHome, name: string): Cgroup {
  const cgroup = makeCgroup(home, name);
  cgroup.limit(BOUNDS);
  return cgroup;
}

/** A user id without a name, as in a container, has no home folder: the broker's own stands for it, as far out of reach. */
function homeOutside(own: string): string {
  try {
    return homedir();
  } catch {
    return own; // the system has no name for this user id
  }
}

function machineFacts({ forbidden, folder: own }: StagePlace, folder: string): AttemptEnv {
  const home = homeOutside(own);
  const namespaces = KINDS.map((kind) => [`NS_${kind.toUpperCase()}`, fs.readlinkSync(`/proc/self/ns/${kind}`)]);
  return {
    STAGE: folder,
    SCRATCH: join(folder, "scratch"),
    MARK: "",
    MACHINE: process.arch,
    HOST_PID: String(process.pid),
    HOST_STARTED: startedAt(),
    HOST_NAME: hostname(),
    HOME_OUT: home,
    HOME_INODE: String(fs.statSync(home, { throwIfNoEntry: false })?.ino ?? 0),
    FORBIDDEN: forbidden.join(":"),
    ...Object.fromEntries(namespaces),
  };
}

/** Tells this process from another that has the same number inside a sandbox. */
function startedAt(): string {
  const stat = fs.readFileSync("/proc/self/stat", "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

type Decoys = { readonly child: ChildProcess; readonly facts: Promise<Readonly<Record<string, string>>> };

function startDecoys(nodePath: string, folder: string, canary: string): Decoys {
  const child = spawn(nodePath, ["--disable-warning=ExperimentalWarning", DECOYS, canary], {
    cwd: folder,
    env: { DECOY_KEY: canary },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const facts = Promise.withResolvers<Readonly<Record<string, string>>>();
  let text = "";
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
    if (text.includes("\n")) facts.resolve(readFacts(text));
  });
  child.once("error", facts.reject);
  child.once("exit", () => facts.reject(new Error("the decoys ended before they were there")));
  facts.promise.catch(() => undefined); // whoever opens the stage sees it
  return { child, facts: facts.promise };
}

function readFacts(text: string): Readonly<Record<string, string>> {
  const value: JsonValue = JSON.parse(text);
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, fact]) => (typeof fact === "string" ? [[name, fact]] : [])),
  );
}

async function endDecoys(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}

/** The two decoys that lie where a sandbox has a folder of its own. */
async function strayFiles(facts: Decoys["facts"] | undefined): Promise<string[]> {
  const known = await Promise.resolve(facts).catch(() => undefined);
  return [known?.["DECOY_TMP"], known?.["DECOY_SHM"]].filter((path) => path !== undefined);
}
