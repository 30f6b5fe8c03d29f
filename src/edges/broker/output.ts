/**
 * What a program prints, on its way to the gateway: kept up to the cap, then
 * counted and thrown away; read no faster than the gateway takes it.
 *
 * @module
 */
import type { Socket } from "node:net";

export type Outlet = {
  /** Answers false where the way is full; then `drained` says when to go on. */
  send(bytes: Uint8Array): boolean;
  drained(): Promise<void>;
};

/** @returns resolves with the bytes that were thrown away, when the stream has ended. */
export function pumpOutput(stream: Socket, cap: number, outlet: Outlet): Promise<number> {
  let room = cap;
  let lost = 0;
  stream.on("data", (chunk: Buffer) => {
    const kept = chunk.subarray(0, room);
    room -= kept.length;
    lost += chunk.length - kept.length;
    if (kept.length === 0 || outlet.send(kept)) return;
    stream.pause();
    void outlet.drained().then(() => stream.resume());
  });
  return new Promise((resolve) => {
    stream.once("close", () => resolve(lost));
    stream.once("error", () => resolve(lost));
    stream.resume();
  });
}
