/**
 * What a program prints, on its way to the gateway: kept up to the cap, then
 * counted and thrown away; read no faster than the gateway takes it.
 *
 * @module
 */
import type { Outflow } from "./pipes.ts";

export type Outlet = {
  /** Answers false where the way is full; then `drained` says when to go on. */
  send(bytes: Uint8Array): boolean;
  drained(): Promise<void>;
};

export type Pump = {
  /** Bytes that were thrown away. Final when the sandbox is gone: its pipes are empty then. */
  lost(): number;
};

export function pumpOutput(stream: Outflow, cap: number, outlet: Outlet): Pump {
  let room = cap;
  let lost = 0;
  stream.flow((chunk) => {
    const kept = chunk.subarray(0, room);
    room -= kept.length;
    lost += chunk.length - kept.length;
    if (kept.length === 0 || outlet.send(kept)) return;
    stream.pause();
    void outlet.drained().then(() => stream.resume());
  });
  return { lost: () => lost };
}
