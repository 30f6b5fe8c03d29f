/** An answer to a question, as both doors take it. @module */
import { Fault } from "../../core/fault.ts";
import { parseId } from "../../core/ids.ts";
import type { Caller, Gateway } from "../../core/ports/gateway.ts";
import type { AnswerBody } from "../../wire/requests.ts";

/** @throws Fault of the gateway; REQUEST_MALFORMED where an endorsement does not say of what. */
export async function takeAnswer(
  gateway: Pick<Gateway, "answer" | "endorse">,
  caller: Caller,
  id: string,
  { answer, scope, item, as }: AnswerBody,
): Promise<void> {
  const approval = parseId("apr", id);
  if (answer !== "endorse") return gateway.answer(caller, approval, answer, scope);
  if (item !== undefined) return gateway.endorse(caller, approval, { item, as });
  throw new Fault("REQUEST_MALFORMED", {
    message: "an endorsement does not say of what",
    hint: "give `item`: one of those that the question names in `sources`",
  });
}
