/**
 * Serve: a running gateway, from the state folder to the open door.
 *
 * The helpers, and where policies are new the thread that vets them, are started
 * first, and everything heavy is read while they boot: that is most of what a start waits
 * for.
 *
 * @module
 */
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Fault } from "../core/fault.ts";
import type { AgentId } from "../core/ids.ts";
import { holdLock, type Lock } from "../edges/store/lock.ts";
import type { Environment } from "./config/environment.ts";
import { stateFolder } from "./config/environment.ts";
import { type Helpers, startHelpers } from "./helpers.ts";
import { type Home, homeAt, makeHome } from "./home.ts";
import { lateWires } from "./late-wires.ts";
import type { ChosenModel } from "./models.ts";
import type { Served } from "./open.ts";
import type { Passphrase } from "./secrets/sources.ts";
import { systemClock, systemRandom } from "./system.ts";
import { openKnownVetter } from "./vetted.ts";
import { LOCK_NAME } from "./running.ts";

export type ServeOptions = {
  readonly env: Environment;
  /** Instead of the configured one; 0: any free port. */
  readonly port?: number;
  /** For the demo and tests: a model in place of the configured ones. */
  readonly models?: ReadonlyMap<AgentId, ChosenModel>;
  /** Asks whoever started it for the passphrase of the vault; absent: nobody can be asked. */
  readonly passphrase?: Passphrase;
};

/** @throws Fault where anything that is needed cannot be had: there is no half of a gateway. */
export async function serve({ env, port, models, passphrase }: ServeOptions): Promise<Served> {
  const home = homeAt(stateFolder(env));
  makeHome(home);
  // Before any helper: a second broker would clear away what the first one works with.
  const lock = takeHome(home);
  const wires = lateWires();
  const vetter = openKnownVetter({ folder: home.run, warn: wires.log.warn });
  const starting = startHelpers({
    home,
    clock: systemClock,
    random: systemRandom,
    compileCache: join(home.run, "compile-cache"),
    log: wires.log,
    container: wires.container.promise,
    onConnection: (connection, owner) => wires.onConnection(connection, owner),
    onHelper: (name, state, why) => wires.onHelper(name, state, why),
  });
  try {
    const { readGround } = await import("./ground.ts");
    const ground = readGround({ home, env, vet: vetter.vet });
    wires.container.resolve(ground.container);
    // The broker is told now: reading the rest keeps this thread busy for a while.
    await nextTurn();
    const { openGateway } = await import("./open.ts");
    const served = await openGateway({
      env,
      home,
      ground,
      starting,
      wires,
      ...(port === undefined ? {} : { port }),
      ...(models === undefined ? {} : { models }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
    return { ...served, close: () => served.close().finally(() => lock.release()) };
  } catch (thrown) {
    // Nobody reads the configuration any more; the broker that waits for it ends.
    wires.container.reject(thrown);
    await endHelpers(starting);
    lock.release();
    throw thrown;
  } finally {
    await vetter.close();
  }
}

/** A command that only looks whether a gateway runs holds it for an instant. */
const LOCK_PATIENCE_MS = 250;

/** @throws Fault STATE_IN_USE where another gateway runs on this state folder. */
function takeHome(home: Home): Lock {
  const lock = holdLock(join(home.root, LOCK_NAME), LOCK_PATIENCE_MS);
  if (lock !== "busy") return lock;
  throw new Fault("STATE_IN_USE", {
    message: `a gateway runs already on this state folder (${home.root})`,
    hint: "talk to it with `vambrace chat`, look at it with `vambrace status`; another one needs another VAMBRACE_HOME",
  });
}

/** Whatever else failed is what is told; helpers that did not start either say so in their own way. */
async function endHelpers(starting: Promise<Helpers>): Promise<void> {
  await starting.then((helpers) => helpers.stop()).catch(() => undefined);
}
