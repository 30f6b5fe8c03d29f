/**
 * Whether a container that runs is what was asked for: by the engine's own
 * word, and where the program meets this machine's kernel, by what the kernel
 * says of its first process. An engine may drop what it does not know.
 *
 * A wall that does not stand is a refusal, with its name; never a warning.
 *
 * @module
 */
import * as fs from "node:fs";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../../core/json.ts";
import { Refused } from "../refusal.ts";
import { number, text } from "./engine.ts";
import type { Recipe } from "./recipe.ts";

/** What must be the very same thing inside as it is outside. */
export type Same = { readonly path: string; readonly key: string };

/**
 * What is to be mounted is still what was checked: Podman makes a folder of what it does not find, and that would lie in
 * the person's workspace.
 *
 * BUG(made-anew): what goes away between this look and the engine's own, some hundredths of a second, comes back empty.
 *
 * @throws Refused SANDBOX_MOUNT
 */
export function requireThere({ binds }: Pick<Recipe, "binds">, same: readonly Same[]): void {
  const keys = new Map(same.map(({ path, key }) => [path, key]));
  for (const { from, to } of binds) {
    const key = keys.get(to);
    if (key === undefined) continue; // the broker's own
    const found = fs.lstatSync(from, { throwIfNoEntry: false });
    if (found !== undefined && `${found.dev}:${found.ino}` === key) continue;
    throw new Refused("SANDBOX_MOUNT", `\`${from}\` was moved or exchanged just now`, "try again");
  }
}

/** @throws Refused SANDBOX_LIMIT or SANDBOX_BROKEN for the first thing that is not as asked. */
export function verifyWord(inspected: JsonObject, recipe: Recipe): void {
  const host = object(inspected["HostConfig"]);
  const own = object(inspected["Config"]);
  const { limits, engine, user } = recipe;
  requireLimit(number(host["Memory"]) === limits.memoryBytes, "memory");
  requireLimit(number(host["MemorySwap"]) === limits.memoryBytes, "swap");
  requireLimit(number(host["PidsLimit"]) === limits.processes, "processes");
  requireLimit(hardLimit(host, "fsize") === limits.fileBytes, "file size");
  require_(text(inspected["Image"]) === engine.imageId, "runs another image");
  require_(text(own["User"]) === `${user.uid}:${user.gid}`, "runs as another user");
  require_(host["ReadonlyRootfs"] === true, "has a root that can be written");
  require_(host["Privileged"] === false, "is privileged");
  require_(text(host["NetworkMode"]) === "none", "has a network");
  require_(isEmpty(host["CapAdd"]), "was given capabilities");
  require_(isEmpty(host["Devices"]), "was given devices");
  for (const mode of ["PidMode", "IpcMode", "UTSMode"]) {
    require_(!/^(?:host|container:)/.test(text(host[mode])), `shares the machine's ${mode.slice(0, -4)} namespace`);
  }
  const runtime = text(inspected["OCIRuntime"]) || text(host["Runtime"]);
  require_(engine.runtime === null || runtime === engine.runtime, `runs under \`${runtime}\``);
}

function hardLimit(host: JsonObject, name: string): number {
  const all = isArray(host["Ulimits"]) ? host["Ulimits"] : [];
  const one = all.find(
    (each) =>
      isObject(each) &&
      text(each["Name"])
        .toLowerCase()
        .replace(/^rlimit_/, "") === name,
  );
  return isObject(one) ? number(one["Hard"]) : -1;
}

/** @throws Refused where the kernel knows the container's limits otherwise, or they cannot be seen. */
export function verifyGroups(pid: number, { limits }: Recipe): void {
  const memory = readGroup(pid, "memory", ["memory.max", "memory.limit_in_bytes"]);
  // The kernel counts whole pages.
  requireLimit(memory > limits.memoryBytes - 65_536 && memory <= limits.memoryBytes, "memory");
  requireLimit(readGroup(pid, "pids", ["pids.max"]) === limits.processes, "processes");
}

