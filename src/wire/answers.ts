/** What `/api/*` answers, beside what the gateway port says already. @module */
import { z } from "zod";
import { TRUST_LEVELS } from "../core/label.ts";

/** Every error, of every route: no stack, no facts; `request` finds it in the log. */
export const errorAnswer = z.looseObject({
  error: z.looseObject({ code: z.string(), message: z.string(), hint: z.string(), request: z.string() }),
});
export type ErrorAnswer = z.infer<typeof errorAnswer>;

export const meAnswer = z.looseObject({
  person: z.string(),
  trust: z.enum(TRUST_LEVELS),
  roles: z.array(z.string()),
  permissions: z.array(z.string()),
  channel: z.string(),
  version: z.string(),
  halted: z.boolean(),
  model: z.looseObject({ provider: z.string(), model: z.string(), remote: z.boolean() }),
});
export type MeAnswer = z.infer<typeof meAnswer>;

/** The proof goes into the header `x-vambrace-proof` of every later request of the page. */
export const historyAnswer = z.looseObject({
  lines: z.array(
    z.looseObject({ kind: z.enum(["person", "agent", "call", "note"]), from: z.string(), text: z.string() }),
  ),
});
export type HistoryAnswer = z.infer<typeof historyAnswer>;

export const loginAnswer = z.looseObject({ proof: z.string(), person: z.string() });
export type LoginAnswer = z.infer<typeof loginAnswer>;

/** Name of that header. */
export const PROOF_HEADER = "x-vambrace-proof";
