/** Alerts, frozen sessions, and what an incident needs of a running gateway. @module */
import { parseDigest } from "../../../core/json.ts";
import {
  freezeRequest,
  sealRequest,
  silenceRequest,
  thawRequest,
  whyRequest,
  ruleRequest,
} from "../../../wire/watching.ts";
import { callerRoute, type Route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

export function watchingRoutes({ gateway: { watching } }: RouteParts): readonly Route[] {
  return [...alertRoutes(watching), ...incidentRoutes(watching)];
}

type Doors = RouteParts["gateway"]["watching"];

function alertRoutes(watching: Doors): readonly Route[] {
  return [
    callerRoute({
      method: "GET",
      path: "/api/alerts",
      says: "the rules, what was raised since the start, and what nobody took",
      needs: "operate",
      run: async (_ask, caller) => Response.json(watching.alerts(caller)),
    }),
    callerRoute({
      method: "POST",
      path: "/api/alerts/silence",
      says: "a rule tells nobody until then; what it does is still done",
      needs: "operate",
      body: silenceRequest,
      run: async (_ask, caller, { body }) => {
        await watching.silence(caller, body);
        return Response.json({ silent: true });
      },
    }),
    callerRoute({
      method: "POST",
      path: "/api/alerts/unsilence",
      says: "a rule tells again",
      needs: "operate",
      body: ruleRequest,
      run: async (_ask, caller, { body }) => Response.json({ was: await watching.unsilence(caller, body.rule) }),
    }),
    callerRoute({
      method: "POST",
      path: "/api/alerts/test",
      says: "tells everybody whom a rule tells that this is a test",
      needs: "operate",
      body: ruleRequest,
      run: async (_ask, caller, { body }) => Response.json({ told: await watching.test(caller, body.rule) }),
    }),
  ];
}

function incidentRoutes(watching: Doors): readonly Route[] {
  return [
    callerRoute({
      method: "POST",
      path: "/api/freeze",
      says: "ends what runs in a session and takes nothing more in it",
      needs: "operate",
      body: freezeRequest,
      run: async (_ask, caller, { body }) =>
        Response.json({ frozen: await watching.freeze(caller, body.session, body.why) }),
    }),
    callerRoute({
      method: "POST",
      path: "/api/thaw",
      says: "lets a frozen session go on",
      needs: "operate",
      body: thawRequest,
      run: async (_ask, caller, { body }) => Response.json({ was: await watching.thaw(caller, body.session) }),
    }),
    callerRoute({
      method: "POST",
      path: "/api/tokens/end-all",
      says: "ends every token but the one that asks, and every browser session",
      needs: "operate",
      body: whyRequest,
      run: async (_ask, caller, { body }) => Response.json({ ended: await watching.endAccess(caller, body.why) }),
    }),
    callerRoute({
      method: "POST",
      path: "/api/seal",
      says: "signs a digest with the ledger's key, together with the ledger as it is now",
      needs: "operate",
      body: sealRequest,
      run: async (_ask, caller, { body }) =>
        Response.json({ note: await watching.seal(caller, parseDigest(body.digest)) }),
    }),
  ];
}
