/**
 * Cedar's expressions, compiled once to functions.
 *
 * The meaning is Cedar's own, error for error; a property test holds it against
 * Cedar's evaluator (`evaluate.test.ts`). Whatever this file does not know is
 * refused when the policies are loaded, never at a decision: extension
 * functions, tags, slots.
 *
 * @see https://docs.cedarpolicy.com/policies/syntax-operators.html
 * @module
 */
import type { CedarValueJson, Expr, ExprNoExt, PatternElem } from "@cedar-policy/cedar-wasm/nodejs";
import { EntityRef, isEqual, RecordValue, SetValue, type Value } from "./values.ts";

/** An entity of the request: its name, what is known of it, and the names that it is in. */
export type Known = {
  readonly ref: EntityRef;
  readonly attributes: RecordValue;
  readonly parents: readonly EntityRef[];
};

/** What one evaluation looks at. */
export type Scene = {
  readonly principal: Known;
  readonly action: EntityRef;
  readonly resource: Known;
  readonly context: RecordValue;
};

export type Node = (scene: Scene) => Value;

/** A policy that cannot be evaluated: a missing attribute, a value of the wrong kind, a number that is too large. */
export class EvaluationError extends Error {}

/** An expression that this evaluator does not know. Thrown while compiling only. */
export class UnknownExpression extends Error {}

export function compile(expr: Expr): Node {
  const entry = Object.entries(expr)[0];
  if (entry === undefined || Object.keys(expr).length !== 1) throw new UnknownExpression("not one operator");
  const [operator, operands] = entry;
  if (!isSupported(operator)) throw new UnknownExpression(`\`${operator.slice(0, 40)}\``);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the operands that belong to this operator: Cedar's reader made both
  return COMPILERS[operator](operands as never);
}

function isSupported(operator: string): operator is Supported {
  return Object.hasOwn(COMPILERS, operator);
}

/** True or false, where Cedar wants a boolean. */
export function truth(node: Node): (scene: Scene) => boolean {
  return (scene) => {
    const value = node(scene);
    if (typeof value !== "boolean") throw wrong("a boolean", value);
    return value;
  };
}

export function isIn(left: EntityRef, right: EntityRef, scene: Scene): boolean {
  if (left.equals(right)) return true;
  return knownAs(left, scene)?.parents.some((parent) => parent.equals(right)) ?? false;
}

/** Cedar's operators, each with its operands in the JSON form. */
type Operator = ExprNoExt extends infer One ? (One extends unknown ? keyof One : never) : never;
type Supported = Exclude<Operator, "Slot" | "getTag" | "hasTag">;
type Operands<Name extends Operator> = Extract<ExprNoExt, { readonly [K in Name]: unknown }>[Name];
type Compilers = { readonly [Name in Supported]: (operands: Operands<Name>) => Node };
type Both = { readonly left: Expr; readonly right: Expr };

const COMPILERS: Compilers = {
  Value: (value) => constant(literal(value)),
  Var: variable,
  Set: setOf,
  Record: recordOf,
  "!": ({ arg }) => not(truth(compile(arg))),
  neg: ({ arg }) => arithmetic(constant(0), compile(arg), (a, b) => a - b),
  "&&": (both) => and(truth(compile(both.left)), truth(compile(both.right))),
  "||": (both) => or(truth(compile(both.left)), truth(compile(both.right))),
  "if-then-else": choice,
  "==": (both) => binary(both, isEqual),
  "!=": (both) => binary(both, (a, b) => !isEqual(a, b)),
  "<": (both) => binary(both, (a, b) => whole(a) < whole(b)),
  "<=": (both) => binary(both, (a, b) => whole(a) <= whole(b)),
  ">": (both) => binary(both, (a, b) => whole(a) > whole(b)),
  ">=": (both) => binary(both, (a, b) => whole(a) >= whole(b)),
  "+": (both) => arithmetic(compile(both.left), compile(both.right), (a, b) => a + b),
  "-": (both) => arithmetic(compile(both.left), compile(both.right), (a, b) => a - b),
  "*": (both) => arithmetic(compile(both.left), compile(both.right), (a, b) => a * b),
  contains: (both) => binary(both, (a, b) => set(a).has(b)),
  containsAll: (both) => binary(both, (a, b) => set(a).hasAll(set(b))),
  containsAny: (both) => binary(both, (a, b) => set(a).hasAny(set(b))),
  isEmpty: ({ arg }) => unary(compile(arg), (value) => set(value).members.length === 0),
  ".": ({ left, attr }) => attribute(compile(left), attr),
  has: ({ left, attr }) => has(left, [attr].flat()),
  like: ({ left, pattern }) => like(compile(left), pattern),
  is,
  in: ({ left, right }) => within(compile(left), compile(right)),
};

const constant =
  (value: Value): Node =>
  () =>
    value;

