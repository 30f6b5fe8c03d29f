/**
 * What a running gateway leaves in the state folder for its owner's command
 * line: where it listens, and its process id. A crash leaves it behind, so
 * whoever reads it looks whether the process is still there.
 *
 * @module
 */
import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { holdLock } from "../edges/store/lock.ts";
import type { Home } from "./home.ts";
import { readPlainText } from "./plain-file.ts";

const RUNNING = z.looseObject({
  url: z.string(),
  pid: z.int().positive(),
  /** When it read its configuration: at a first start that is after the questions, not when the process began. */
  readMs: z.number().optional(),
  /** When a signal stopped it last; milliseconds since 1970. */
  stoppedMs: z.number().optional(),
});
export type Running = z.infer<typeof RUNNING>;

/** Undefined where none is written, or it cannot be read as one. */
export function readRunning(home: Home): Running | undefined {
  try {
    return RUNNING.parse(JSON.parse(readPlainText(home.running)));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** At once, never half. */
export function writeRunning(home: Home, running: Running): void {
  const fresh = `${home.running}.${process.pid}`;
  try {
    writeFileSync(fresh, JSON.stringify(running), { mode: 0o600 });
    renameSync(fresh, home.running);
  } catch (thrown) {
    rmSync(fresh, { force: true });
    throw thrown;
  }
}

/**
 * Whether that process is a gateway: after a crash its number may be anybody's, and a signal would end a stranger.
 */
export function isGateway({ pid }: Running): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return words.some((word) => /\/cli\/main\.[tj]s$/.test(word)) && words.includes("start");
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

/** By the lock that it holds: true also where `running.json` is gone or spoiled, and nobody knows where it listens. */
export function isHeld(home: Home): boolean {
  const path = join(home.root, LOCK_NAME);
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const lock = holdLock(path, 0);
  if (lock === "busy") return true;
  lock.release();
  return false;
}

/** Held by a gateway as long as it runs. */
export const LOCK_NAME = "gateway.lock";

const SIGNAL_PATIENCE_MS = 5000;

/** `unkept`: it has stopped, and its disk did not take it, so that a new start would not know. */
export type StoppedHow = "kept" | "unkept" | "ended";

/** Resolves when the gateway has stopped. @throws Fault GATEWAY_UNREACHABLE where it does not say so. */
export async function stopBySignal(home: Home, running: Running): Promise<StoppedHow> {
  if (!isGateway(running))
    throw notStopped(`process ${running.pid} does not look like a gateway`, "look: `vambrace status`");
  const before = readRunning(home)?.stoppedMs;
  const touched = touchedMs(home);
  process.kill(running.pid, "SIGUSR2");
  for (let waitedMs = 0; waitedMs < SIGNAL_PATIENCE_MS; waitedMs += 50) {
    await wait(50);
    // Before it is read: it is also touched by being written anew.
    const isTouched = touchedMs(home) !== touched;
    const now = readRunning(home);
    if (now?.stoppedMs !== undefined && now.stoppedMs !== before) return "kept";
    // Ending is stopping too: what it had started ends with it.
    if (now === undefined || !isGateway(running)) return "ended";
    if (isTouched) return "unkept";
  }
  throw notStopped(
    "the gateway did not stop: it does not react at all",
    `end it, and everything it started, with \`kill -9 ${running.pid}\``,
  );
}

function touchedMs(home: Home): number | undefined {
  return lstatSync(home.running, { throwIfNoEntry: false })?.mtimeMs;
}

function notStopped(message: string, hint: string): Fault {
  return new Fault("GATEWAY_UNREACHABLE", { message, hint });
}
