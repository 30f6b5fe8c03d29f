/**
 * Timelines: what happened, in order, in words. Made from the very bytes of
 * the ledger's records, so that whoever has the records can make it again.
 *
 * INVARIANT(plain-rows): nothing in a row steers a terminal or begins a line.
 *
 * @module
 */
import { spelledOut } from "../../core/hidden.ts";
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import type { StoredEntry } from "../../core/ports/ledger.ts";
import { parseRecord } from "../../ledger/entry.ts";
import { scanRecords } from "../../ledger/search.ts";

export type Row = {
  readonly index: number;
  readonly time: string;
  readonly who: string;
  readonly what: string;
  readonly on: string;
  readonly result: string;
  readonly session: string | null;
  readonly call: string | null;
  /** What of its data a person wants to know first. */
  readonly says: string;
};

export type Collected = {
  /** Oldest first, with the bytes that were hashed into the tree. */
  readonly records: readonly { readonly entry: StoredEntry; readonly bytes: Buffer }[];
  /** The session and those that it spawned; empty where it is about everything. */
  readonly sessions: readonly string[];
  /** Older ones that did not fit. */
  readonly left: number;
};

/** Records of one incident that are kept, each with its proof. */
export const MOST_RECORDS = 20_000;
/** What is of interest whatever session it is about: who came in, and what was changed. */
const AROUND: ReadonlySet<string> = new Set([
  "login",
  "token",
  "config",
  "policy",
  "stop",
  "alert",
  "incident",
  "gateway",
]);

/**
 * @param about.session null: everything since then.
 * @throws Fault LEDGER_DAMAGED
 */
export async function collect(
  dir: string,
  about: { readonly session: string | null; readonly sinceMs: number; readonly most?: number },
): Promise<Collected> {
  const most = about.most ?? MOST_RECORDS;
  const sessions: string[] = about.session === null ? [] : [about.session];
  for (;;) {
    const found = await scan(dir, { sessions, sinceMs: about.sinceMs, most });
    // Whom a session spawned is in the outcomes of its own calls: then once more, with those.
    const children = spawnedIn(found.records.map((record) => record.entry)).filter((id) => !sessions.includes(id));
    if (children.length === 0 || sessions.length === 0) return { ...found, sessions };
    sessions.push(...new Set(children));
  }
}

type About = { readonly sessions: readonly string[]; readonly sinceMs: number; readonly most: number };

async function scan(dir: string, { sessions, sinceMs, most }: About): Promise<Omit<Collected, "sessions">> {
  // A session's own records count from its beginning; what is around it from when the incident is said to begin.
  const ever = sessions.map((id) => `"session":"${id}"`);
  const since = sessions.length === 0 ? null : [...AROUND].map((kind) => `"kind":"${kind}"`);
  const found: Collected["records"][number][] = [];
  let left = 0;
  for await (const bytes of scanRecords(dir, { ever, since, sinceMs })) {
    // What does not fit is only counted, and of a session of a million records that is nearly all.
    if (found.length >= most && isPlainlyAbout(bytes, sessions, sinceMs)) {
      left += 1;
      continue;
    }
    const entry = parseRecord(bytes);
    if (entry === undefined || !isAbout(entry, sessions, sinceMs)) continue;
    if (found.length < most) found.push({ entry, bytes: Buffer.from(bytes) });
    else left += 1;
  }
  return { records: found.toReversed(), left };
}

/**
 * Told from the bytes, without taking the record apart. Members are sorted: behind the last `"index":` come no others but
 * texts of the record itself, and in a text a quote has a backslash before it. False: look at the record.
 */
function isPlainlyAbout(bytes: Buffer, sessions: readonly string[], sinceMs: number): boolean {
  const behind = bytes.subarray(Math.max(0, bytes.lastIndexOf('"index":')));
  if (sessions.length > 0) return sessions.some((id) => behind.includes(`"session":"${id}"`));
  const at = behind.indexOf(TIME);
  return at >= 0 && Date.parse(behind.toString("latin1", at + TIME.length, at + TIME.length + 24)) >= sinceMs;
}

const TIME = '"time":"';

function isAbout(entry: StoredEntry, sessions: readonly string[], sinceMs: number): boolean {
  if (entry.session !== undefined && sessions.includes(entry.session)) return true;
  const isLate = Date.parse(entry.time) >= sinceMs;
  return isLate && (sessions.length === 0 || (AROUND.has(entry.kind) && entry.session === undefined));
}

function spawnedIn(entries: readonly StoredEntry[]): readonly string[] {
  return entries.flatMap(({ kind, target, data }) => {
    const child = data?.["session"];
    return kind === "outcome" && target === "spawn" && typeof child === "string" ? [child] : [];
  });
}

const LONGEST = 300;

export function plain(text: string, most = LONGEST): string {
  const line = spelledOut(text).replaceAll(/\s+/g, " ").trim();
  return line.length <= most ? line : `${line.slice(0, most - 1)}…`;
}

export function rowOf(entry: StoredEntry): Row {
  return {
    index: entry.index,
    time: plain(entry.time, 40),
    who: plain(entry.who, 80),
    what: plain(entry.what, 60),
    on: plain(entry.target, 120),
    result: plain(entry.result, 40),
    session: entry.session === undefined ? null : plain(entry.session, 60),
    call: entry.call === undefined ? null : plain(entry.call, 60),
    says: saysOf(entry),
  };
}

/** Arguments of a call, the sentence of a decision, the request of a connection; never more than a line. */
function saysOf({ data, what }: StoredEntry): string {
  const text = (key: string): string => (typeof data?.[key] === "string" ? plain(data[key]) : "");
  const args = data?.["arguments"];
  const spelled = isObject(args)
    ? plain(
        Object.entries(args)
          .map(([name, value]) => `${name}=${short(value)}`)
          .join(" "),
        200,
      )
    : "";
  if (what === "call.decided") return plain(`${spelled} (${text("says")})`);
  return [spelled, text("summary"), text("request"), text("reason"), text("why"), text("detail"), text("condition")]
    .filter((part) => part !== "")
    .join("; ")
    .slice(0, LONGEST);
}

function short(value: JsonValue | undefined): string {
  if (typeof value === "string") return plain(value, 80);
  return isArray(value) || isObject(value) ? "…" : String(value);
}

/** One line of a timeline, for people. */
export function writeRow({ time, who, what, on, result, says }: Row): string {
  return `${time.slice(0, 19).replace("T", " ")}  ${who}  ${what} ${on}: ${result}${says === "" ? "" : `  ${says}`}`;
}
