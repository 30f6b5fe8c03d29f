/** Commands of the command line, run in the test's own process against its gateway. @module */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { environmentOf } from "../src/app/config/environment.ts";
import type { Command, Flags, Io } from "../src/cli/command.ts";
import { toFault } from "../src/core/fault.ts";
import { holdLock } from "../src/edges/store/lock.ts";
import type { Kit } from "./gateway-kit.ts";

export type Ran = { readonly status: number | null; readonly out: string; readonly err: string };

/** Starting a process for each is most of what a test with twenty of them would take. */
export async function run(kit: Kit, command: Command, args: readonly string[], flags: Flags = {}): Promise<Ran> {
  for (;;) {
    await stateIsFree(kit.place.state);
    const ran = await runAt(kit.place.env, command, args, flags);
    // The gateway took the lock in between. A command waits for it without letting anything else of its process go on.
    if (!ran.err.includes("somebody else is changing")) return ran;
  }
}

/** The gateway of this process holds the lock while it records what commands left. */
async function stateIsFree(state: string): Promise<void> {
  for (;;) {
    const lock = holdLock(join(state, "config.lock"), 0);
    if (lock !== "busy") return lock.release();
    await pause(5);
  }
}

/** The same of an installation that no gateway runs on. */
export async function runAt(
  env: NodeJS.ProcessEnv,
  command: Command,
  args: readonly string[],
  flags: Flags = {},
): Promise<Ran> {
  let out = "";
  let err = "";
  const io: Io = {
    out: (line) => void (out += `${line}\n`),
    err: (line) => void (err += `${line}\n`),
    write: (piece) => void (out += piece),
    stdin: process.stdin,
    isTerminal: false,
    env: environmentOf(env),
    signal: new AbortController().signal,
  };
  try {
    return { status: await command.run(args, flags, io), out, err };
  } catch (thrown) {
    const fault = toFault(thrown);
    return { status: fault.exitCode, out, err: `${err}${fault.message}\n${fault.hint}` };
  }
}
