/**
 * A job from the wire, strictly: the broker trusts no shape that it did not
 * check, and no key that it does not know.
 *
 * @module
 */
import type { BrokerConfig, ContainerConfig } from "../../core/broker-wire.ts";
import { BROWSER_ARGV, FILES_ARGV } from "../../core/broker-wire.ts";
import { parseId } from "../../core/ids.ts";
import { isArray, isObject, type JsonObject, type JsonValue, parseDigest } from "../../core/json.ts";
import type { Job, SignedToken } from "../../core/ports/executor.ts";
import { Refused } from "./refusal.ts";

const JOB_KEYS = [
  "argv",
  "cwd",
  "egressSocket",
  "env",
  "fileBytes",
  "memoryBytes",
  "mounts",
  "outputBytes",
  "processes",
  "runtime",
  "stdin",
  "wallMs",
];
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const MOST_WALL_MS = 3_600_000;
const MOST_IDLE_MS = 86_400_000;

/** @throws Refused JOB_MALFORMED */
export function parseJob(value: JsonValue | undefined): Job {
  const from = object(value, "job", withOptional(value, ["cpus", "egressCa", "scratch"], JOB_KEYS));
  const [program, ...rest] = strings(from["argv"], "argv");
  if (program === undefined || program === "") throw malformed("argv");
  const runtime = parseRuntime(from, [program, ...rest]);
  const egressSocket = from["egressSocket"] === null ? null : text(from["egressSocket"], "egressSocket");
  return {
    argv: [program, ...rest],
    cwd: path(from["cwd"], "cwd"),
    mounts: list(from["mounts"], "mounts").map(parseMount),
    env: parseEnv(from["env"]),
    stdin: text(from["stdin"], "stdin", true),
    wallMs: count(from["wallMs"], "wallMs", MOST_WALL_MS),
    outputBytes: count(from["outputBytes"], "outputBytes"),
    memoryBytes: count(from["memoryBytes"], "memoryBytes"),
    processes: count(from["processes"], "processes", 100_000),
    fileBytes: count(from["fileBytes"], "fileBytes"),
    egressSocket,
    ...(from["egressCa"] === undefined ? {} : { egressCa: path(from["egressCa"], "egressCa") }),
    runtime,
    ...(from["cpus"] === undefined ? {} : { cpus: parseCpus(from["cpus"]) }),
    ...(from["scratch"] === undefined ? {} : { scratch: parseScratch(from) }),
  };
}

function parseCpus(value: JsonValue): number {
  // Less than the kernel's smallest share of time would be none.
  if (typeof value === "number" && value >= 0.01 && value <= 1024) return value;
  throw malformed("cpus");
}

/** What one call left there for the next never meets a way out. */
function parseScratch({ scratch, egressSocket, runtime }: JsonObject): NonNullable<Job["scratch"]> {
  if (egressSocket !== null || runtime !== "command") throw malformed("scratch");
  const from = object(scratch, "scratch", ["idleMs", "session"]);
  try {
    const session = parseId("ses", text(from["session"], "scratch"));
    return { session, idleMs: count(from["idleMs"], "scratch", MOST_IDLE_MS) };
  } catch {
    throw malformed("scratch");
  }
}

/** Vambrace's own helpers are started in one form only. */
function parseRuntime(from: JsonObject, argv: readonly string[]): Job["runtime"] {
  const { runtime } = from;
  if (runtime !== "command" && runtime !== "files" && runtime !== "browser") throw malformed("runtime");
  if (runtime === "files" && argv.join("\0") !== FILES_ARGV.join("\0")) throw malformed("argv");
  if (runtime === "browser") checkBrowser(from, argv);
  return runtime;
}

/** A browser has no file of anybody's, and no way but the proxy's. */
function checkBrowser({ mounts, stdin, egressSocket }: JsonObject, argv: readonly string[]): void {
  const browser = argv[BROWSER_ARGV.length] ?? "";
  if (!browser.startsWith("/usr/") || argv.join("\0") !== [...BROWSER_ARGV, browser].join("\0"))
    throw malformed("argv");
  if (!isArray(mounts) || mounts.length > 0) throw malformed("mounts");
  if (stdin !== "") throw malformed("stdin");
  if (egressSocket === null) throw malformed("egressSocket");
}

function parseMount(value: JsonValue): Job["mounts"][number] {
  const from = object(value, "mounts", ["access", "path"]);
  const access = from["access"];
  if (access !== "read" && access !== "write" && access !== "none") throw malformed("mounts");
  return { path: path(from["path"], "mounts"), access };
}

