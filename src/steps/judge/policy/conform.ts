/**
 * A request against the schema: exactly the attributes that the schema has,
 * each of its type. Policies were validated against that schema, so a request
 * that does not keep to it could be misjudged; it denies.
 *
 * @module
 */
import { isObject, type JsonObject, type JsonValue } from "../../../core/json.ts";
import type { PolicyRequest } from "./engine.ts";

/** What is wrong with a request; undefined where nothing is. */
export type Conformance = (request: PolicyRequest) => string | undefined;

type Check = (value: unknown) => boolean;
type Shape = ReadonlyMap<string, Check>;

/** @throws Error where the schema has something that this cannot check. */
export function conformanceTo(schema: JsonObject): Conformance {
  const space = objectAt(schema, "");
  const common = objectAt(space, "commonTypes");
  const shapes = new Map(
    Object.entries(objectAt(space, "entityTypes")).map(([type, entity]) => [type, shapeOfEntity(entity)]),
  );
  const actions = new Map(
    Object.entries(objectAt(space, "actions")).map(([action, one]) => [action, appliesTo(one, common)]),
  );
  const person = shapes.get("Person");
  if (person === undefined) throw new Error("the schema has no Person");
  return (request) => {
    const action = actions.get(request.action);
    if (action === undefined) return `there is no action ${request.action}`;
    const { type, attributes } = request.resource;
    const resource = shapes.get(type);
    if (resource === undefined || !action.resources.has(type)) return `${request.action} does not apply to ${type}`;
    const { trust, roles } = request.principal;
    return (
      misfit("principal", { trust, hasRoles: roles.length > 0 }, person) ??
      misfit("resource", attributes, resource) ??
      misfit("context", request.context, action.context)
    );
  };
}

function misfit(what: string, attributes: object, shape: Shape): string | undefined {
  let known = 0;
  for (const [name, value] of Object.entries(attributes)) {
    const check = shape.get(name);
    if (check === undefined) return `${what} has an attribute that the schema does not know: ${name}`;
    if (!check(value)) return `${what}.${name} has another type than the schema says`;
    known += 1;
  }
  return known === shape.size ? undefined : `${what} lacks an attribute that the schema requires`;
}

function appliesTo(
  action: JsonValue | undefined,
  common: JsonObject,
): { readonly resources: ReadonlySet<JsonValue>; context: Shape } {
  const applies = objectAt(asObject(action), "appliesTo");
  const context = objectAt(applies, "context");
  const { type } = context;
  const named = typeof type === "string" && Object.hasOwn(common, type) ? objectAt(common, type) : context;
  return { resources: new Set(listAt(applies, "resourceTypes")), context: shapeOf(named) };
}

function shapeOfEntity(entity: JsonValue | undefined): Shape {
  const { shape } = asObject(entity);
  return shape === undefined ? new Map() : shapeOf(asObject(shape));
}

function shapeOf(record: JsonObject): Shape {
  return new Map(Object.entries(objectAt(record, "attributes")).map(([name, type]) => [name, checkOf(asObject(type))]));
}

const CHECKS: ReadonlyMap<string, Check> = new Map([
  ["String", (value: unknown) => typeof value === "string"],
  ["Long", (value: unknown) => Number.isSafeInteger(value)],
  ["Bool", (value: unknown) => typeof value === "boolean"],
  ["Boolean", (value: unknown) => typeof value === "boolean"],
]);

function checkOf(type: JsonObject): Check {
  if (type["required"] === false) throw new Error("an attribute that is optional");
  const name = type["type"];
  if (name === "Set") {
    const member = checkOf(objectAt(type, "element"));
    return (value) => Array.isArray(value) && value.every(member);
  }
  const check = typeof name === "string" ? CHECKS.get(name) : undefined;
  if (check === undefined) throw new Error(`a type that cannot be checked: ${JSON.stringify(name)}`);
  return check;
}

function objectAt(parent: JsonObject, name: string): JsonObject {
  return asObject(parent[name]);
}

function listAt(parent: JsonObject, name: string): readonly JsonValue[] {
  const list = parent[name];
  if (!Array.isArray(list)) throw new Error(`no list ${name} in the schema`);
  return list;
}

function asObject(value: JsonValue | undefined): JsonObject {
  if (!isObject(value)) throw new Error("the schema has another form than expected");
  return value;
}
