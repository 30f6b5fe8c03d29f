/**
 * Budgets: what one turn, one person and one day may use (R-AGENT-9).
 *
 * A limit that is not a number (NaN) counts as used up: every comparison is
 * "less than", never "not more than".
 *
 * @module
 */
import type { Clock } from "../../core/ports/clock.ts";
import type { ModelIdentity, Usage } from "../../core/ports/model.ts";

/** What is left; `Infinity` where nothing limits it. Money in the currency of the price table. */
export type Remaining = {
  readonly tokens: number;
  readonly toolCalls: number;
  readonly wallMs: number;
  readonly money: number;
};

/** Per million tokens. */
export type Price = { readonly input: number; readonly output: number };

export type Budget = {
  readonly maxModelRequests: number;
  /** Calls that cannot be read count too. */
  readonly maxToolCalls: number;
  /** Of one answer. */
  readonly maxOutputTokens: number;
  /** Input and output of all requests of the turn. */
  readonly maxTokensPerTurn: number;
  readonly maxWallMs: number;
  /** The model's window: what is sent and what it answers. */
  readonly maxContextTokens: number;
  /** Left for this person today, and for everybody today, when the turn began. */
  readonly person: Remaining;
  readonly day: Remaining;
  /** Of one turn; `Infinity` where money does not limit it. */
  readonly maxMoneyPerTurn: number;
  /** By `provider/model`. A model on this machine costs nothing; a remote one without a price stops where money is limited. */
  readonly prices?: ReadonlyMap<string, Price>;
};

export type Go =
  | { readonly kind: "go"; readonly maxOutputTokens: number }
  | { readonly kind: "stop"; readonly says: string };

export type Meter = {
  usage(): Usage;
  /** @param inputTokens estimate of what would be sent. */
  mayAsk(identity: ModelIdentity, inputTokens: number): Go;
  asked(identity: ModelIdentity, usage: Usage): void;
  /** Why another call may not be made, as a sentence. */
  whyNoCall(): string | undefined;
  called(): void;
  wallLeftMs(): number;
  wallSays(): string;
};

/** Fewer tokens than this are no answer. */
const SHORTEST_ANSWER = 16;

type Spent = { requests: number; calls: number; input: number; output: number; money: number; unpriced: string };

export function meterOf(budget: Budget, clock: Clock, waitedMs: () => number): Meter {
  const beganMs = clock.monotonicMs();
  const spent: Spent = { requests: 0, calls: 0, input: 0, output: 0, money: 0, unpriced: "" };
  const elapsedMs = (): number => clock.monotonicMs() - beganMs - waitedMs();
  const wallLeftMs = (): number => smallest(budget.maxWallMs, budget.person.wallMs, budget.day.wallMs) - elapsedMs();
  return {
    usage: () => ({ inputTokens: spent.input, outputTokens: spent.output }),
    mayAsk(identity, inputTokens) {
      if (!(wallLeftMs() > 0)) return { kind: "stop", says: wallSays(budget) };
      const says = requestsSay(budget, spent) ?? moneySays(budget, spent, identity);
      return says === undefined ? tokensGo(budget, spent, inputTokens) : { kind: "stop", says };
    },
    asked(identity, usage) {
      spent.requests += 1;
      spent.input += usage.inputTokens;
      spent.output += usage.outputTokens;
      const cost = costOf(budget, identity, usage);
      if (cost === undefined) spent.unpriced = nameOf(identity);
      else spent.money += cost;
    },
    whyNoCall: () => (wallLeftMs() > 0 ? callsSay(budget, spent) : wallSays(budget)),
    called() {
      spent.calls += 1;
    },
    wallLeftMs,
    wallSays: () => wallSays(budget),
  };
}

function tokensGo(budget: Budget, spent: Spent, inputTokens: number): Go {
  const used = spent.input + spent.output;
  const left = smallest(budget.maxTokensPerTurn, budget.person.tokens, budget.day.tokens) - used;
  const forAnswer = Math.floor(left - inputTokens);
  if (forAnswer >= SHORTEST_ANSWER && budget.maxOutputTokens > 0) {
    return { kind: "go", maxOutputTokens: Math.min(budget.maxOutputTokens, forAnswer) };
  }
  const whose = whoseLimit(budget.maxTokensPerTurn, budget.person.tokens, budget.day.tokens);
  return { kind: "stop", says: usedUp("token", `${whose}, ${used} used and about ${inputTokens} more to send`) };
}

function requestsSay(budget: Budget, spent: Spent): string | undefined {
  if (spent.requests < budget.maxModelRequests) return undefined;
  return usedUp("model-request", `${budget.maxModelRequests} for one turn`);
}

function callsSay(budget: Budget, spent: Spent): string | undefined {
  if (spent.calls < smallest(budget.maxToolCalls, budget.person.toolCalls, budget.day.toolCalls)) return undefined;
  return usedUp("tool-call", whoseLimit(budget.maxToolCalls, budget.person.toolCalls, budget.day.toolCalls));
}

function moneySays(budget: Budget, spent: Spent, identity: ModelIdentity): string | undefined {
  const limit = smallest(budget.maxMoneyPerTurn, budget.person.money, budget.day.money);
  if (limit === Number.POSITIVE_INFINITY) return undefined;
  const unpriced = costOf(budget, identity, { inputTokens: 0, outputTokens: 0 }) === undefined;
  if (unpriced || spent.unpriced !== "") {
    const name = unpriced ? nameOf(identity) : spent.unpriced;
    return `stopped: money is limited and the price of \`${name}\` is not configured, so what it costs cannot be counted`;
  }
  if (spent.money < limit) return undefined;
  return usedUp("money", whoseLimit(budget.maxMoneyPerTurn, budget.person.money, budget.day.money));
}

function wallSays(budget: Budget): string {
  const seconds = (ms: number): number => Math.round(ms / 1000);
  return usedUp(
    "time",
    `in seconds: ${whoseLimit(seconds(budget.maxWallMs), seconds(budget.person.wallMs), seconds(budget.day.wallMs))}`,
  );
}

function usedUp(what: string, detail: string): string {
  return `stopped: the ${what} budget is used up (${detail})`;
}

function whoseLimit(turn: number, person: number, day: number): string {
  const least = smallest(turn, person, day);
  if (Object.is(least, turn)) return `${turn} for one turn`;
  if (Object.is(least, person)) return `${person} were left for you today`;
  return `${day} were left for everybody today`;
}

function costOf(budget: Budget, identity: ModelIdentity, usage: Usage): number | undefined {
  if (!identity.remote) return 0;
  const price = budget.prices?.get(nameOf(identity));
  if (price === undefined) return undefined;
  return (usage.inputTokens * price.input + usage.outputTokens * price.output) / 1_000_000;
}

function nameOf(identity: ModelIdentity): string {
  return `${identity.provider}/${identity.model}`;
}

/** `Math.min`, which keeps NaN: a limit that is no number then fails every comparison. */
function smallest(...limits: readonly number[]): number {
  return Math.min(...limits);
}
