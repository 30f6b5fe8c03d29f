/**
 * A recorded decision again, under other policies: what was asked then is read
 * back from the record, and decided by the same code as a live call.
 *
 * Nothing is guessed: what is not recorded whole is not decided.
 *
 * @module
 */
import { z } from "zod";
import type { Asked } from "../../core/asked.ts";
import type { Decision, Limits } from "../../core/decision.ts";
import type { JsonValue } from "../../core/json.ts";
import { TRUST_LEVELS, trustRank } from "../../core/label.ts";
import { EFFECTS } from "../../core/tool.ts";
import { decide } from "./decide.ts";
import type { Engine } from "./policy/engine.ts";
import { RESOURCE_TYPES } from "./policy/expressions.ts";
import type { RequestBody } from "./requests.ts";

const person = z.strictObject({ person: z.string(), trust: z.enum(TRUST_LEVELS), roles: z.array(z.string()) });
const attributes = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]));
const recorded = z.strictObject({
  principal: person,
  reachable: z.array(person),
  contexts: z.array(attributes),
  requests: z.array(
    z.strictObject({
      action: z.enum([...EFFECTS, "unknown"]),
      resource: z.strictObject({ type: z.enum(RESOURCE_TYPES), id: z.string(), attributes }),
      context: z.int().min(0),
    }),
  ),
});

export type ReadAsked = Omit<Asked, "requests"> & { readonly requests: readonly RequestBody[] };

/** @returns undefined where it is not what `writeAsked` wrote, whole. */
export function readAsked(value: JsonValue | undefined): ReadAsked | undefined {
  const { data } = recorded.safeParse(value);
  if (data === undefined) return undefined;
  const requests = data.requests.flatMap(({ action, resource, context: place }) => {
    const context = data.contexts[place];
    return context === undefined ? [] : [{ action, resource, context }];
  });
  if (requests.length < data.requests.length) return undefined;
  return { principal: data.principal, reachable: data.reachable, requests };
}

/** Nothing runs from a decision that is made again. */
const NOTHING: Limits = {
  wallMs: 1,
  outputBytes: 0,
  memoryBytes: 0,
  processes: 0,
  fileBytes: 0,
  hosts: [],
  mounts: [],
};

/** @returns undefined where these policies do not know the form in which it was asked. */
export function decideAsked(engine: Engine, { principal, reachable, requests }: ReadAsked): Decision | undefined {
  const who = { id: principal.person, trust: trustRank(principal.trust), roles: principal.roles };
  const isForeign = requests.some((request) => {
    const answer = engine.ask({ principal: who, ...request });
    return answer.decision === "error" && answer.because.length === 0;
  });
  return isForeign ? undefined : decide(engine, { requests, principal, reachable, limits: NOTHING });
}
