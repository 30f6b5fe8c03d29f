/**
 * Serve: a running gateway, from the state folder to the open door.
 *
 * The helpers are started first, and everything heavy is read while they boot:
 * that is most of what a start waits for.
 *
 * @module
 */
import { join } from "node:path";
import type { AgentId } from "../core/ids.ts";
import type { Environment } from "./config/environment.ts";
import { stateFolder } from "./config/environment.ts";
import { type HelperParts, type Helpers, startHelpers } from "./helpers.ts";
import { homeAt, makeHome } from "./home.ts";
import type { ChosenModel } from "./models.ts";
import type { Served } from "./open.ts";
import { systemClock, systemRandom } from "./system.ts";

export type ServeOptions = {
  readonly env: Environment;
  /** Instead of the configured one; 0: any free port. */
  readonly port?: number;
  /** For the demo and tests: a model in place of the configured ones. */
  readonly models?: ReadonlyMap<AgentId, ChosenModel>;
};

/** @throws Fault where anything that is needed cannot be had: there is no half of a gateway. */
export async function serve({ env, port, models }: ServeOptions): Promise<Served> {
  const home = homeAt(stateFolder(env));
  makeHome(home);
  const wires = lateWires();
  const starting = startHelpers({
    home,
    clock: systemClock,
    random: systemRandom,
    compileCache: join(home.run, "compile-cache"),
    log: wires.log,
    onConnection: (connection, owner) => wires.onConnection(connection, owner),
  });
  try {
    const { openGateway } = await import("./open.ts");
    return await openGateway({
      env,
      home,
      starting,
      wires,
      ...(port === undefined ? {} : { port }),
      ...(models === undefined ? {} : { models }),
    });
  } catch (thrown) {
    await endHelpers(starting);
    throw thrown;
  }
}

/** Whatever else failed is what is told; helpers that did not start either say so in their own way. */
async function endHelpers(starting: Promise<Helpers>): Promise<void> {
  await starting.then((helpers) => helpers.stop()).catch(() => undefined);
}

/** What the helpers may say before there is a log to write it to, or a ledger to record it in. */
export type LateWires = {
  readonly log: HelperLog;
  onConnection: HelperParts["onConnection"];
  /** From here on lines go there; those that waited go first. */
  openLog(log: HelperLog): void;
};

type HelperLog = HelperParts["log"];

function lateWires(): LateWires {
  const waiting: (readonly ["warn" | "error", string])[] = [];
  let to: HelperLog | undefined;
  const say = (level: "warn" | "error") => (line: string) => {
    if (to === undefined) waiting.push([level, line]);
    else to[level](line);
  };
  return {
    log: { warn: say("warn"), error: say("error") },
    // Nothing runs before there is a gateway: a connection then is nobody's.
    onConnection: () => Promise.reject(new Error("a connection before the gateway was open")),
    openLog(log) {
      to = log;
      for (const [level, line] of waiting.splice(0)) log[level](line);
    },
  };
}
