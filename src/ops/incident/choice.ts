/**
 * Which records of an incident are kept, each with its proof, where not all of
 * them can be: by what they are, so that who makes more of them does not choose.
 *
 * A call is kept or left as a whole: its decision and what came of it.
 *
 * @module
 */
import type { RecordKind, StoredEntry } from "../../core/ports/ledger.ts";
import type { RecordMembers } from "../../ledger/members.ts";
import type { Call, Raw } from "./calls.ts";
import { argumentAt, effectOf, isCut, KIN, pathsIn, recipientsIn, texts } from "./facts.ts";
import { Fair } from "./fair.ts";
import { LASTING, SECRET_PLACE } from "./reach.ts";

/** Records of one incident that are kept, each with its proof; one that is longer counts for more. */
export const MOST_RECORDS = 20_000;
/** Of the timeline in the review document. */
export const MOST_ROWS = 400;
/** Bytes that count as one record: so long that few are longer. */
const RECORD_GRAIN = 4_096;

/** The graver it is, and the harder to make many of, the larger its part. */
const PARTS = {
  /** What people and the machine did: logins, changes of configuration and policies, answers, alerts. */
  people: 3,
  secrets: 2,
  /** Calls that leave the machine or stay: sent, paid, deleted, scheduled, installed; and those of which it is not known. */
  consequences: 3,
  connections: 2,
  refused: 2,
  changes: 2,
  requests: 1,
  rest: 1,
} as const;
type Part = keyof typeof PARTS;

/** What only a person or the machine itself makes. */
const PEOPLE: ReadonlySet<RecordKind> = new Set<RecordKind>([
  "login",
  "token",
  "config",
  "policy",
  "stop",
  "incident",
  "gateway",
  "backup",
  "memory",
  "migration",
  "secret",
  "audit",
  "alert",
]);
const CONSEQUENCES: ReadonlySet<string> = new Set(["send", "pay", "use_mcp", "delete", "unknown", "", ...LASTING]);
const CHANGES: ReadonlySet<string> = new Set(["exec", "write", "fetch"]);

export type Chosen = {
  /** Oldest first. */
  readonly records: readonly Raw[];
  /** Of them, those for whoever reads only a few. */
  readonly foremost: ReadonlySet<number>;
};
export type Left = { readonly kind: RecordKind; records: number; first: number; last: number };

export class Choice {
  readonly #fair: Fair<readonly Raw[]>;
  readonly #left = new Map<RecordKind, Left>();
  #isCounting = true;

  constructor(most = MOST_RECORDS) {
    this.#fair = new Fair(most, PARTS, (records) => {
      if (this.#isCounting) for (const one of records) this.leave(one);
    });
  }

  call(call: Call): void {
    const [part, kin] = call.isRan ? ranPlace(call) : (["refused", refusedKin(call.entry)] as const);
    this.#add(call.records, part, kin);
  }

  connection(entry: StoredEntry, raw: Raw): void {
    const credentials = texts(entry.data?.["credentials"]).join(",");
    const part = entry.result !== "ok" ? "refused" : credentials === "" ? "connections" : "secrets";
    this.#add([raw], part, `${entry.kind} ${KIN.host(entry.target)} ${credentials}`);
  }

  other({ kind, what, who, target, result, session = "" }: RecordMembers, raw: Raw): void {
    if (PEOPLE.has(kind)) this.#add([raw], "people", `${what} ${result}`);
    else if (kind === "approval")
      this.#add([raw], who === "nobody" || what === "approval.asked" ? "refused" : "people", `${what} ${who}`);
    else if (kind === "message" || kind === "turn") this.#add([raw], "requests", `${what} ${session}`);
    else if (kind === "prepared" || kind === "outcome") this.orphan(raw);
    else this.#add([raw], kind === "call" ? "refused" : "rest", `${what} ${target}`);
  }

  /** Of a call that nobody here knows. */
  orphan(raw: Raw): void {
    this.#add([raw], "consequences", raw.kind);
  }

  /** What is not kept is counted. */
  leave({ kind, index }: Pick<Raw, "kind" | "index">): void {
    const left = this.#left.get(kind) ?? { kind, records: 0, first: index, last: index };
    this.#left.set(kind, left);
    left.records += 1;
    left.first = Math.min(left.first, index);
    left.last = Math.max(left.last, index);
  }

  chosen(rows = MOST_ROWS): Chosen {
    const records = this.#fair.kept().flat();
    this.#isCounting = false;
    const foremost = this.#fair.kept(rows).flat();
    return {
      records: records.toSorted((a, b) => a.index - b.index),
      foremost: new Set(foremost.map(({ index }) => index)),
    };
  }

  /** Most of one kind first. */
  left(): readonly Left[] {
    return [...this.#left.values()].toSorted((a, b) => b.records - a.records);
  }

  #add(records: readonly Raw[], share: Part, kin: string): void {
    if (records.length === 0) return;
    const weight = records.reduce((sum, { text }) => sum + Math.ceil(text.length / RECORD_GRAIN), 0);
    this.#fair.add(records, { share, kin: kin.slice(0, 200), weight });
  }
}

function ranPlace({ entry }: Call): readonly [Part, string] {
  const effect = effectOf(entry);
  const paths = pathsIn(entry);
  const [path] = paths;
  const near = path === undefined ? KIN.command(argumentAt(entry, "/command")) : KIN.place(path.path);
  const kin = `${entry.target} ${recipientsIn(entry).map(KIN.person).join(",")} ${near}`;
  if (CONSEQUENCES.has(effect) || isCut(entry)) return ["consequences", kin];
  if (paths.some(({ path: named }) => SECRET_PLACE.test(named))) return ["secrets", kin];
  return [CHANGES.has(effect) || paths.some(({ access }) => access !== "read") ? "changes" : "rest", kin];
}

function refusedKin(entry: StoredEntry): string {
  const [path] = pathsIn(entry);
  return `${entry.target} ${effectOf(entry)} ${path === undefined ? "" : KIN.place(path.path)}`;
}
