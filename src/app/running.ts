/**
 * What a running gateway leaves in the state folder for its owner's command
 * line: where it listens, and its process id. A crash leaves it behind, so
 * whoever reads it looks whether the process is still there.
 *
 * @module
 */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import type { Home } from "./home.ts";

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
    return RUNNING.parse(JSON.parse(readFileSync(home.running, "utf8")));
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** At once, never half. */
export function writeRunning(home: Home, running: Running): void {
  const fresh = `${home.running}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(running), { mode: 0o600 });
  renameSync(fresh, home.running);
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

const SIGNAL_PATIENCE_MS = 5000;

/** Resolves when the gateway has stopped. @throws Fault GATEWAY_UNREACHABLE where it does not say so. */
export async function stopBySignal(home: Home, running: Running): Promise<void> {
  if (!isGateway(running))
    throw notStopped(`process ${running.pid} does not look like a gateway`, "look: `vambrace status`");
  const before = readRunning(home)?.stoppedMs;
  process.kill(running.pid, "SIGUSR2");
  for (let waitedMs = 0; waitedMs < SIGNAL_PATIENCE_MS; waitedMs += 50) {
    await wait(50);
    const now = readRunning(home);
    if (now?.stoppedMs !== undefined && now.stoppedMs !== before) return;
    // Ending is stopping too: what it had started ends with it.
    if (now === undefined || !isGateway(running)) return;
  }
  throw notStopped(
    "the gateway did not stop: it does not react at all",
    `end it, and everything it started, with \`kill -9 ${running.pid}\``,
  );
}

function notStopped(message: string, hint: string): Fault {
  return new Fault("GATEWAY_UNREACHABLE", { message, hint });
}
