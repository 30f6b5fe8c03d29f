/** Words that several sections of the configuration are made of. @module */
import { z } from "zod";
import { hasHidden } from "../../core/hidden.ts";
import { CONFIDENTIALITY_LEVELS, TRUST_LEVELS } from "../../core/label.ts";
import { parseReference } from "../../core/secret-ref.ts";

const ID = /^[a-z0-9][a-z0-9._@+-]{0,127}$/;

export const id = z.string().regex(ID, "use lower-case letters, digits and . _ @ + -");
export const words = z.array(z.string().min(1).max(500)).max(1_000);
export const trust = z.enum(TRUST_LEVELS);
export const confidentiality = z.enum(CONFIDENTIALITY_LEVELS);
export const count = (most: number) => z.int().min(1).max(most);
export const path = z
  .string()
  .max(4_096)
  .regex(/^(?:\/|~\/|~$)[^\0]*$/, "write the path from the root, or from `~/`")
  .refine((text) => !/[*?[\]{}]/.test(text), "write one folder or file; patterns are not read")
  .refine((text) => !text.split("/").includes(".."), "write the path without `..`")
  .refine((text) => !hasHidden(text), "write the path without line breaks, control or hidden characters");
/** Kept as the reference; looked up where it is used. */
export const secret = z
  .string()
  .refine((text) => parseReference(text) !== undefined, "write a reference: `${NAME}` or `${vault:NAME}`");
