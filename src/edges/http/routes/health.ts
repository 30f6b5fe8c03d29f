/** Whether it lives, whether it is ready, and its figures. @module */
import { callerRoute, publicRoute, type Route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

export function healthRoutes({ gateway }: RouteParts): readonly Route[] {
  return [
    publicRoute({
      method: "GET",
      path: "/healthz",
      says: "the process is alive",
      because: "a supervisor has no token, and the answer says nothing of the installation",
      run: async () => Response.json({ ok: true }),
    }),
    publicRoute({
      method: "GET",
      path: "/readyz",
      says: "every enabled control has proved itself; else which have not",
      because: "a supervisor has no token; only names of controls are said",
      run: async () => {
        const missing = (await gateway.readiness()).filter((control) => !control.ready).map(({ control }) => control);
        return Response.json({ ready: missing.length === 0, missing }, { status: missing.length === 0 ? 200 : 503 });
      },
    }),
    callerRoute({
      method: "GET",
      path: "/metrics",
      says: "figures for Prometheus",
      needs: "metrics",
      run: async () =>
        new Response(await gateway.metrics(), {
          headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" },
        }),
    }),
  ];
}
