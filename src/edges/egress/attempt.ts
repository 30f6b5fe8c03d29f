/**
 * Attempts: each try of a call to reach something, from its first byte to its
 * end, told exactly once.
 *
 * INVARIANT(told-once): every attempt that began is told, as it ends; `endAll`
 * ends what is left, so that nothing is open once it returned.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Connection } from "../../core/ports/executor.ts";
import { errorCode } from "../net/address.ts";
import type { ProxyLimits } from "./limits.ts";

export type Attempt = {
  readonly ended: boolean;
  /** Why nothing more may begin; null where it may. Such an attempt is answered with it, and told. */
  readonly full: string | null;
  /** Says where it goes, once that is known. */
  aim(host: string, port: number): void;
  /** The rule allowed it and this connection was made; it is closed when the attempt ends. */
  reached(address: string, upstream: Socket): void;
  /** Bytes that went through, for the budget; over it the attempt ends. */
  spend(bytes: number): void;
  /** Only the first call counts. Without a verdict: allowed where a connection was made. */
  end(why: string, verdict?: Connection["verdict"]): void;
};

export type Drop = (verdict: Connection["verdict"]) => void;

export type Attempts = {
  /** @param drop called as it ends: lets go of the client, after what was answered to it. */
  begin(drop: Drop): Attempt;
  /** Nothing may begin any more. */
  readonly spent: boolean;
  endAll(why: string): void;
};

type Budget = {
  readonly limits: ProxyLimits;
  readonly tell: (connection: Connection) => void;
  readonly open: Set<Attempt>;
  begun: number;
  bytes: number;
};

export function countAttempts(limits: ProxyLimits, tell: (connection: Connection) => void): Attempts {
  const budget: Budget = { limits, tell, open: new Set(), begun: 0, bytes: 0 };
  return {
    begin(drop) {
      budget.begun++;
      const attempt = makeAttempt(budget, fullWhy(budget), drop);
      budget.open.add(attempt);
      return attempt;
    },
    get spent() {
      return budget.begun >= limits.attempts;
    },
    endAll(why) {
      for (const attempt of budget.open) attempt.end(why);
    },
  };
}

function fullWhy({ limits, begun, open, bytes }: Budget): string | null {
  if (begun >= limits.attempts) return `these are ${limits.attempts} attempts; the way out was closed`;
  if (open.size >= limits.connections) return `more than ${limits.connections} connections at once`;
  return bytes > limits.callBytes ? tooMuch(limits) : null;
}

function tooMuch({ callBytes }: ProxyLimits): string {
  return `more than ${callBytes} bytes went through`;
}

function makeAttempt(budget: Budget, full: string | null, drop: Drop): Attempt {
  const { limits } = budget;
  const where = { host: "-", port: 0, address: "-" };
  let upstream: Socket | null = null;
  let broke = "";
  let ended = false;
  const end = (why: string, verdict: Connection["verdict"] = upstream === null ? "refused" : "allowed"): void => {
    if (ended) return;
    ended = true;
    clearTimeout(timer);
    budget.open.delete(attempt);
    const through = { bytesOut: upstream?.bytesWritten ?? 0, bytesIn: upstream?.bytesRead ?? 0 };
    budget.tell({ ...where, verdict, why: `${why}${broke}`, ...through });
    upstream?.destroy();
    drop(verdict);
  };
  const timer = setTimeout(() => end(`it took longer than ${limits.totalMs / 1000} s`), limits.totalMs);
  const attempt: Attempt = {
    full,
    get ended() {
      return ended;
    },
    aim: (host, port) => Object.assign(where, { host, port }),
    reached(address, socket) {
      where.address = address;
      upstream = socket;
      socket.setTimeout(limits.idleMs, () => end(`nothing moved for ${limits.idleMs / 1000} s`));
      socket.on("error", (error) => {
        broke = ` (${errorCode(error)})`;
      });
    },
    spend(count) {
      budget.bytes += count;
      if (budget.bytes > limits.callBytes) end(tooMuch(limits));
    },
    end,
  };
  return attempt;
}
