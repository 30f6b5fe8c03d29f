/**
 * The reach of an incident: which texts, from whom, led to which calls; what
 * those touched; who was reached. From the ledger's records alone.
 *
 * A call counts as having happened from its prepared record on; where its
 * outcome is not known, that is said and it counts all the same.
 *
 * @module
 */
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import type { StoredEntry } from "../../core/ports/ledger.ts";
import { plain } from "./timeline.ts";

export type Influence = {
  /** `none`, `limited`, …: who could have written it. */
  readonly trust: string;
  readonly kind: string;
  readonly id: string;
  /** Calls in whose request it stood. */
  readonly calls: readonly string[];
};

export type Touched = {
  readonly what: string;
  readonly how: string;
  readonly calls: readonly string[];
  readonly outcome: string;
};

export type Reach = {
  /** Least trusted first. */
  readonly influences: readonly Influence[];
  readonly files: readonly Touched[];
  readonly commands: readonly Touched[];
  /** Persons and sessions that something was sent to. */
  readonly recipients: readonly Touched[];
  readonly hosts: readonly (Touched & {
    readonly bytesOut: number;
    readonly bytesIn: number;
    readonly credentials: readonly string[];
  })[];
  /** Models elsewhere that were sent what the session held. */
  readonly providers: readonly Touched[];
  /** What stays: memories, schedules, sessions. */
  readonly lasting: readonly Touched[];
  readonly refused: readonly Touched[];
  readonly unknown: readonly string[];
  readonly persons: readonly string[];
  readonly approvals: readonly { readonly call: string; readonly by: string; readonly answer: string }[];
};

const RANK: Readonly<Record<string, number>> = { none: 0, limited: 1, standard: 2, elevated: 3, full: 4 };
/** Lines of one list; the timeline has the rest. */
const LISTED = 2_000;

type Call = { readonly id: string; readonly entry: StoredEntry; readonly outcome: string };

export function reachOf(entries: readonly StoredEntry[]): Reach {
  const outcomes = new Map(entries.filter((one) => one.kind === "outcome").map((one) => [one.call ?? "", one.result]));
  const prepared = new Set(entries.filter((one) => one.kind === "prepared").map((one) => one.call ?? ""));
  const decided = entries.filter((one) => one.what === "call.decided" && one.call !== undefined);
  const calls: readonly Call[] = decided
    .filter((entry) => prepared.has(entry.call ?? ""))
    .map((entry) => ({ id: entry.call ?? "", entry, outcome: outcomes.get(entry.call ?? "") ?? "unknown" }));
  const refused = decided.filter((entry) => !prepared.has(entry.call ?? ""));
  return {
    influences: influencesOf(decided),
    files: gather(
      calls.flatMap((call) => pathsIn(call.entry).map(({ path, access }) => ({ what: path, how: access, call }))),
    ),
    commands: gather(
      calls
        .filter(({ entry }) => entry.target === "exec")
        .map((call) => ({ what: argument(call.entry, "command"), how: "ran", call })),
    ),
    recipients: gather(
      calls.flatMap((call) => recipientsIn(call.entry).map((what) => ({ what, how: call.entry.target, call }))),
    ),
    hosts: hostsOf(entries),
    providers: providersOf(entries),
    lasting: gather(
      calls
        .filter(({ entry }) => LASTING.has(effectOf(entry)))
        .map((call) => ({ what: lastingWord(call.entry), how: effectOf(call.entry), call })),
    ),
    refused: gather(
      refused.map((entry) => ({
        what: `${entry.target} ${firstArgument(entry)}`,
        how: sayingOf(entry),
        call: { id: entry.call ?? "", entry, outcome: entry.result },
      })),
    ),
    unknown: calls.filter((call) => call.outcome === "unknown").map((call) => call.id),
    persons: [...new Set(entries.filter((one) => one.kind === "message").map((one) => plain(one.who, 80)))],
    approvals: entries
      .filter((one) => one.what === "approval.answered")
      .map((one) => ({ call: one.call ?? "", by: plain(one.who, 80), answer: one.result === "ok" ? "yes" : "no" })),
  };
}

const LASTING: ReadonlySet<string> = new Set(["remember", "schedule", "spawn", "configure", "install"]);

type Seen = { readonly what: string; readonly how: string; readonly call: Call };

/** The same thing once, with all calls that touched it. */
function gather(seen: readonly Seen[]): readonly Touched[] {
  const groups = Map.groupBy(seen, ({ what, how }) => `${how}\n${what}`);
  return [...groups.values()].slice(0, LISTED).flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const outcomes = new Set(group.map((one) => one.call.outcome));
    const outcome = outcomes.has("unknown") ? "unknown" : outcomes.has("ok") ? "ok" : [...outcomes].join(", ");
    return [
      {
        what: plain(first.what),
        how: plain(first.how, 200),
        calls: group.map((one) => one.call.id).slice(0, 50),
        outcome,
      },
    ];
  });
}

