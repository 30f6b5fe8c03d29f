/** The form of `audit`: what the security audit is told. @module */
import { z } from "zod";

const words = z.string().max(1_000).optional();
const days = (most: number, usual: number) => z.int().min(0).max(most).default(usual);

/** Fields may be missing: the audit then says so, and the risk counts as not accepted. */
const accepted = z.strictObject({
  check: z
    .string()
    .max(100)
    .regex(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/, "write the id of a check: `gateway.bind.wide`"),
  owner: words,
  reason: words,
  control: words,
  until: words,
  places: z.array(z.string().max(2_000)).max(100).optional(),
});

export const audit = z.strictObject({
  accepted: z.array(accepted).max(200).default([]),
  deadlineDays: z
    .strictObject({ critical: days(30, 1), high: days(90, 2), medium: days(180, 7), low: days(730, 30) })
    .prefault({}),
  everyHours: z.int().min(1).max(168).default(24),
});
