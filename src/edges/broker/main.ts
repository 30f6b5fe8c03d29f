/**
 * The broker process: starts sandboxes, on signed tokens, and nothing else.
 *
 * It is born with one end of a socket pair as descriptor 3 and speaks to
 * nobody else. When that end closes, the broker ends, and everything that it
 * started ends with it.
 *
 * @module
 */
import * as fs from "node:fs";
import { Socket } from "node:net";
import type { FromBroker } from "../../core/broker-wire.ts";
import { bytesFrame, type Frame, frameReader, jsonFrame } from "../../core/frame.ts";
import { isObject, type JsonObject } from "../../core/json.ts";
import { type Broker, openBroker } from "./broker.ts";
import { parseConfig } from "./job-parse.ts";
import type { Outlet } from "./output.ts";

/** Linux, all machines that Node runs on. */
const O_CLOEXEC = 0o2000000;

const MOST_GOODBYE_MS = 2000;

closeInherited();
const socket = new Socket({ fd: 3, readable: true, writable: true });
const read = frameReader();
let broker: Broker | null = null;

/**
 * Node closes what it inherited only up to a gap in the numbers. What is left
 * open here would be open in every sandbox.
 */
function closeInherited(): void {
  for (const name of fs.readdirSync("/proc/self/fd")) {
    const fd = Number(name);
    if (fd > 3 && !closesOnExec(fd)) fs.closeSync(fd);
  }
}

function closesOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s+(\d+)/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, "latin1"))?.[1] ?? "0";
    return (Number.parseInt(flags, 8) & O_CLOEXEC) !== 0;
  } catch {
    return true; // it was the descriptor of the listing itself
  }
}

let ending = false;

/**
 * Everything that was started dies with this process anyway: bubblewrap watches its parent. Ending it first leaves
 * no sandbox behind that was only half made.
 */
function end(status: number): void {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(status), MOST_GOODBYE_MS).unref();
  void Promise.resolve(broker?.stopAll()).finally(() => process.exit(status));
}

function say(message: FromBroker): void {
  if (!ending) socket.write(jsonFrame(message));
}

let draining: PromiseWithResolvers<void> | null = null;

/** When the gateway has taken what waits, or will take nothing more. */
function drained(): Promise<void> {
  if (!socket.writableNeedDrain) return Promise.resolve();
  draining ??= Promise.withResolvers();
  return draining.promise;
}

function goOn(): void {
  draining?.resolve();
  draining = null;
}

function outlet(channel: number): Outlet {
  return { send: (bytes) => ending || socket.write(bytesFrame(channel, bytes)), drained };
}

function configure(message: JsonObject): void {
  try {
    broker = openBroker(parseConfig(message["config"]), { say, outlet });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const hint = "look at the folder that the broker was given: it must be writable and only vambrace's";
    socket.end(jsonFrame({ type: "failed", message: text, hint }), () => end(1));
  }
}

function obey(frame: Frame): void {
  if (frame.kind === "bytes") {
    if (broker === null) throw new Error("the first frame must configure");
    return broker.input(frame.channel, Uint8Array.from(frame.bytes));
  }
  if (!isObject(frame.value)) throw new Error("not a message");
  const message = frame.value;
  if (broker === null) {
    if (message["type"] !== "configure") throw new Error("the first frame must configure");
    configure(message);
    return;
  }
  const type = message["type"];
  if (type === "run" || type === "self-test") void broker.run(message, type);
  else if (type === "cancel") broker.cancel(Number(message["channel"]));
  else if (type === "stop-all") void broker.stopAll().then(() => say({ type: "stopped", id: Number(message["id"]) }));
  else throw new Error("the broker does not know this message");
}

socket.on("data", (chunk: Buffer) => {
  try {
    for (const frame of read(chunk)) obey(frame);
  } catch {
    end(1); // a stream that broke its form means nothing from here on
  }
});
socket.on("drain", goOn);
socket.on("close", goOn);
socket.on("end", () => end(0));
socket.on("close", () => end(0));
socket.on("error", () => end(1));
// The gateway ends the broker; a signal meant for the terminal's group must not do it first.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => end(0));
