/**
 * The ledger writer: the only process that holds the signing key, and the only
 * one that writes the ledger. Started first, with one end of a socket pair as
 * descriptor 3; it ends when the other end closes.
 *
 *     node writer-main.ts --dir DIR --origin NAME
 *
 * Signals that a terminal or a service manager sends to the whole group are
 * ignored: the gateway's last records come after them. Nothing but built-in
 * modules is loaded.
 *
 * @module
 */
import { generateKeyPairSync } from "node:crypto";
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { operatorFault } from "../core/disk-fault.ts";
import { Fault } from "../core/fault.ts";
import { jsonFrame } from "../core/frame.ts";
import { nodeFiles } from "./files.ts";
import { lockFolder } from "./lock.ts";
import { openLog } from "./log.ts";
import { serveLedger } from "./writer.ts";

const STDERR = 2;

async function main(socket: Socket): Promise<Fault | undefined> {
  const { dir, origin } = readArguments();
  const files = nodeFiles(dir);
  const lock = lockFolder(dir);
  const clock = { wallMs: () => Date.now(), sleep: (ms: number, signal?: AbortSignal) => pause(ms, signal) };
  const makeKey = () => generateKeyPairSync("ed25519").privateKey;
  const log = openLog({ files, origin, clock, makeKey });
  const why = await serveLedger({ socket, log, clock });
  lock.release();
  return why;
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal });
}

function readArguments(): { dir: string; origin: string } {
  const { values } = parseArgs({ options: { dir: { type: "string" }, origin: { type: "string" } } });
  if (values.dir !== undefined && values.origin !== undefined) return { dir: values.dir, origin: values.origin };
  throw new Fault("LEDGER_SETUP_MALFORMED", {
    message: "the ledger writer was started without `--dir` and `--origin`",
    hint: "do not start it by hand: `vambrace start` does",
  });
}

function complain(fault: Fault): void {
  writeSync(STDERR, `vambrace ledger: ${fault.message}\nhint: ${fault.hint}\n`);
  process.exitCode = fault.exitCode;
}

process.umask(0o077);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);
const socket = new Socket({ fd: 3, readable: true, writable: true, allowHalfOpen: true });
try {
  const why = await main(socket);
  if (why !== undefined) complain(why);
} catch (error) {
  const fault = operatorFault(error, "the ledger");
  complain(fault);
  socket.end(jsonFrame({ op: "fatal", fault: fault.toJSON() }), () => socket.destroy());
}
