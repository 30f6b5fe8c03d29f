/** Starts the gateway as a process of its own that outlives the terminal. @module */
import { spawn } from "node:child_process";
import { closeSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Fault } from "../core/fault.ts";
import { type Environment, stateFolder } from "./config/environment.ts";
import { homeAt, makeHome, ownProgram } from "./home.ts";
import { openAnew } from "./plain-file.ts";
import { readRunning } from "./running.ts";

const PATIENCE_MS = 30_000;

/** Resolves when it listens. @throws Fault GATEWAY_UNREACHABLE where it ended first, with what it said. */
export async function startInBackground(
  args: readonly string[],
  env: Environment,
): Promise<{ readonly pid: number; readonly url: string }> {
  const home = homeAt(stateFolder(env));
  makeHome(home);
  const output = join(home.logs, "start.log");
  const log = openAnew(output);
  const child = spawn(process.execPath, [...process.execArgv, ownProgram("cli/main.ts"), "start", ...args], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  child.unref();
  const ended = Promise.withResolvers<true>();
  child.once("exit", () => ended.resolve(true));
  child.once("error", () => ended.resolve(true));
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += 50) {
    const running = readRunning(home);
    if (running !== undefined && running.pid === child.pid) return running;
    if (await Promise.race([ended.promise, wait(50, false as const)])) break;
  }
  const said = readFileSync(output, "utf8").trim();
  const [, message, hint] = /^error: (.*)\nhint: (.*)/m.exec(said) ?? [];
  throw new Fault("GATEWAY_UNREACHABLE", {
    message: `the gateway did not start: ${message ?? said.split("\n").slice(-4).join("; ").slice(0, 500)}`,
    hint: hint ?? `what it said is in ${output}`,
  });
}
