/** What callers send to watch over a gateway, and what it answers. @module */
import { z } from "zod";

const id = z.string().min(1).max(128);
const why = z.string().max(500);

export const ruleRequest = z.strictObject({ rule: z.string().min(1).max(80) });
export const silenceRequest = z.strictObject({
  rule: z.string().min(1).max(80),
  /** Milliseconds since 1970. */
  untilMs: z.int().positive(),
  why: why.default(""),
});
export const freezeRequest = z.strictObject({ session: id, why: why.default("said over HTTP") });
export const thawRequest = z.strictObject({ session: id });
export const whyRequest = z.strictObject({ why: why.default("said over HTTP") });
export const sealRequest = z.strictObject({ digest: z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 in hexadecimal") });

export const alertsAnswer = z.looseObject({
  rules: z.array(
    z.looseObject({
      name: z.string(),
      condition: z.string(),
      severity: z.string(),
      actions: z.array(z.string()),
      explains: z.string(),
      isBuiltIn: z.boolean(),
      silentUntilMs: z.number().nullable(),
    }),
  ),
  recent: z.array(
    z.looseObject({
      rule: z.string(),
      severity: z.string(),
      atMs: z.number(),
      count: z.number(),
      group: z.string().nullable(),
      session: z.string().nullable(),
      detail: z.string().nullable(),
      isTold: z.boolean(),
    }),
  ),
  undelivered: z.array(z.looseObject({ to: z.string(), subject: z.string(), why: z.string(), atMs: z.number() })),
  delivered: z.number(),
  swallowed: z.number(),
});
export const toldAnswer = z.looseObject({
  told: z.array(z.looseObject({ to: z.string(), ok: z.boolean(), says: z.string() })),
});
export const frozenAnswer = z.looseObject({ frozen: z.array(z.string()) });
export const endedAnswer = z.looseObject({ ended: z.array(z.string()) });
export const sealAnswer = z.looseObject({ note: z.string() });
export const wasAnswer = z.looseObject({ was: z.boolean() });

const said = z.looseObject({ by: z.string(), why: z.string(), atMs: z.number() });
/** Part of `GET /api/status`. */
export const watchStatus = z.looseObject({
  alerts: z.looseObject({ raised: z.number(), undelivered: z.number(), silent: z.array(z.string()) }),
  stopped: said.nullable(),
  frozen: z.array(said.extend({ session: z.string() })),
  openIncidents: z.array(z.string()),
  servicesOff: z.array(z.string()),
  closeWatchUntilMs: z.number().nullable(),
});
