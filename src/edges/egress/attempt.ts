/**
 * Attempts: each try of a call to reach something, from its first byte to its
 * end, told exactly once.
 *
 * INVARIANT(told-once): every attempt that began is told, as it ends, or gives
 * way to those that come inside it, which are told; `endAll` ends what is left,
 * so that nothing is open once it returned.
 *
 * @module
 */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { HostLimit } from "../../core/decision.ts";
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
  /** What stands on that connection now: this is what is closed. The platform crashes where a socket is taken away from under its TLS. */
  through(layer: Duplex): void;
  /** The rule that it goes by: what is spent counts for that too. Answers why nothing more may go by it. */
  under(rule: HostLimit): string | null;
  /** What it turned out to be, for the record. */
  note(about: Pick<Connection, "request" | "credentials">): void;
  /** Bytes that went through, for the budgets; over one the attempt ends. */
  spend(way: Direction, bytes: number): void;
  /** Ends it untold: what comes inside it are attempts of their own. */
  giveWay(): void;
  /** Only the first call counts. Without a verdict: allowed where a connection was made. */
  end(why: string, verdict?: Connection["verdict"]): void;
};

export type Direction = "up" | "down";

export type Drop = (verdict: Connection["verdict"]) => void;

export type Attempts = {
  /** @param drop called as it ends: lets go of the client, after what was answered to it. */
  begin(drop: Drop): Attempt;
  /** Nothing may begin any more. */
  readonly spent: boolean;
  endAll(why: string): void;
};

type Spent = { up: number; down: number };

type Budget = {
  readonly limits: ProxyLimits;
  readonly tell: (connection: Connection) => void;
  readonly open: Set<Attempt>;
  readonly rules: Map<HostLimit, Spent>;
  readonly spent: Spent;
  begun: number;
};

export function countAttempts(limits: ProxyLimits, tell: (connection: Connection) => void): Attempts {
  const budget: Budget = { limits, tell, open: new Set(), rules: new Map(), spent: { up: 0, down: 0 }, begun: 0 };
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

function fullWhy({ limits, begun, open, spent }: Budget): string | null {
  if (begun >= limits.attempts) return `these are ${limits.attempts} attempts; the way out was closed`;
  if (open.size >= limits.connections) return `more than ${limits.connections} connections at once`;
  return tooMuch(spent, limits, "this call");
}

/** Why a budget is used up; null where it is not. */
function tooMuch(
  spent: Spent,
  { upBytes = Infinity, downBytes = Infinity }: Pick<HostLimit, "upBytes" | "downBytes">,
  whose: string,
): string | null {
  if (spent.up > upBytes) return `${whose} may send ${upBytes} bytes, and sent more`;
  return spent.down > downBytes ? `${whose} may get ${downBytes} bytes, and got more` : null;
}

function makeAttempt(budget: Budget, full: string | null, drop: Drop): Attempt {
  const { limits } = budget;
  const where = { host: "-", port: 0, address: "-" };
  let upstream: Socket | null = null;
  let top: Duplex | null = null;
  const rules = underRules(budget, where);
  let about: Pick<Connection, "request" | "credentials"> = {};
  let broke = "";
  let ended = false;
  const finish = (): boolean => {
    if (ended) return false;
    ended = true;
    clearTimeout(timer);
    budget.open.delete(attempt);
    return true;
  };
  const end = (why: string, verdict: Connection["verdict"] = upstream === null ? "refused" : "allowed"): void => {
    if (!finish()) return;
    const through = { bytesOut: upstream?.bytesWritten ?? 0, bytesIn: upstream?.bytesRead ?? 0 };
    budget.tell({ ...where, verdict, why: `${why}${broke}`, ...through, ...about });
    top?.destroy();
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
      top = socket;
      socket.setTimeout(limits.idleMs, () => end(`nothing moved for ${limits.idleMs / 1000} s`));
      socket.on("error", (error) => {
        broke = ` (${errorCode(error)})`;
      });
    },
    through(layer) {
      top = layer;
    },
    under: (limit) => rules.begin(limit),
    note(more) {
      about = { ...about, ...more };
    },
    spend(way, count) {
      const why = rules.spend(way, count);
      if (why !== null) end(why);
    },
    giveWay: () => void finish(),
    end,
  };
  return attempt;
}

/** What an attempt spends, for the call and for the rule that it goes by. */
function underRules(budget: Budget, where: { readonly host: string; readonly port: number }) {
  let rule: { readonly limit: HostLimit; readonly spent: Spent } | null = null;
  const over = (): string | null =>
    tooMuch(budget.spent, budget.limits, "this call") ??
    (rule === null ? null : tooMuch(rule.spent, rule.limit, `${where.host}:${where.port} by its rule`));
  return {
    begin(limit: HostLimit): string | null {
      const spent = budget.rules.get(limit) ?? { up: 0, down: 0 };
      budget.rules.set(limit, spent);
      rule = { limit, spent };
      return over();
    },
    spend(way: Direction, count: number): string | null {
      budget.spent[way] += count;
      if (rule !== null) rule.spent[way] += count;
      return over();
    },
  };
}
