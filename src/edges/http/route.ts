/**
 * Routes: each says at its definition who may use it. A table takes no route
 * that does not.
 *
 * INVARIANT(guarded-routes): a handler runs only after its route's need was met.
 *
 * @module
 */
import type { z } from "zod";
import { Fault } from "../../core/fault.ts";
import { PERMISSIONS, type Permission } from "../../core/person.ts";
import type { Caller } from "../../core/ports/gateway.ts";
import { parseWith, readBody } from "./body.ts";
import type { Arrived } from "./front.ts";
import type { Head } from "./head.ts";

/** What a caller needs; the two that need no permission say why at their definition. */
export type Needs =
  | { readonly kind: "permission"; readonly permission: Permission }
  | { readonly kind: "caller"; readonly because: string }
  | { readonly kind: "public"; readonly because: string };

export type Method = "GET" | "POST" | "DELETE";

/** One request that passed the front. The body is unread. */
export type Ask = {
  readonly head: Head;
  readonly arrived: Arrived;
  readonly request: Request;
  readonly id: string;
  readonly params: ReadonlyMap<string, string>;
  /** Aborts when the other side is gone, or the gateway closes. */
  readonly signal: AbortSignal;
  /** Tells a client that waits for `100 Continue` to go on. */
  readonly invite: () => void;
};

/** A route as the table holds it. `caller` is there for every need but `public`. */
export type Route = {
  readonly method: Method;
  readonly path: string;
  readonly says: string;
  readonly needs: Needs;
  readonly body?: z.ZodType;
  readonly query?: z.ZodType;
  readonly handle: (ask: Ask, caller: Caller | undefined) => Promise<Response>;
};

type Form<B, Q> = {
  readonly method: Method;
  /** `/api/approvals/:id` */
  readonly path: string;
  readonly says: string;
  readonly body?: z.ZodType<B>;
  readonly query?: z.ZodType<Q>;
  /** Largest body in bytes. */
  readonly maxBytes?: number;
};
export type Input<B, Q> = { readonly body: B; readonly query: Q };

const BODY_BYTES = 512 * 1024;

/** A route for anybody at all. */
export function publicRoute<B = undefined, Q = undefined>(
  form: Form<B, Q> & {
    readonly because: string;
    readonly run: (ask: Ask, input: Input<B, Q>) => Promise<Response>;
  },
): Route {
  const { because, run, ...rest } = form;
  return {
    ...rest,
    needs: { kind: "public", because },
    handle: async (ask) => run(ask, await readInput(ask, form)),
  };
}

/** A route for a caller who is known, and has the permission where one is named. */
export function callerRoute<B = undefined, Q = undefined>(
  form: Form<B, Q> & {
    readonly needs: Permission | { readonly because: string };
    readonly run: (ask: Ask, caller: Caller, input: Input<B, Q>) => Promise<Response>;
  },
): Route {
  const { needs, run, ...rest } = form;
  return {
    ...rest,
    needs: typeof needs === "string" ? { kind: "permission", permission: needs } : { kind: "caller", ...needs },
    handle: async (ask, caller) => {
      if (caller === undefined) throw unguarded(form, "was reached without a caller");
      return run(ask, caller, await readInput(ask, form));
    },
  };
}

async function readInput<B, Q>(ask: Ask, form: Form<B, Q>): Promise<Input<B, Q>> {
  const query = form.query === undefined ? undefined : parseWith(form.query, readQuery(ask.request), "query");
  if (form.body === undefined) return given<B, Q>({ query });
  ask.invite();
  return given<B, Q>({ query, body: await readBody(ask.request, form.body, form.maxBytes ?? BODY_BYTES) });
}

function given<B, Q>(input: { readonly body?: B; readonly query?: Q | undefined }): Input<B, Q> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- B and Q are `undefined` exactly where the form has no schema
  return input as Input<B, Q>;
}

function readQuery(request: Request): unknown {
  const entries = [...new URL(request.url).searchParams];
  const query = new Map(entries);
  if (query.size === entries.length) return Object.fromEntries(query);
  throw new Fault("BODY_MALFORMED", { message: "the query says one thing twice", hint: "send each key once" });
}

export type RouteTable = {
  /** @throws Fault ROUTE_UNGUARDED where it does not say who may use it, or stands there already. */
  add(route: Route): void;
  readonly routes: readonly Route[];
};

export function createRouteTable(): RouteTable {
  const routes: Route[] = [];
  return {
    routes,
    add(route) {
      checkNeeds(route);
      if (routes.some((other) => other.method === route.method && other.path === route.path)) {
        throw unguarded(route, "stands in the table already");
      }
      routes.push(route);
    },
  };
}

/** At run time too: a route may come from code that no compiler saw. */
function checkNeeds(route: Route): void {
  const needs: unknown = route.needs;
  if (typeof needs !== "object" || needs === null) throw unguarded(route, "does not say who may use it");
  if (route.needs.kind === "permission") {
    if (PERMISSIONS.includes(route.needs.permission)) return;
    throw unguarded(route, "names a permission that does not exist");
  }
  const isOpen = route.needs.kind === "public" || route.needs.kind === "caller";
  if (isOpen && typeof route.needs.because === "string" && route.needs.because.trim() !== "") return;
  throw unguarded(route, "needs no permission and does not say why");
}

function unguarded(route: { readonly method: string; readonly path: string }, what: string): Fault {
  return new Fault("ROUTE_UNGUARDED", {
    message: `the route ${route.method} ${route.path} ${what}`,
    hint: "name its permission, or write why it needs none, where it is defined",
  });
}
