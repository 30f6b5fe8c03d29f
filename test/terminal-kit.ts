/**
 * The real command line on a pseudo-terminal that `script` makes, as a person
 * sits at it: keys go in, and what stands on the screen is waited for.
 *
 * @module
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { COMPILED } from "./first-start.ts";
import { BWRAP_PATHS } from "../src/app/helpers.ts";

const MAIN = fileURLToPath(new URL("../src/cli/main.ts", import.meta.url));
const SCRIPT = "/usr/bin/script";
const PATIENCE_MS = 15_000;

export type Place = {
  /** The person's home folder. */
  readonly home: string;
  readonly state: string;
  readonly workspace: string;
  readonly port: number;
  readonly env: Readonly<Record<string, string>>;
  /** What was started here, and ends with the test. */
  readonly started: Set<ChildProcess>;
};

export type Typing = {
  /** What was printed since the last time that something was waited for. */
  see(what: RegExp): Promise<string>;
  /** Types a line and Enter. */
  say(line: string): void;
  /** Types these characters as they are. */
  press(keys: string): void;
  /** Resolves with the exit status. */
  readonly ended: Promise<number | null>;
};

export const ENTER = "\r";
export const CTRL_C = "\u0003";
export const CTRL_D = "\u0004";

/** Why this cannot be tried here; false where it can. */
export function missing(): string | false {
  if (!BWRAP_PATHS.some((path) => existsSync(path))) return "bubblewrap is not installed";
  const { stdout } = spawnSync(SCRIPT, ["--version"], { encoding: "utf8" });
  return /util-linux/.test(stdout ?? "") ? false : "there is no `script` of util-linux";
}

export async function makePlace(t: { after(body: () => void): void }): Promise<Place> {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "vambrace-terminal-")));
  const workspace = join(home, "vambrace");
  mkdirSync(workspace, { mode: 0o700 });
  const started = new Set<ChildProcess>();
  t.after(() => {
    for (const child of started) child.kill("SIGTERM");
    rmSync(home, { recursive: true, force: true });
  });
  const env = {
    HOME: home,
    PATH: "/usr/bin:/bin",
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
    OLLAMA_HOST: "http://127.0.0.1:9",
    ...COMPILED,
  };
  return { home, state: join(home, ".vambrace"), workspace, port: await freePort(), env, started };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => resolve());
  await promise;
  const address = server.address();
  server.close();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

export function openTerminal(place: Place, args: readonly string[], env = place.env, columns = 100): Typing {
  const command = [`stty cols ${columns} rows 40;`, "exec", process.execPath, MAIN, ...args].join(" ");
  const child = spawn(SCRIPT, ["-qfec", command, "/dev/null"], { cwd: place.home, env });
  place.started.add(child);
  const ended = Promise.withResolvers<number | null>();
  child.on("close", (status) => ended.resolve(status));
  let seen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (seen += text));
  child.stdin.on("error", () => undefined);
  return {
    ended: ended.promise,
    press: (keys) => void child.stdin.write(keys),
    say: (line) => void child.stdin.write(`${line}${ENTER}`),
    async see(what) {
      for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 20) {
        const shown = stripVTControlCharacters(seen).replaceAll("\r", "");
        const found = what.exec(shown);
        if (found !== null) {
          seen = "";
          return shown;
        }
        await wait(20);
      }
      assert.fail(`waited for ${String(what)}; on the screen: ${stripVTControlCharacters(seen)}`);
    },
  };
}

/** Like `openTerminal`, with pipes where a terminal would be. */
export function openPipe(place: Place, args: readonly string[]): Typing & { kill(signal: "SIGTERM"): void } {
  const child = spawn(process.execPath, [MAIN, ...args], { cwd: place.home, env: place.env });
  place.started.add(child);
  const ended = Promise.withResolvers<number | null>();
  child.on("close", (status) => ended.resolve(status));
  let seen = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (seen += text));
  }
  child.stdin.end();
  return {
    ended: ended.promise,
    press: () => undefined,
    say: () => undefined,
    kill: (signal) => void child.kill(signal),
    async see(what) {
      for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 20) {
        if (what.test(seen)) return seen;
        await wait(20);
      }
      assert.fail(`waited for ${String(what)}; it said: ${seen}`);
    },
  };
}

/** The gateway's process id, and those of all that it has started. */
export function processesOf(place: Place): readonly number[] {
  const running: unknown = JSON.parse(readFileSync(join(place.state, "running.json"), "utf8"));
  assert.ok(typeof running === "object" && running !== null && "pid" in running && typeof running.pid === "number");
  const parents = new Map(allProcesses());
  const found = [running.pid];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found;
}

/** Of these, who is still there, once they had time to go. */
export async function stillThere(pids: readonly number[]): Promise<readonly number[]> {
  const left = (): readonly number[] => pids.filter((pid) => existsSync(`/proc/${pid}/stat`) && !isDead(pid));
  for (let waitedMs = 0; waitedMs < 5000 && left().length > 0; waitedMs += 50) await wait(50);
  return left();
}

function* allProcesses(): Generator<readonly [number, number]> {
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const parent = parentOf(name);
    if (parent !== undefined) yield [Number(name), parent];
  }
}

/** Undefined for a process that has gone meanwhile. */
function parentOf(pid: string): number | undefined {
  try {
    const found = /\) . (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
    return found === null ? undefined : Number(found[1]);
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

function isDead(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch (error) {
    if (error instanceof Error) return true;
    throw error;
  }
}
