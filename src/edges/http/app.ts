/**
 * The application: every request through the front, then to the one route that
 * it names, through that route's guard.
 *
 * @module
 */
import type { HttpBindings } from "@hono/node-server";
import { type Context, Hono } from "hono";
import { Fault, toFault } from "../../core/fault.ts";
import type { Access } from "../../core/ports/access.ts";
import { faultResponse, type HttpLog, tellFault } from "./errors.ts";
import type { Arrived, Front } from "./front.ts";
import { admit } from "./guard.ts";
import { type Head, headOfIncoming, headOfRequest } from "./head.ts";
import { HSTS, SECURITY_HEADERS } from "./headers.ts";
import type { Ask, Route } from "./route.ts";

type Env = {
  Bindings: Partial<HttpBindings>;
  Variables: { id: string; head: Head; arrived?: Arrived };
};
export type App = Hono<Env>;

export type AppParts = {
  readonly routes: readonly Route[];
  readonly front: Front;
  readonly access: Access;
  readonly log: HttpLog;
  readonly nextId: () => string;
};

export function createApp(parts: AppParts): App {
  const app = new Hono<Env>();
  app.use(async (c, next) => {
    c.set("id", parts.nextId());
    c.set("head", headOf(c));
    c.set("arrived", await parts.front(c.get("head")));
    await next();
    seal(c);
  });
  for (const route of parts.routes) app.on(route.method, route.path, async (c) => serve(c, route, parts.access));
  for (const [path, methods] of methodsByPath(parts.routes)) {
    app.all(path, () => {
      throw new Fault("METHOD_UNSUPPORTED", {
        message: "this path does not do that",
        hint: `use ${methods}`,
        facts: { allow: methods },
      });
    });
  }
  app.notFound(() => {
    throw new Fault("ROUTE_UNKNOWN", { message: "there is nothing here", hint: "all routes are at /openapi.json" });
  });
  app.onError((thrown, c) => {
    const { method, path } = c.get("head");
    const from = c.get("arrived")?.from.address ?? c.get("head").peer ?? "unknown";
    const fault = tellFault(thrown, { request: c.get("id"), method, path, from }, parts.log);
    c.res = faultResponse(fault, c.get("id"));
    seal(c);
    return c.res;
  });
  return app;
}

/** The order is the rule: known, then permitted, and only then the handler, which reads the rest. */
async function serve(c: Context<Env>, route: Route, access: Access): Promise<Response> {
  const arrived = c.get("arrived");
  if (arrived === undefined) throw new Fault("INTERNAL", { message: "no front was passed", hint: "report this" });
  const ask: Ask = {
    head: c.get("head"),
    arrived,
    request: c.req.raw,
    id: c.get("id"),
    params: new Map(Object.entries(c.req.param())),
    signal: c.req.raw.signal,
    invite: () => {
      if (c.get("head").header("expect") !== undefined) bindingsOf(c)?.outgoing?.writeContinue();
    },
  };
  try {
    return await route.handle(ask, await admit(route.needs, ask, access));
  } catch (thrown) {
    // hono hands on only what is an Error, and rethrows the rest past every handler.
    throw thrown instanceof Error ? thrown : toFault(thrown);
  }
}

function headOf(c: Context<Env>): Head {
  const incoming = bindingsOf(c)?.incoming;
  return incoming === undefined ? headOfRequest(c.req.raw) : headOfIncoming(incoming);
}

/** Not there in a request without a socket, whatever hono's type says. */
function bindingsOf(c: Context<Env>): Partial<HttpBindings> | undefined {
  return c.env;
}

function seal(c: Context<Env>): void {
  for (const [name, value] of SECURITY_HEADERS) c.res.headers.set(name, value);
  c.res.headers.set("x-request-id", c.get("id"));
  if (c.get("arrived")?.secure === true) c.res.headers.set("strict-transport-security", HSTS);
}

function methodsByPath(routes: readonly Route[]): ReadonlyMap<string, string> {
  const byPath = Map.groupBy(routes, (route) => route.path);
  return new Map([...byPath].map(([path, all]) => [path, all.map((route) => route.method).join(", ")]));
}
