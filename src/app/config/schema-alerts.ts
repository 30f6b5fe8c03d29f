/** The form of `alerts`: rules, what they do, and who can be told. @module */
import { z } from "zod";
import { toFault } from "../../core/fault.ts";
import { hasHidden } from "../../core/hidden.ts";
import { parseActions } from "../../ops/alerts/actions.ts";
import { parseCondition } from "../../ops/alerts/condition.ts";
import { isEgressHost } from "./hosts.ts";
import { id, path, secret } from "./schema-words.ts";

/** Read by the very parser that runs it, so that what is valid here is what counts there. */
const readBy = (parse: (text: string) => unknown) =>
  z
    .string()
    .max(1_000)
    .superRefine((text, context) => {
      try {
        parse(text);
      } catch (thrown) {
        const { message, hint } = toFault(thrown);
        context.addIssue({ code: "custom", message: `${message}; ${hint}` });
      }
    });
const condition = readBy(parseCondition);
const action = readBy(parseActions);
const severity = z.enum(["low", "medium", "high", "critical"]);
const name = z
  .string()
  .min(1)
  .max(80)
  .refine((text) => !hasHidden(text), "write the name without line breaks, control or hidden characters");
const url = z
  .url({ protocol: /^https?$/ })
  .refine((text) => URL.canParse(text) && new URL(text).username === "", "take user and password out of the address");

export const alerts = z.strictObject({
  rules: z
    .array(z.strictObject({ name, condition, action, severity: severity.default("high"), says: name.optional() }))
    .max(64)
    .default([]),
  builtIn: z
    .record(
      id,
      z.strictObject({ off: z.boolean().default(false), condition: condition.optional(), action: action.optional() }),
    )
    .default({}),
  action: action.default("operator"),
  email: z
    .strictObject({
      host: z.string().refine((text) => isEgressHost(text) && !text.startsWith("*"), "write a host name or address"),
      port: z.int().min(1).max(65_535).default(587),
      tls: z.enum(["starttls", "implicit", "none"]).default("starttls"),
      from: z.string().regex(/^[^\s<>,]{1,64}@[^\s<>,]{1,190}$/, "write one address: `vambrace@example.com`"),
      user: z.string().max(200).optional(),
      password: secret.optional(),
      ca: path.optional(),
    })
    .optional(),
  slack: z.record(id, z.strictObject({ webhook: secret })).default({}),
  webhooks: z.record(id, z.strictObject({ url, secret })).default({}),
});