/** The number in the first of these files of the process's control group; NaN where there is none. */
function readGroup(pid: number, controller: string, names: readonly string[]): number {
  const groups = read(`/proc/${pid}/cgroup`).split("\n");
  for (const [, controllers = "", path = ""] of groups.map((line) => /^\d+:([^:]*):(.*)$/.exec(line) ?? [])) {
    if (controllers !== "" && !controllers.split(",").includes(controller)) continue;
    for (const point of controllers === "" ? ["/sys/fs/cgroup"] : [`/sys/fs/cgroup/${controller}`]) {
      const value = names.map((name) => read(`${point}${path}/${name}`)).find((found) => found !== "");
      if (value !== undefined) return Number.parseInt(value, 10);
    }
  }
  return Number.NaN;
}

/** What the kernel says of the first process. @throws Refused */
export function verifyKernel(pid: number, recipe: Recipe, same: readonly Same[]): void {
  const status = read(`/proc/${pid}/status`);
  const line = (name: string): string => new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
  require_(new Set(line("Uid").split("\t")).size === 1 && !line("Uid").startsWith("0\t"), "runs as root");
  for (const set of ["CapPrm", "CapEff", "CapBnd"]) require_(/^0+$/.test(line(set)), "holds capabilities");
  require_(line("NoNewPrivs") === "1", "can gain privileges");
  require_(line("Seccomp") === "2", "has no system-call filter");
  const file = /^Max file size +(\S+) +(\S+)/m.exec(read(`/proc/${pid}/limits`));
  requireLimit(Number(file?.[2]) === recipe.limits.fileBytes, "file size");
  const devices = read(`/proc/${pid}/net/dev`).split("\n").slice(2);
  require_(
    devices.filter((one) => one.trim() !== "").every((one) => /^\s*lo:/.test(one)),
    "has a network",
  );
  verifyMounts(pid, recipe, same);
}

/** What an engine brings by itself; anything else that is mounted was not asked for. */
const USUAL =
  /^\/(?:$|(?:proc|sys|dev)(?:\/|$)|tmp$|run$|var\/tmp$|etc\/(?:hosts|hostname|resolv\.conf|passwd|group)$|run\/\.containerenv$)/;

function verifyMounts(pid: number, recipe: Recipe, same: readonly Same[]): void {
  const mounted = new Map<string, string>();
  for (const row of read(`/proc/${pid}/mountinfo`).split("\n")) {
    const [, , , , point, options] = row.split(" ");
    if (point !== undefined && options !== undefined) mounted.set(unescape_(point), options);
  }
  require_(isReadOnly(mounted.get("/")), "has a root that can be written");
  const covers = recipe.covers.map((path) => [path, "read"] as const);
  const asked = new Map([...recipe.binds.map(({ to, access }) => [to, access] as const), ...covers]);
  for (const [point, options] of mounted) {
    const access = asked.get(point);
    require_(access !== undefined || USUAL.test(point), `has \`${point}\` mounted, which nobody asked for`);
    require_(access !== "read" || isReadOnly(options), `can write \`${point}\``);
  }
  for (const point of asked.keys()) require_(mounted.has(point), `lacks \`${point}\``);
  for (const { path, key } of same) {
    require_(keyAt(`/proc/${pid}/root${path}`) === key, `got something else than the checked \`${path}\``);
  }
}

function keyAt(path: string): string {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.dev}:${stat.ino}`;
}

function isReadOnly(options: string | undefined): boolean {
  return options?.split(",").includes("ro") === true;
}

/** The kernel writes a space in a path as `\040`. */
function unescape_(path: string): string {
  return path.replaceAll(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    return ""; // what cannot be seen is not as asked: the caller finds nothing in it and refuses
  }
}

function object(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

function isEmpty(value: JsonValue | undefined): boolean {
  return value === undefined || value === null || (isArray(value) && value.length === 0);
}

function requireLimit(isThere: boolean, what: string): void {
  if (isThere) return;
  throw new Refused(
    "SANDBOX_LIMIT",
    `the container engine did not put the limit on ${what} in force`,
    "give the engine the controllers (under systemd: `Delegate=memory pids cpu`), or write `backend: bubblewrap`",
  );
}

function require_(isSo: boolean, otherwise: string): void {
  if (isSo) return;
  throw new Refused(
    "SANDBOX_BROKEN",
    `the container ${otherwise}, so nothing was started in it`,
    "look at the engine's own settings (containers.conf, daemon.json), or write `backend: bubblewrap`",
  );
}
