/** Tokens: listed, made and revoked one by one. @module */
import { Fault } from "../../../core/fault.ts";
import { parseId } from "../../../core/ids.ts";
import { tokenRequest } from "../../../wire/requests.ts";
import { callerRoute, type Route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

export function tokenRoutes({ gateway }: RouteParts): readonly Route[] {
  return [
    callerRoute({
      method: "GET",
      path: "/api/tokens",
      says: "tokens, without the tokens themselves",
      needs: "configure",
      run: async (_ask, caller) => Response.json({ tokens: await gateway.tokens.list(caller) }),
    }),
    callerRoute({
      method: "POST",
      path: "/api/tokens",
      says: "make a token, with no more than the caller has; it is shown this once",
      needs: "configure",
      body: tokenRequest,
      run: async (_ask, caller, { body }) => {
        const { person, trust, expiresMs, ...rest } = body;
        const made = await gateway.tokens.create(caller, {
          ...rest,
          ...(person === undefined ? {} : { person }),
          ...(trust === undefined ? {} : { trust }),
          ...(expiresMs === undefined ? {} : { expiresMs }),
        });
        return Response.json(made, { status: 201 });
      },
    }),
    callerRoute({
      method: "DELETE",
      path: "/api/tokens/:id",
      says: "revoke one token",
      needs: "configure",
      run: async (ask, caller) => {
        const id = parseId("tok", ask.params.get("id") ?? "");
        if (await gateway.tokens.revoke(caller, id)) return Response.json({ ok: true });
        throw new Fault("TOKEN_UNKNOWN", {
          message: "there is no such token that you may revoke",
          hint: "list them: `vambrace token list`",
        });
      },
    }),
  ];
}
