/**
 * A stop that needs no door: whoever may signal this process owns it, and may
 * stop it where HTTP refuses or hangs. Like every stop it is recorded, and
 * holds until `vambrace resume`.
 *
 * @module
 */
import { utimesSync } from "node:fs";
import { PERMISSIONS } from "../core/person.ts";
import { parsePersonId } from "../core/ids.ts";
import type { Caller } from "../core/ports/gateway.ts";
import { cliTokenId } from "./cli-token.ts";
import { OWNER } from "./given.ts";
import type { Home } from "./home.ts";
import { type Running, writeRunning } from "./running.ts";
import { systemClock } from "./system.ts";
import type { Wired } from "./wire-up.ts";

/** Everything is asked for now: when the stop is said, nothing may be left to wait for. */
export async function createLocalStop(wired: Wired, home: Home, running: Running): Promise<() => Promise<void>> {
  const caller: Caller = {
    token: await cliTokenId(wired.store),
    person: parsePersonId(OWNER),
    trust: "full",
    roles: [],
    permissions: new Set(PERMISSIONS),
    channel: "terminal",
  };
  return async () => {
    const stopped = wired.gateway.stop(caller, "signal");
    // Halting is the first thing that `stop` does, before it waits for anything that may hang.
    const [said, done] = await Promise.allSettled([Promise.try(() => sayStopped(home, running)), stopped]);
    for (const one of [done, said]) if (one.status === "rejected") throw one.reason;
  };
}

/** On a full disk nothing can be written, and a time can be set all the same. */
function sayStopped(home: Home, running: Running): void {
  const nowMs = systemClock.wallMs();
  try {
    writeRunning(home, { ...running, stoppedMs: nowMs });
  } catch (thrown) {
    utimesSync(home.running, nowMs / 1000, nowMs / 1000);
    throw thrown;
  }
}
