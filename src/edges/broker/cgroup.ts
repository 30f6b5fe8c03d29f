/**
 * Control groups: one per sandbox, for memory and processes, where this
 * machine lets the broker make them (version 2 with both controllers handed
 * down, or the version 1 hierarchies).
 *
 * A sandbox joins before bubblewrap starts, so nothing runs outside. The group
 * is also how the broker knows that the whole tree is gone: the kernel removes
 * only an empty one.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export type CgroupHome = {
  readonly version: 1 | 2;
  /** Folders under which groups are made: version 2 has one, version 1 one per controller. */
  readonly folders: readonly string[];
  /** Where processor time can be limited: the same folder in version 2, one more in version 1; null: nowhere. */
  readonly cpu: string | null;
};

export type Cgroup = {
  /** Files that a process writes its id to, to join. */
  readonly doors: readonly string[];
  limit(limits: { readonly memoryBytes: number; readonly processes: number }): void;
  /** Makes it what it was when it was made. Answers false where it is not empty, or that cannot be told: never use it again. */
  renew(): boolean;
  /** Kills what is left and resolves when nothing is. */
  remove(): Promise<void>;
};

const PREFIX = "vambrace-";
const MOST_WAIT_MS = 500;

/** Where groups can be made on this machine; null where they cannot. */
export function findCgroups(read: (file: string) => string = readText): CgroupHome | null {
  const own = parseOwn(read("/proc/self/cgroup"));
  const mounts = parseMounts(read("/proc/self/mounts"));
  const unified = mounts.get("cgroup2");
  const path2 = own.get("");
  if (unified !== undefined && path2 !== undefined) {
    const home = join(unified, path2);
    const given = read(join(home, "cgroup.subtree_control")).split(/\s+/);
    if (handsDown(given, home)) return { version: 2, folders: [home], cpu: given.includes("cpu") ? home : null };
  }
  return findOld(own, mounts);
}

function findOld(own: ReadonlyMap<string, string>, mounts: ReadonlyMap<string, string>): CgroupHome | null {
  const [pids, memory, cpu] = ["pids", "memory", "cpu"].map((controller) => {
    const mount = mounts.get(controller);
    const path = own.get(controller);
    return mount === undefined || path === undefined ? null : join(mount, path);
  });
  if (!pids || !memory || !writable(pids) || !writable(memory)) return null;
  const isApart = cpu !== pids && cpu !== memory;
  return { version: 1, folders: [pids, memory], cpu: cpu && isApart && writable(cpu) ? cpu : null };
}

/** Lines of /proc/self/cgroup: `8:pids:/a`; version 2 is `0::/a`. */
function parseOwn(text: string): Map<string, string> {
  const paths = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, names, path] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    if (names === undefined || path === undefined) continue;
    for (const name of names.split(",")) paths.set(name, path);
  }
  return paths;
}

/** Mount point by controller; `cgroup2` for the unified hierarchy. */
function parseMounts(text: string): Map<string, string> {
  const points = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, point = "", type, options = ""] = line.split(" ");
    if (type === "cgroup2") points.set("cgroup2", point);
    if (type === "cgroup") for (const option of options.split(",")) points.set(option, point);
  }
  return points;
}

function handsDown(given: readonly string[], home: string): boolean {
  return given.includes("memory") && given.includes("pids") && writable(home);
}

function writable(folder: string): boolean {
  const trial = join(folder, `${PREFIX}${process.pid}-trial`);
  try {
    fs.mkdirSync(trial);
    fs.rmdirSync(trial);
    return true;
  } catch {
    return false; // no right to make groups here: the caller falls to rlimits or refuses
  }
}

const PERIOD_US = 100_000;

/**
 * @param cpus processors' worth of time; null: as much as there is.
 * @throws Error where the kernel refuses the group or a limit.
 */
export function makeCgroup(home: CgroupHome, name: string, cpus: number | null = null): Cgroup {
  const own = `${PREFIX}${process.pid}-${name}`;
  const apart = cpus !== null && home.cpu !== null && home.version === 1 ? [home.cpu] : [];
  const groups = [...home.folders, ...apart].map((folder) => join(folder, own));
  for (const group of groups) fs.mkdirSync(group);
  const limitOwnCpu = (): void => {
    if (cpus !== null) limitCpu(home, own, Math.round(cpus * PERIOD_US));
  };
  limitOwnCpu();
  const [pids = "", memory = pids] = groups;
  return {
    doors: groups.map((group) => join(group, "cgroup.procs")),
    limit({ memoryBytes, processes }) {
      fs.writeFileSync(join(pids, "pids.max"), String(processes));
      if (home.version === 2) limitMemory2(memory, memoryBytes);
      else limitMemory1(memory, memoryBytes);
    },
    renew: () =>
      told(() => {
        if (!holdsNothing(home, { pids, memory }) || !groups.every(isEmpty)) return false;
        fs.writeFileSync(join(pids, "pids.max"), "max");
        if (home.version === 2) unlimitMemory2(memory);
        else unlimitMemory1(memory);
        limitOwnCpu();
        return true;
      }),
    async remove() {
      for (const group of groups) await removeGroup(group);
    },
  };
}

