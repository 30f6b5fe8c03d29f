/**
 * Around the gate: handles in a call become what they stand for before it is
 * judged, and what comes back large and untrusted becomes a handle before the
 * model sees it.
 *
 * @module
 */
import { toFault } from "../../core/fault.ts";
import type { HeldValues } from "../../core/held.ts";
import type { ContextItem, ProposedCall } from "../../core/item.ts";
import { joinAll } from "../../core/label.ts";
import type { Random } from "../../core/ports/random.ts";
import type { CallResult } from "../../core/turn.ts";
import type { AgentTurn } from "../../pipeline.ts";
import { type Filled, fillHandles, keepOut } from "../../steps/label/keep-out.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import { quarantine, QUARANTINE_TOOLS } from "../../tools/quarantine.ts";
import type { Endorsements } from "../../steps/label/endorsements.ts";
import type { QuarantineSettings } from "../config/settings.ts";

export type AroundParts = {
  readonly endorsements: Pick<Endorsements, "counted">;
  readonly held: HeldValues;
  readonly random: Random;
  readonly quarantine: QuarantineSettings;
};

/** What of the turn is needed here. */
type Acting = Pick<AgentTurn, "act" | "tools"> & { readonly session: Pick<AgentTurn["session"], "id"> };

export async function actAround(
  parts: AroundParts,
  turn: Acting,
  calls: readonly ProposedCall[],
  context: readonly ContextItem[],
): Promise<readonly CallResult[]> {
  const results: CallResult[] = [];
  for (const call of calls) results.push(...(await actOnOne(parts, turn, call, context)));
  return results;
}

async function actOnOne(
  parts: AroundParts,
  turn: Acting,
  call: ProposedCall,
  context: readonly ContextItem[],
): Promise<readonly CallResult[]> {
  const { held, random } = parts;
  const session = turn.session.id;
  // Those take handles as handles.
  const isAsking = QUARANTINE_TOOLS.has(call.tool);
  const filled = isAsking ? { call, context, held: [] } : await fillHandles(held, random, { session, call, context });
  const made = reread(filled);
  if (typeof made === "string") return [unfit(call, made, filled)];
  const results = await turn.act([made], filled.context);
  // Who cannot ask about what is kept out is shown it.
  const canAsk = turn.tools.some((tool) => tool.declaration.name === quarantine.declaration.name);
  const longerThan = canAsk ? parts.quarantine.longerThan : Number.POSITIVE_INFINITY;
  const rules = { longerThan, answering: QUARANTINE_TOOLS };
  const isFilled = canAsk && filled.held.length > 0;
  const now = parts.endorsements.counted(session, context);
  return Promise.all(
    results.map((result) =>
      keepOut(held, rules, { session, call, result: withHeld(result, filled), context: now, isFilled }),
    ),
  );
}

/** What handles stand for is part of what came back, and not of what the model had read. */
function withHeld(result: CallResult, { held }: Filled): CallResult {
  const { own } = result;
  return own === undefined ? result : { ...result, own: joinAll([own, ...held.map(({ label }) => label)]) };
}

/** Read again by the tool's own schema: what a handle stands for may not fit. */
function reread({ call, held }: Filled): ProposedCall | string {
  const tool = CATALOGUE.get(call.tool);
  if (held.length === 0 || tool === undefined) return call;
  try {
    return { ...call, arguments: tool.parse(call.arguments) };
  } catch (thrown) {
    return toFault(thrown).hint;
  }
}

/** It may repeat nothing of the value, and carries its label all the same. */
function unfit(call: ProposedCall, hint: string, { context, held }: Filled): CallResult {
  const text = `this call was not run: what a handle stands for does not fit there (hint: ${hint})`;
  const label = joinAll(context.map((item) => item.label));
  const own = joinAll(held.map((one) => one.label));
  return { call: call.id, tool: call.tool, verdict: "deny", ok: false, text, label, own };
}