function parseEnv(value: JsonValue | undefined): Readonly<Record<string, string>> {
  if (!isObject(value)) throw malformed("env");
  const entries = Object.entries(value).map(([name, item]): [string, string] => {
    if (!ENV_NAME.test(name)) throw malformed("env");
    return [name, text(item, "env")];
  });
  return Object.fromEntries(entries);
}

/** @throws Refused JOB_MALFORMED */
export function parseToken(value: JsonValue | undefined): SignedToken {
  const from = object(value, "token", ["job", "notAfterMs", "permit", "signature"]);
  try {
    return {
      permit: parseId("pmt", text(from["permit"], "token")),
      job: parseDigest(text(from["job"], "token")),
      notAfterMs: count(from["notAfterMs"], "token"),
      signature: text(from["signature"], "token"),
    };
  } catch {
    throw malformed("token");
  }
}

/** @throws Refused JOB_MALFORMED */
export function parseConfig(value: JsonValue | undefined): BrokerConfig {
  const keys = [
    "bwrapPaths",
    "container",
    "folder",
    "forbiddenPaths",
    "nodePath",
    "perlPath",
    "publicKey",
    "systemPaths",
  ];
  const from = object(value, "config", keys);
  return {
    publicKey: text(from["publicKey"], "config"),
    folder: path(from["folder"], "config"),
    forbiddenPaths: list(from["forbiddenPaths"], "config").map((item) => path(item, "config")),
    nodePath: path(from["nodePath"], "config"),
    bwrapPaths: list(from["bwrapPaths"], "config").map((item) => path(item, "config")),
    perlPath: path(from["perlPath"], "config"),
    systemPaths: list(from["systemPaths"], "config").map((item) => path(item, "config")),
    container: from["container"] === null ? null : parseContainer(from["container"]),
  };
}

/** A tag can be moved to another image by whoever owns the registry; a digest cannot. */
const PINNED = /^(?:[a-z0-9][a-z0-9._:/-]{0,254}@)?sha256:[0-9a-f]{64}$/;
const RUNTIME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** @throws Refused JOB_MALFORMED */
function parseContainer(value: JsonValue | undefined): ContainerConfig {
  const from = object(value, "config", ["cpus", "image", "runtime", "socket", "warm"]);
  const image = text(from["image"], "config");
  const runtime = from["runtime"] === null ? null : text(from["runtime"], "config");
  const { warm, cpus } = from;
  if (!PINNED.test(image) || (runtime !== null && !RUNTIME.test(runtime))) throw malformed("config");
  if (typeof cpus !== "number" || !(cpus > 0)) throw malformed("config");
  if (warm !== 0) count(warm, "config", 16);
  return { socket: path(from["socket"], "config"), image, runtime, warm: Number(warm), cpus };
}

function object(value: JsonValue | undefined, what: string, keys: readonly string[]): JsonObject {
  if (!isObject(value)) throw malformed(what);
  const names = Object.keys(value).sort();
  if (names.join() !== keys.join()) throw malformed(what);
  return value;
}

/** Keys that may be there, where they are. */
function withOptional(
  value: JsonValue | undefined,
  optional: readonly string[],
  keys: readonly string[],
): readonly string[] {
  return isObject(value) ? [...keys, ...optional.filter((key) => value[key] !== undefined)].sort() : keys;
}

function list(value: JsonValue | undefined, what: string): readonly JsonValue[] {
  if (!isArray(value)) throw malformed(what);
  return value;
}

function strings(value: JsonValue | undefined, what: string): string[] {
  return list(value, what).map((item) => text(item, what, true));
}

/** @param anything where empty text is meant; NUL never is: the kernel would cut the word there. */
function text(value: JsonValue | undefined, what: string, anything = what === "env"): string {
  if (typeof value !== "string" || (value === "" && !anything)) throw malformed(what);
  if (what !== "stdin" && value.includes("\0")) throw malformed(what);
  return value;
}

function path(value: JsonValue | undefined, what: string): string {
  const found = text(value, what);
  if (!found.startsWith("/")) throw malformed(what);
  return found;
}

function count(value: JsonValue | undefined, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 1 || value > most) throw malformed(what);
  return value;
}

function malformed(what: string): Refused {
  return new Refused("JOB_MALFORMED", `the job's \`${what}\` is not what the broker takes`, "report it: this is a bug");
}