function told(holds: () => boolean): boolean {
  try {
    return holds();
  } catch {
    return false; // what cannot be read or set is not known, and not knowing is a no
  }
}

function isEmpty(group: string): boolean {
  return fs.readFileSync(join(group, "cgroup.procs"), "latin1") === "";
}

/**
 * Bytes that an emptied group may still count: what the kernel keeps of files and names that were first read in it. That
 * gives way to the next program's memory. What a program handed to another sandbox (a file in memory) does not, and must
 * not eat up the limit of a job that has nothing to do with it.
 */
const MOST_LEFT = 8 * 1024 * 1024;

/** A process that has ended leaves the list before the kernel is done with it; the count it leaves last. */
function holdsNothing({ version }: CgroupHome, { pids, memory }: { readonly pids: string; readonly memory: string }) {
  if (fs.readFileSync(join(pids, "pids.current"), "latin1") !== "0\n") return false;
  const events = version === 2 ? fs.readFileSync(join(pids, "cgroup.events"), "latin1") : "populated 0\n";
  if (!/^populated 0$/m.test(events) || /^frozen 1$/m.test(events)) return false;
  const name = version === 2 ? "memory.current" : "memory.usage_in_bytes";
  const left = fs.readFileSync(join(memory, name), "latin1");
  return /^\d+\n$/.test(left) && Number(left) <= MOST_LEFT;
}

function limitCpu({ version, cpu }: CgroupHome, name: string, quotaUs: number): void {
  if (cpu === null) throw new Error("no control group limits processor time here");
  if (version === 2) return fs.writeFileSync(join(cpu, name, "cpu.max"), `${quotaUs} ${PERIOD_US}`);
  fs.writeFileSync(join(cpu, name, "cpu.cfs_period_us"), String(PERIOD_US));
  fs.writeFileSync(join(cpu, name, "cpu.cfs_quota_us"), String(quotaUs));
}

function limitMemory2(group: string, bytes: number): void {
  fs.writeFileSync(join(group, "memory.max"), String(bytes));
  writeIfThere(join(group, "memory.swap.max"), "0");
  writeIfThere(join(group, "memory.oom.group"), "1");
}

function limitMemory1(group: string, bytes: number): void {
  fs.writeFileSync(join(group, "memory.limit_in_bytes"), String(bytes));
  writeIfThere(join(group, "memory.memsw.limit_in_bytes"), String(bytes));
}

function unlimitMemory2(group: string): void {
  fs.writeFileSync(join(group, "memory.max"), "max");
  writeIfThere(join(group, "memory.swap.max"), "max");
  writeIfThere(join(group, "memory.oom.group"), "0");
}

/** The sum first: the kernel keeps it at least as high as memory's own limit. */
function unlimitMemory1(group: string): void {
  writeIfThere(join(group, "memory.memsw.limit_in_bytes"), "-1");
  fs.writeFileSync(join(group, "memory.limit_in_bytes"), "-1");
}

function writeIfThere(file: string, text: string): void {
  if (fs.existsSync(file)) fs.writeFileSync(file, text);
}

/** However long it takes: a busy machine may need seconds to end a process, and nothing may be left unwatched. */
async function removeGroup(group: string): Promise<void> {
  for (let waitMs = 1; !(await removed(group)); waitMs = Math.min(waitMs * 1.2, MOST_WAIT_MS)) {
    if (waitMs > 1) killAll(group);
    await sleep(waitMs);
  }
}

/** Not by the broker's own thread: the kernel takes its time to take a group apart. */
async function removed(group: string): Promise<boolean> {
  try {
    await fs.promises.rmdir(group);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "EBUSY") return false;
    if (code === "ENOENT") return true;
    throw error;
  }
}

function killAll(group: string): void {
  for (const line of readText(join(group, "cgroup.procs")).split("\n")) {
    const pid = Number(line);
    if (pid > 1 && pid !== process.pid) killOne(pid);
  }
}

function killOne(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

/** Removes groups that a broker left which is no longer alive. */
export function sweepCgroups(home: CgroupHome): void {
  for (const folder of new Set([...home.folders, ...(home.cpu === null ? [] : [home.cpu])])) {
    for (const name of fs.readdirSync(folder)) {
      const pid = Number(/^vambrace-(\d+)-/.exec(name)?.[1] ?? "0");
      if (pid > 0 && !fs.existsSync(`/proc/${pid}`)) removeEmpty(join(folder, name));
    }
  }
}

function removeEmpty(group: string): void {
  try {
    fs.rmdirSync(group);
  } catch {
    return; // not empty: what it holds dies with its parent, and the next start sweeps again
  }
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return ""; // not there: the caller finds no controller in it
  }
}
