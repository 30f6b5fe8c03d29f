/** The form of `dlp`: what is done about sensitive data. @module */
import { z } from "zod";
import { DATA_KINDS, DLP_ACTIONS, DLP_ORIGINS, DLP_RECIPIENTS } from "../../core/dlp.ts";

const rule = z
  .strictObject({
    find: z
      .array(z.enum([...DATA_KINDS, "personal"]))
      .min(1)
      .max(20),
    direction: z.enum(["in", "out", "log"]),
    from: z.array(z.enum(DLP_ORIGINS)).max(2).default([]),
    to: z.array(z.enum(DLP_RECIPIENTS)).max(3).default([]),
    action: z.enum(DLP_ACTIONS),
  })
  .refine((one) => one.from.length === 0 || one.direction === "in", "`from` goes with `direction: in` only")
  .refine((one) => one.to.length === 0 || one.direction === "out", "`to` goes with `direction: out` only")
  .refine((one) => one.action !== "ask" || one.direction === "out", "only what goes out can be asked about")
  .refine(
    (one) => one.direction !== "log" || one.action === "redact" || one.action === "allow",
    "a record is made whatever it holds: write `redact` or `allow`",
  )
  .refine(
    (one) => one.direction !== "log" || one.action !== "allow" || !one.find.includes("secret"),
    "records never hold a secret in clear",
  );

export const dlp = z.strictObject({ rules: z.array(rule).max(100).default([]) });
