/**
 * What a record of a decision says of its call: which texts stood in the
 * request, what it names, whom it reaches. Read without trust: whatever has
 * another form than expected says nothing, and that it does is told too.
 *
 * @module
 */
import { isArray, isObject, type JsonValue } from "../../core/json.ts";
import type { StoredEntry } from "../../core/ports/ledger.ts";

export type SourceFact = { readonly trust: string; readonly kind: string; readonly id: string };

/** The least trusted texts of the request, and where each argument came from. */
export function sourcesIn(entry: StoredEntry): readonly SourceFact[] {
  const facts = factsOf(entry);
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

export type PathTouched = { readonly path: string; readonly access: string; readonly zone: string };

export function pathsIn(entry: StoredEntry): readonly PathTouched[] {
  return list(member(factsOf(entry), "paths"))
    .filter((fact) => isObject(fact))
    .map((fact) => ({
      path: text(member(fact, "resolved")),
      access: text(member(fact, "access")),
      zone: text(member(fact, "zone")),
    }));
}

/** What stands in arguments whose role is recipient. */
export function recipientsIn(entry: StoredEntry): readonly string[] {
  return list(member(factsOf(entry), "arguments")).flatMap((fact) =>
    member(fact, "role") === "recipient" ? [argumentAt(entry, text(member(fact, "pointer")))] : [],
  );
}

/**
 * Whether there was more to it than its record says: what is larger than a record may be is cut, and a call can be made
 * so that this is where its path or recipient stood.
 */
export function isCut(entry: StoredEntry): boolean {
  const facts = factsOf(entry);
  if (!isObject(facts)) return true;
  return ["paths", "arguments"].some((name) => list(facts[name]).some((one) => !isObject(one)));
}

/** What there is of a record that was cut. */
export function headOf(entry: StoredEntry): string {
  return text(entry.data?.["head"]);
}

export function effectOf(entry: StoredEntry): string {
  return text(member(factsOf(entry), "effect"));
}

/** The text at a JSON pointer into its arguments, or how it begins; where it is not there, that. */
export function argumentAt(entry: StoredEntry, pointer: string): string {
  let value = entry.data?.["arguments"];
  for (const name of pointer.split("/").slice(1)) {
    const key = name.replaceAll("~1", "/").replaceAll("~0", "~");
    value = isArray(value) ? value[Number(key)] : member(value, key);
  }
  return typeof value === "string" ? value : text(member(value, "head"));
}

export function firstArgument(entry: StoredEntry): string {
  const args = entry.data?.["arguments"];
  const [first] = isObject(args) ? Object.values(args) : [];
  return typeof first === "string" ? first.slice(0, 120) : "";
}

function factsOf(entry: StoredEntry): JsonValue | undefined {
  return entry.data?.["facts"];
}

export function member(value: JsonValue | undefined, name: string): JsonValue | undefined {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}

export function list(value: JsonValue | undefined): readonly JsonValue[] {
  return isArray(value) ? value : [];
}

export function texts(value: JsonValue | undefined): readonly string[] {
  return list(value).filter((one) => typeof one === "string");
}

export function text(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}

export function amount(value: JsonValue | undefined): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}

/** What is near to it: the folder of a path or address, the domain of a name, the program of a command. */
export const KIN = {
  place: (what: string): string => what.slice(0, Math.max(0, what.lastIndexOf("/"))),
  host: (what: string): string => what.split(":", 1)[0]?.split(".").slice(-2).join(".") ?? "",
  person: (what: string): string => what.slice(what.lastIndexOf("@") + 1),
  command: (what: string): string => what.trimStart().split(/\s/, 1)[0] ?? "",
} as const;
