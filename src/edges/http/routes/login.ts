/** Logging in with a one-time code, logging out, and who one is. @module */
import type { LoginAnswer, MeAnswer } from "../../../wire/answers.ts";
import { loginRequest, nothingRequest } from "../../../wire/requests.ts";
import { clearCookie, readCookie, setCookie } from "../cookie.ts";
import { refusal } from "../guard.ts";
import { callerRoute, publicRoute, type Route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

export function loginRoutes({ gateway, access, version }: RouteParts): readonly Route[] {
  return [
    publicRoute({
      method: "POST",
      path: "/api/login",
      says: "exchange a one-time code for a session",
      because: "the code is the credential; failures are counted, slowed and locked out",
      body: loginRequest,
      maxBytes: 1024,
      run: async ({ arrived }, { body }) => {
        const verdict = await access.login(body.code, arrived.from);
        if (verdict.verdict === "refused") throw refusal(verdict);
        const answer: LoginAnswer = { proof: verdict.proof, person: verdict.caller.person };
        return Response.json(answer, {
          headers: { "set-cookie": setCookie(arrived, verdict.secret, verdict.maxAgeMs) },
        });
      },
    }),
    callerRoute({
      method: "POST",
      path: "/api/login-codes",
      says: "a one-time code for the page, for the terminal only; it goes behind `/#login=`",
      needs: { because: "the page gets no more than the terminal that asks, and other doors are refused" },
      body: nothingRequest,
      run: async (_ask, caller) => Response.json(await access.invite(caller), { status: 201 }),
    }),
    callerRoute({
      method: "POST",
      path: "/api/logout",
      says: "end this session",
      needs: { because: "whoever is logged in may leave" },
      body: nothingRequest,
      run: async ({ head, arrived }) => {
        const secret = readCookie(head, arrived);
        if (secret !== undefined) await access.logout(secret);
        return Response.json({ ok: true }, { headers: { "set-cookie": clearCookie(arrived) } });
      },
    }),
    callerRoute({
      method: "GET",
      path: "/api/me",
      says: "who the caller is, what he may do, and which model answers him",
      needs: { because: "everybody may know who he himself is" },
      run: async (_ask, caller) => {
        const { halted, model } = await gateway.status();
        const { person, trust, roles, channel } = caller;
        const permissions = [...caller.permissions];
        const answer: MeAnswer = { person, trust, roles: [...roles], permissions, channel, version, halted, model };
        return Response.json(answer);
      },
    }),
  ];
}
