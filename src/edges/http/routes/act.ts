/** Proposing one call, and answering what is asked about calls. @module */
import { answerRequest, executeRequest } from "../../../wire/requests.ts";
import { takeAnswer } from "../answering.ts";
import { callerRoute, type Route } from "../route.ts";
import type { RouteParts } from "./parts.ts";

export function actRoutes({ gateway, turns }: RouteParts): readonly Route[] {
  return [
    callerRoute({
      method: "POST",
      path: "/api/execute",
      says: "propose one call; it goes through the same gate as the agent's own. 403 where the gate did not let it",
      needs: "execute",
      body: executeRequest,
      run: async (ask, caller, { body }) => {
        const outcome = await gateway.execute(caller, body, AbortSignal.any([ask.signal, turns.closing]));
        if (outcome.verdict === "allow" || outcome.ok) return Response.json(outcome);
        const error = { code: "DENIED", message: outcome.says, hint: outcome.text, request: ask.id };
        return Response.json({ error, ...outcome }, { status: 403 });
      },
    }),
    callerRoute({
      method: "GET",
      path: "/api/approvals",
      says: "open questions that the caller may answer",
      needs: "approve",
      run: async (_ask, caller) => Response.json({ questions: gateway.questions(caller) }),
    }),
    callerRoute({
      method: "POST",
      path: "/api/approvals/:id",
      says: "answer one question: yes or no, once or for this session; or endorse one of its sources",
      needs: "approve",
      body: answerRequest,
      run: async (ask, caller, { body }) => {
        await takeAnswer(gateway, caller, ask.params.get("id") ?? "", body);
        return Response.json({ ok: true });
      },
    }),
    callerRoute({
      method: "GET",
      path: "/api/endorsements",
      says: "texts that somebody endorsed, which the caller may take back",
      needs: "approve",
      run: async (_ask, caller) => Response.json({ endorsements: await gateway.endorsements(caller) }),
    }),
    callerRoute({
      method: "DELETE",
      path: "/api/endorsements/:session/:item",
      says: "take an endorsement back; what was made from that text falls with it",
      needs: "approve",
      run: async ({ params }, caller) => {
        await gateway.unendorse(caller, { session: params.get("session") ?? "", item: params.get("item") ?? "" });
        return Response.json({ ok: true });
      },
    }),
  ];
}
