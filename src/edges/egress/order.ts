/**
 * What the gateway may say to the proxy, strictly: another form, or a key that
 * is not known, is not an order. No error repeats what was said, which may hold
 * a secret.
 *
 * @module
 */
import { type Credential, CREDENTIAL_PLACES, SHORTEST_SECRET } from "../../core/credential.ts";
import type { EgressBytes, HostLimit } from "../../core/decision.ts";
import { Fault } from "../../core/fault.ts";
import { isArray, isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

export type Order =
  | { readonly op: "config"; readonly socketDir: string }
  | { readonly op: "credentials"; readonly credentials: readonly Credential[] }
  | {
      readonly op: "open";
      readonly id: number;
      readonly hosts: readonly HostLimit[];
      readonly bytes?: EgressBytes;
      /** Where it leads comes later: what is to be trusted is told at once. */
      readonly lasting?: true;
    }
  | { readonly op: "lead"; readonly id: number; readonly hosts: readonly HostLimit[] }
  | { readonly op: "close"; readonly id: number };

const MOST = 1000;

/** @throws Fault FRAME_MALFORMED */
export function parseOrder(value: JsonValue): Order {
  if (!isObject(value)) throw unreadable("no object");
  const { op } = value;
  switch (typeof op === "string" ? op : "") {
    case "config":
      return parseConfig(value);
    case "credentials":
      only(value, ["op", "credentials"]);
      return { op: "credentials", credentials: list(value["credentials"]).map(parseCredential) };
    case "open":
      return parseOpen(value);
    case "lead":
      only(value, ["op", "id", "hosts"]);
      return { op: "lead", id: parseId(value["id"]), hosts: list(value["hosts"]).map(parseHost) };
    case "close":
      only(value, ["op", "id"]);
      return { op: "close", id: parseId(value["id"]) };
    default:
      throw unreadable("an order of no known form");
  }
}

function parseConfig(value: JsonObject): Order {
  only(value, ["op", "socketDir"]);
  const socketDir = text(value["socketDir"], /^\//s);
  return { op: "config", socketDir };
}

function parseOpen(value: JsonObject): Order {
  only(value, ["op", "id", "hosts", "bytes", "lasting"]);
  const { bytes, lasting } = value;
  if (lasting !== undefined && lasting !== true) throw unreadable("a way of another form");
  const order = {
    op: "open",
    id: parseId(value["id"]),
    hosts: list(value["hosts"]).map(parseHost),
    ...(lasting === undefined ? {} : { lasting }),
  } as const;
  if (bytes === undefined) return order;
  const both = only(bytes, ["up", "down"]);
  return { ...order, bytes: { up: count(both["up"]), down: count(both["down"]) } };
}

function parseId(value: JsonValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  throw unreadable("an order without id");
}

function parseHost(value: JsonValue): HostLimit {
  const from = only(value, ["host", "port", "methods", "paths", "tls", "upBytes", "downBytes"]);
  const { paths, tls, upBytes, downBytes } = from;
  if (tls !== undefined && tls !== "passthrough") throw unreadable("a host limit of another form");
  return {
    host: text(from["host"], /^.{1,300}$/s),
    port: parsePort(from["port"]),
    methods: list(from["methods"]).map(parseMethod),
    ...(paths === undefined ? {} : { paths: list(paths).map(parsePath) }),
    ...(tls === undefined ? {} : { tls }),
    ...(upBytes === undefined ? {} : { upBytes: count(upBytes) }),
    ...(downBytes === undefined ? {} : { downBytes: count(downBytes) }),
  };
}

const CREDENTIAL_KEYS = ["name", "secret", "hosts", "ports", "methods", "paths", "places", "headers", "inject"];

function parseCredential(value: JsonValue): Credential {
  const from = only(value, CREDENTIAL_KEYS);
  const { paths, inject } = from;
  return {
    name: text(from["name"], /^[a-z0-9][a-z0-9._@+-]{0,127}$/),
    // What could end a header is no secret.
    secret: text(from["secret"], new RegExp(`^[\\x21-\\x7e]{${SHORTEST_SECRET},8192}$`)),
    hosts: list(from["hosts"]).map((host) => text(host, /^.{1,300}$/s)),
    ports: list(from["ports"]).map(parsePort),
    methods: list(from["methods"]).map(parseMethod),
    places: list(from["places"]).map((place) => CREDENTIAL_PLACES.find((known) => known === place) ?? lost("a place")),
    headers: list(from["headers"]).map((name) => text(name, /^[a-z0-9-]{1,100}$/)),
    ...(paths === undefined ? {} : { paths: list(paths).map(parsePath) }),
    ...(inject === undefined ? {} : { inject: text(inject, /^[A-Za-z0-9-]{1,100}: [\x20-\x7e]{0,200}$/) }),
  };
}

function parsePort(value: JsonValue | undefined): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= 65_535) return value;
  throw unreadable("a port that is none");
}

function parseMethod(value: JsonValue): string {
  return text(value, /^[A-Za-z]{1,20}$/);
}

function parsePath(value: JsonValue): string {
  return text(value, /^\/.{0,500}$/s);
}

function count(value: JsonValue | undefined): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw unreadable("a count that is none");
}

function text(value: JsonValue | undefined, form: RegExp): string {
  if (typeof value === "string" && form.test(value)) return value;
  throw unreadable("a text of another form");
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  if (isArray(value) && value.length <= MOST) return value;
  throw unreadable("no list, or one that is too long");
}

function only(value: JsonValue | undefined, keys: readonly string[]): JsonObject {
  if (isObject(value) && Object.keys(value).every((key) => keys.includes(key))) return value;
  throw unreadable("an object with other keys");
}

function lost(what: string): never {
  throw unreadable(what);
}

export function unreadable(what: string): Fault {
  return new Fault("FRAME_MALFORMED", {
    message: `the gateway sent the egress proxy something that it does not know: ${what}`,
    hint: "restart the gateway, so that both are of one version",
  });
}
