/**
 * Cedar's values: booleans, whole numbers, strings, sets, records and names of
 * entities. Equality is by content, and values of two kinds are never equal.
 *
 * @module
 */

export type Value = boolean | number | string | EntityRef | SetValue | RecordValue;

/** The name of an entity: `Role::"developer"`. */
export class EntityRef {
  readonly type: string;
  readonly id: string;

  constructor(type: string, id: string) {
    this.type = type;
    this.id = id;
  }

  equals(other: EntityRef): boolean {
    return this.id === other.id && this.type === other.type;
  }
}

export class RecordValue {
  readonly fields: ReadonlyMap<string, Value>;

  constructor(fields: ReadonlyMap<string, Value>) {
    this.fields = fields;
  }
}

/** Strings are kept apart from the rest: nearly every set is of strings, and those are found at once. */
export class SetValue {
  readonly members: readonly Value[];
  readonly #texts: ReadonlySet<Value>;
  readonly #others: readonly Value[];

  constructor(members: readonly Value[]) {
    this.members = members;
    this.#texts = new Set(members.filter((member) => typeof member === "string"));
    this.#others = members.filter((member) => typeof member !== "string");
  }

  has(value: Value): boolean {
    return typeof value === "string" ? this.#texts.has(value) : this.#others.some((member) => isEqual(member, value));
  }

  hasAll(other: SetValue): boolean {
    return other.members.every((member) => this.has(member));
  }

  hasAny(other: SetValue): boolean {
    return other.members.some((member) => this.has(member));
  }
}

export function isEqual(a: Value, b: Value): boolean {
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  if (a instanceof EntityRef) return b instanceof EntityRef && a.equals(b);
  if (a instanceof SetValue) return b instanceof SetValue && a.hasAll(b) && b.hasAll(a);
  return b instanceof RecordValue && isEqualRecord(a, b);
}

function isEqualRecord(a: RecordValue, b: RecordValue): boolean {
  if (a.fields.size !== b.fields.size) return false;
  for (const [name, value] of a.fields) {
    const other = b.fields.get(name);
    if (other === undefined || !isEqual(value, other)) return false;
  }
  return true;
}
