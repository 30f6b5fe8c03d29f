/**
 * Measures: what rules count. Each reads one ledger entry and says how much of
 * it there is in it; 0: none. Data, so that a rule can name no measure that
 * nobody takes.
 *
 * Entries are facts that the gateway wrote, but their members hold what
 * strangers chose: nothing here throws on a shape that it does not know.
 *
 * @module
 */
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import type { LedgerEntry, RecordKind } from "../../core/ports/ledger.ts";

/** What a model request costs, in the currency of the configuration. */
export type PriceOf = (model: string, inputTokens: number, outputTokens: number) => number;

export type Measure = {
  readonly name: string;
  readonly says: string;
  /** Only entries of these kinds are looked at; empty: it is fed by a detector of its own. */
  readonly kinds: readonly RecordKind[];
  readonly of: (entry: LedgerEntry, priceOf: PriceOf) => number;
};

const one = (isIt: boolean): number => (isIt ? 1 : 0);
const what =
  (name: string) =>
  (entry: LedgerEntry): number =>
    one(entry.what === name);
const none = (): number => 0;

export const MEASURES: readonly Measure[] = [
  { name: "failed_auth", says: "logins and tokens that were refused", kinds: ["login"], of: what("login.failed") },
  {
    name: "lockouts",
    says: "addresses, tokens and persons that were locked out",
    kinds: ["login"],
    of: what("login.locked"),
  },
  { name: "logins", says: "logins that worked", kinds: ["login"], of: what("login.ok") },
  { name: "api_calls", says: "requests to model providers", kinds: ["model"], of: what("model.asked") },
  { name: "tokens_used", says: "tokens sent to and had from models", kinds: ["model"], of: tokensOf },
  { name: "spending", says: "money, by `models.prices`", kinds: ["model"], of: moneyOf },
  { name: "tool_calls", says: "calls that were judged", kinds: ["call"], of: what("call.decided") },
  { name: "denied_calls", says: "calls that were refused", kinds: ["call"], of: (entry) => one(isDenied(entry)) },
  {
    name: "floor_refusals",
    says: "calls that a floor policy refused",
    kinds: ["call"],
    of: (entry) => one(isDenied(entry) && becauseOf(entry).some((id) => id.startsWith("floor."))),
  },
  {
    name: "blocked_paths",
    says: "calls refused because of a blocked path",
    kinds: ["call"],
    of: (entry) => one(isDenied(entry) && becauseOf(entry).some((id) => id.startsWith("floor.file."))),
  },
  {
    name: "commands",
    says: "commands that were judged",
    kinds: ["call"],
    of: (entry) => one(entry.target === "exec" && entry.what === "call.decided"),
  },
  {
    name: "file_access",
    says: "paths that calls named and were not refused",
    kinds: ["call"],
    of: (entry) => pathsOf(entry).length,
  },
  { name: "file_reads", says: "the same, to read", kinds: ["call"], of: (entry) => accessed(entry, "read") },
  {
    name: "file_writes",
    says: "the same, to write or delete",
    kinds: ["call"],
    of: (entry) => accessed(entry, "write") + accessed(entry, "delete"),
  },
  {
    name: "connections",
    says: "connections made through the egress proxy",
    kinds: ["connection"],
    of: (entry) => one(entry.result === "ok"),
  },
  {
    name: "connections_denied",
    says: "connections that the egress proxy refused",
    kinds: ["connection"],
    of: (entry) => one(entry.result === "denied"),
  },
  { name: "messages", says: "messages that were taken", kinds: ["message"], of: what("message.received") },
  { name: "questions", says: "questions put to a person", kinds: ["approval"], of: what("approval.asked") },
  {
    name: "refusals",
    says: "questions that a person answered with no",
    kinds: ["approval"],
    of: (entry) => one(entry.what === "approval.answered" && entry.result === "denied"),
  },
  { name: "injection_signs", says: "signs of injection found in what came in", kinds: ["outcome"], of: signsOf },
  { name: "faults", says: "turns that failed", kinds: ["fault"], of: () => 1 },
  { name: "config_changes", says: "changes of the configuration", kinds: ["config"], of: () => 1 },
  {
    name: "tokens_made",
    says: "access tokens that were made",
    kinds: ["token"],
    of: (entry) => one(entry.what === "token.made" && entry.who !== "gateway"),
  },
  {
    name: "key_spikes",
    says: "a key was used much more than before",
    kinds: ["secret"],
    of: what("secret.spike"),
  },
  { name: "keys_used_up", says: "a key reached its limit", kinds: ["secret"], of: what("secret.used-up") },
  { name: "stops", says: "everything was halted, or resumed", kinds: ["stop"], of: () => 1 },
  { name: "helper_losses", says: "a helper process was lost", kinds: ["gateway"], of: what("helper.lost") },
  { name: "sandbox_unproved", says: "the sandbox lost its proof", kinds: ["gateway"], of: what("sandbox.unproved") },
  {
    name: "ledger_trouble",
    says: "a record could not be made, or was cut by a crash",
    kinds: ["gateway"],
    of: what("ledger.recovered"),
  },
  { name: "new_destinations", says: "hosts reached for the first time", kinds: [], of: none },
  { name: "unusual_hours", says: "messages at an hour at which the person never wrote", kinds: [], of: none },
  { name: "spikes", says: "much more in an hour than in the hours before", kinds: [], of: none },
];

