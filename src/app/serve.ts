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
import { type Helpers, startHelpers } from "./helpers.ts";
import { homeAt, makeHome } from "./home.ts";
import { lateWires } from "./late-wires.ts";
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
