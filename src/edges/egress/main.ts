/**
 * The egress proxy's process. Born with a socket pair on descriptor 3, which
 * is all that it hears; it ends when that does.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { toFault } from "../../core/fault.ts";
import type { Random } from "../../core/ports/random.ts";
import { realWorld } from "../net/address.ts";
import { serveGateway } from "./helper.ts";
import { createEgressProxy } from "./proxy.ts";

setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
process.umask(0o077);
// An interrupt on the terminal is for the gateway, which ends this process when it is done with it.
process.on("SIGINT", () => undefined);

const random: Random = {
  bytes: (count) => randomBytes(count),
  uniform: () => randomBytes(4).readUInt32BE() / 2 ** 32,
};

const gateway = new Socket({ fd: 3, readable: true, writable: true });
process.on("SIGTERM", () => gateway.destroy());

try {
  await serveGateway(gateway, (socketDir) =>
    createEgressProxy({ socketDir, world: realWorld(), random, nowMs: Date.now }),
  );
} catch (error) {
  const fault = toFault(error);
  process.stderr.write(`egress proxy: ${fault.message}\nhint: ${fault.hint}\n`);
  process.exitCode = 1;
}
process.exit();
