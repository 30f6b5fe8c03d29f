/** `backup`: where backups go, who can open them, when they are made. @module */
import { z } from "zod";
import { count, path, secret } from "./schema-words.ts";

const few = (most: number) => z.int().min(0).max(most);

export const backup = z
  .strictObject({
    destination: path.optional(),
    /** Of age; the keys that open it are kept away from this machine. */
    recipients: z
      .array(z.string().regex(/^age1[0-9a-z]{20,4000}$/, "write a recipient of age: `age1…`"))
      .max(20)
      .default([]),
    passphrase: secret.optional(),
    /** Five fields, in the machine's time zone. */
    schedule: z.string().max(200).optional(),
    workspace: z.boolean().default(false),
    keep: z
      .strictObject({
        last: count(1_000).default(7),
        daily: few(366).default(7),
        weekly: few(106).default(4),
        monthly: few(120).default(6),
      })
      .prefault({}),
  })
  .prefault({});