export const MEASURE_NAMES: readonly string[] = MEASURES.map((measure) => measure.name);

export function measureNamed(name: string): Measure | undefined {
  return MEASURES.find((measure) => measure.name === name);
}

/** Paths that a call names, resolved, where it was not refused. */
export function pathsOf(entry: LedgerEntry): readonly { readonly path: string; readonly access: string }[] {
  if (entry.what !== "call.decided" || entry.result === "denied") return [];
  if (isCut(entry)) return Array.from({ length: CUT_PATHS }, () => ({ path: "(unknown)", access: "read" }));
  return listIn(member(entry.data?.["facts"], "paths")).flatMap((fact) => {
    const [path, access] = [member(fact, "resolved"), member(fact, "access")];
    return typeof path === "string" && typeof access === "string" ? [{ path, access }] : [];
  });
}

export function becauseOf(entry: LedgerEntry): readonly string[] {
  // A record that was too large is cut: what made it so large must not keep it from being counted.
  if (isCut(entry)) return ["floor.file.unknown"];
  return listIn(entry.data?.["because"]).filter((id) => typeof id === "string");
}

/** How many paths a call stands for whose record is too large to say. */
const CUT_PATHS = 64;

function isCut({ data }: LedgerEntry): boolean {
  return data?.["cut"] !== undefined && data["because"] === undefined;
}

function isDenied(entry: LedgerEntry): boolean {
  return entry.what === "call.decided" && entry.result === "denied";
}

function accessed(entry: LedgerEntry, access: string): number {
  return pathsOf(entry).filter((path) => path.access === access).length;
}

function tokensOf(entry: LedgerEntry): number {
  return entry.what === "model.answered" ? count(entry.data?.["inputTokens"]) + count(entry.data?.["outputTokens"]) : 0;
}

function moneyOf(entry: LedgerEntry, priceOf: PriceOf): number {
  if (entry.what !== "model.answered") return 0;
  return priceOf(entry.target, count(entry.data?.["inputTokens"]), count(entry.data?.["outputTokens"]));
}

function signsOf(entry: LedgerEntry): number {
  const found = entry.data?.["found"];
  return isObject(found) ? Object.values(found).reduce<number>((sum, each) => sum + count(each), 0) : 0;
}

function count(value: JsonValue | undefined): number {
  return typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) ? value[name] : undefined;
}

function listIn(value: JsonValue | undefined): readonly JsonValue[] {
  return isArray(value) ? value : [];
}
