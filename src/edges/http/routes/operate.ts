/** What operators look at and stop. @module */
import type { LedgerQuery } from "../../../core/ports/ledger.ts";
import { logQuery, nothingRequest, stopRequest } from "../../../wire/requests.ts";
import { callerRoute, type Route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

export function operateRoutes({ gateway }: RouteParts): readonly Route[] {
  return [
    callerRoute({
      method: "GET",
      path: "/api/sessions",
      says: "the caller's conversations",
      needs: "chat",
      run: async (_ask, caller) => Response.json({ sessions: await gateway.sessions(caller) }),
    }),
    callerRoute({
      method: "GET",
      path: "/api/history",
      says: "the last of the caller's own conversation on this channel, oldest first",
      needs: "chat",
      run: async (_ask, caller) => Response.json({ lines: await gateway.history(caller) }),
    }),
    callerRoute({
      method: "GET",
      path: "/api/log",
      says: "search the ledger, newest first",
      needs: "read_log",
      query: logQuery,
      run: async (_ask, caller, { query }) =>
        Response.json({ entries: await gateway.searchLog(caller, present(query)) }),
    }),
    callerRoute({
      method: "GET",
      path: "/api/status",
      says: "what runs, which model, what is ready, what was weakened",
      needs: "operate",
      run: async () => Response.json(await gateway.status()),
    }),
    ...controlRoutes({ gateway }),
  ];
}

/** What changes how the gateway goes on. */
function controlRoutes({ gateway }: Pick<RouteParts, "gateway">): readonly Route[] {
  return [
    callerRoute({
      method: "POST",
      path: "/api/stop",
      says: "halt everything at once, until resumed",
      needs: "operate",
      body: stopRequest,
      run: async (_ask, caller, { body }) => {
        await gateway.stop(caller, body.reason);
        return Response.json({ halted: true });
      },
    }),
    callerRoute({
      method: "POST",
      path: "/api/resume",
      says: "go on after a stop",
      needs: "operate",
      body: nothingRequest,
      run: async (_ask, caller) => {
        await gateway.resume(caller);
        return Response.json({ halted: false });
      },
    }),
    callerRoute({
      method: "POST",
      path: "/api/secrets/reload",
      says: "read the secrets anew: what was revoked or replaced counts at once",
      needs: "configure",
      body: nothingRequest,
      run: async (_ask, caller) => Response.json(await gateway.reloadSecrets(caller)),
    }),
  ];
}

type Loose = { readonly [K in keyof LedgerQuery]: LedgerQuery[K] | undefined };

/** Without the members that are undefined: to the ledger, absent means any. */
function present(query: Loose): LedgerQuery {
  return Object.fromEntries(Object.entries(query).filter(([, value]) => value !== undefined));
}