function literal(value: CedarValueJson): Value {
  if (typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return exact(value);
  if (Array.isArray(value)) return new SetValue(value.map(literal));
  if (typeof value !== "object" || value === null || "__extn" in value) throw new UnknownExpression("a literal");
  if ("__entity" in value) return refOf(value.__entity);
  return new RecordValue(new Map(Object.entries(value).map(([name, field]) => [name, literal(field)])));
}

/** @throws UnknownExpression where it is not the name of an entity. */
export function refOf(value: unknown): EntityRef {
  if (typeof value === "object" && value !== null) {
    if ("__entity" in value) return refOf(value.__entity);
    if ("type" in value && "id" in value && typeof value.type === "string" && typeof value.id === "string") {
      return new EntityRef(value.type, value.id);
    }
  }
  throw new UnknownExpression("the name of an entity");
}

function variable(name: string): Node {
  switch (name) {
    case "principal":
      return (scene) => scene.principal.ref;
    case "action":
      return (scene) => scene.action;
    case "resource":
      return (scene) => scene.resource.ref;
    case "context":
      return (scene) => scene.context;
    default:
      throw new UnknownExpression("a variable");
  }
}

function setOf(members: readonly Expr[]): Node {
  const nodes = members.map(compile);
  // Nearly every set in a policy is written out: it is made once.
  if (members.every((member) => "Value" in member)) {
    return constant(new SetValue(members.map((member) => literal("Value" in member ? member.Value : null))));
  }
  return (scene) => new SetValue(nodes.map((node) => node(scene)));
}

function recordOf(fields: Readonly<Record<string, Expr>>): Node {
  const nodes = Object.entries(fields).map(([name, field]) => [name, compile(field)] as const);
  return (scene) => new RecordValue(new Map(nodes.map(([name, node]) => [name, node(scene)])));
}

type Test = (scene: Scene) => boolean;

const not =
  (test: Test): Node =>
  (scene) =>
    !test(scene);
const and =
  (left: Test, right: Test): Node =>
  (scene) =>
    left(scene) && right(scene);
const or =
  (left: Test, right: Test): Node =>
  (scene) =>
    left(scene) || right(scene);

function choice(parts: { readonly if: Expr; readonly then: Expr; readonly else: Expr }): Node {
  const [test, yes, no] = [truth(compile(parts.if)), compile(parts.then), compile(parts.else)];
  return (scene) => (test(scene) ? yes(scene) : no(scene));
}

function unary(arg: Node, operate: (value: Value) => Value): Node {
  return (scene) => operate(arg(scene));
}

function binary({ left, right }: Both, operate: (a: Value, b: Value) => Value): Node {
  const [a, b] = [compile(left), compile(right)];
  return (scene) => operate(a(scene), b(scene));
}

function arithmetic(left: Node, right: Node, operate: (a: number, b: number) => number): Node {
  return (scene) => exact(operate(whole(left(scene)), whole(right(scene))));
}

/** Cedar's numbers have 64 bits, those here 53: what does not fit is an error, so it denies. */
function exact(value: number): number {
  if (!Number.isSafeInteger(value)) throw new EvaluationError("a number is larger than can be counted exactly");
  // Cedar has one zero.
  return value + 0;
}

function attribute(left: Node, name: string): Node {
  return (scene) => {
    const value = fieldsOf(left(scene), scene)?.get(name);
    if (value === undefined) throw new EvaluationError(`there is no attribute \`${name}\``);
    return value;
  };
}

/** `left has a.b.c`: each exists, and all but the last is a record or a known entity. */
function has(left: Expr, names: readonly string[]): Node {
  const start = compile(left);
  return (scene) => {
    let value: Value | undefined = start(scene);
    for (const name of names) {
      if (value === undefined) return false;
      value = fieldsOf(value, scene)?.get(name);
    }
    return value !== undefined;
  };
}

/** Undefined for an entity of which nothing is known. @throws EvaluationError for what has no attributes. */
function fieldsOf(value: Value, scene: Scene): ReadonlyMap<string, Value> | undefined {
  if (value instanceof RecordValue) return value.fields;
  if (value instanceof EntityRef) return knownAs(value, scene)?.attributes.fields;
  throw wrong("a record or an entity", value);
}

function knownAs(ref: EntityRef, { principal, resource }: Scene): Known | undefined {
  if (ref.equals(principal.ref)) return principal;
  return ref.equals(resource.ref) ? resource : undefined;
}

/** Literals in their order: the first at the start, the last at the end, the others anywhere between, none overlapping. */
function like(left: Node, pattern: readonly PatternElem[]): Node {
  const parts = [""];
  for (const piece of pattern) {
    if (piece === "Wildcard") parts.push("");
    else parts.push(`${parts.pop() ?? ""}${piece.Literal}`);
  }
  const [first = "", ...rest] = parts;
  const last = rest.pop();
  return unary(left, (value) => {
    const text = string(value);
    if (last === undefined) return text === first;
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of rest) {
      const found = text.indexOf(part, at);
      if (found < 0) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  });
}

function is({ left, entity_type, in: into }: { left: Expr; entity_type: string; in?: Expr }): Node {
  const [value, folder] = [compile(left), into === undefined ? undefined : within(compile(left), compile(into))];
  return (scene) => entity(value(scene)).type === entity_type && (folder === undefined || folder(scene));
}

function within(left: Node, right: Node): Node {
  return (scene) => {
    const [one, groups] = [entity(left(scene)), right(scene)];
    const refs = groups instanceof SetValue ? groups.members.map(entity) : [entity(groups)];
    return refs.some((group) => isIn(one, group, scene));
  };
}

function whole(value: Value): number {
  if (typeof value !== "number") throw wrong("a number", value);
  return value;
}

function string(value: Value): string {
  if (typeof value !== "string") throw wrong("a string", value);
  return value;
}

function set(value: Value): SetValue {
  if (!(value instanceof SetValue)) throw wrong("a set", value);
  return value;
}

function entity(value: Value): EntityRef {
  if (!(value instanceof EntityRef)) throw wrong("an entity", value);
  return value;
}

function wrong(wanted: string, value: Value): EvaluationError {
  return new EvaluationError(
    `${wanted} is needed, not ${typeof value === "object" ? value.constructor.name : typeof value}`,
  );
}