function influencesOf(decided: readonly StoredEntry[]): readonly Influence[] {
  const found = new Map<string, Omit<Influence, "calls"> & { readonly calls: Set<string> }>();
  for (const entry of decided) {
    for (const source of sourcesIn(entry)) {
      const { trust, kind, id } = source;
      const key = `${trust}\n${kind}\n${id}`;
      const known = found.get(key) ?? { trust, kind, id, calls: new Set() };
      known.calls.add(entry.call ?? "");
      found.set(key, known);
    }
  }
  return [...found.values()]
    .sort((a, b) => (RANK[a.trust] ?? 0) - (RANK[b.trust] ?? 0))
    .slice(0, LISTED)
    .map(({ trust, kind, id, calls }) => ({
      trust: plain(trust, 20),
      kind: plain(kind, 20),
      id: plain(id),
      calls: [...calls].slice(0, 50),
    }));
}

/** The least trusted texts of the request, and where each argument came from. */
function sourcesIn(entry: StoredEntry): readonly Omit<Influence, "calls">[] {
  const facts = entry.data?.["facts"];
  const all = [
    ...list(member(facts, "least")),
    ...list(member(facts, "arguments")).flatMap((one) => list(member(one, "from"))),
  ];
  return all.map((one) => ({
    trust: text(member(one, "trust")),
    kind: text(member(one, "kind")),
    id: text(member(one, "id")),
  }));
}

function hostsOf(entries: readonly StoredEntry[]): Reach["hosts"] {
  const reached = entries.filter((one) => one.kind === "connection" && one.result === "ok");
  return [...Map.groupBy(reached, (one) => one.target)].slice(0, LISTED).map(([host, all]) => ({
    what: plain(host),
    how: plain(
      [...new Set(all.map((one) => text(one.data?.["request"])).filter((one) => one !== ""))].slice(0, 5).join(", "),
    ),
    calls: [...new Set(all.map((one) => one.call ?? ""))].slice(0, 50),
    outcome: "ok",
    bytesOut: all.reduce((sum, one) => sum + amount(one.data?.["bytesOut"]), 0),
    bytesIn: all.reduce((sum, one) => sum + amount(one.data?.["bytesIn"]), 0),
    credentials: [...new Set(all.flatMap((one) => texts(one.data?.["credentials"])))].map((name) => plain(name, 80)),
  }));
}

function providersOf(entries: readonly StoredEntry[]): readonly Touched[] {
  const asked = entries.filter((one) => one.what === "model.asked" && one.data?.["remote"] === true);
  return [...Map.groupBy(asked, (one) => one.target)].map(([model, all]) => ({
    what: plain(model),
    how: `${all.length} requests, the most confidential: ${plain(mostConfidential(all), 20)}`,
    calls: [],
    outcome: "ok",
  }));
}

function mostConfidential(entries: readonly StoredEntry[]): string {
  const levels = ["public", "internal", "private", "secret"];
  return levels.findLast((level) => entries.some((one) => one.data?.["confidentiality"] === level)) ?? "private";
}

function pathsIn(entry: StoredEntry): readonly { readonly path: string; readonly access: string }[] {
  return list(member(entry.data?.["facts"], "paths")).map((fact) => ({
    path: text(member(fact, "resolved")),
    access: text(member(fact, "access")),
  }));
}

/** What stands in arguments whose role is recipient. */
function recipientsIn(entry: StoredEntry): readonly string[] {
  const roles = list(member(entry.data?.["facts"], "arguments"));
  return roles.flatMap((fact) => {
    if (member(fact, "role") !== "recipient") return [];
    const name = text(member(fact, "pointer")).split("/")[1] ?? "";
    return [argument(entry, name)];
  });
}

function argument(entry: StoredEntry, name: string): string {
  const value = member(entry.data?.["arguments"], name);
  return typeof value === "string" ? value : isObject(value) ? text(value["head"]) : "";
}

function firstArgument(entry: StoredEntry): string {
  const args = entry.data?.["arguments"];
  const [first] = isObject(args) ? Object.values(args) : [];
  return typeof first === "string" ? plain(first, 120) : "";
}

function lastingWord(entry: StoredEntry): string {
  return `${entry.target} ${firstArgument(entry)}`;
}

function effectOf(entry: StoredEntry): string {
  return text(member(entry.data?.["facts"], "effect"));
}

function sayingOf(entry: StoredEntry): string {
  return text(entry.data?.["says"]);
}

function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) ? value[name] : undefined;
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return isArray(value) ? value : [];
}

function texts(value: JsonValue | undefined): readonly string[] {
  return list(value).filter((one) => typeof one === "string");
}

function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

function amount(value: JsonValue | undefined): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}
