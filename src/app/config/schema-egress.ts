/** The section `egress`: what may be reached, and with which credentials. @module */
import { z } from "zod";
import { CREDENTIAL_PLACES } from "../../core/credential.ts";
import { pathRuleFault } from "../../core/path-rule.ts";
import { isEgressHost } from "./hosts.ts";
import { count, id, secret } from "./schema-words.ts";

const host = z.string().refine(isEgressHost, "write one host, `example.org`, or `*.example.org` for its subdomains");
const method = z.enum(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);
const port = z.int().min(1).max(65_535);
const ports = z.array(port).min(1).max(100).default([443]);
const urlPath = z.string().superRefine((text, context) => {
  const fault = pathRuleFault(text);
  if (fault !== null) context.addIssue({ code: "custom", message: fault });
});
const urlPaths = z.array(urlPath).min(1).max(100);
const program = z
  .string()
  .max(500)
  .regex(/^(?:\/[^\0]*[^/\0]|[A-Za-z0-9._+-]+)$/, "write a program's name, or its absolute path");
const kilobytes = count(1_000_000_000);

const egressEntry = z.strictObject({
  host,
  ports,
  methods: z.array(method).min(1).default(["GET", "HEAD"]),
  paths: urlPaths.optional(),
  programs: z.array(program).min(1).max(100).optional(),
  tls: z.enum(["intercept", "passthrough"]).default("intercept"),
  uploadKilobytes: kilobytes.optional(),
  downloadKilobytes: kilobytes.optional(),
});

const credential = z.strictObject({
  secret,
  hosts: z.array(host).min(1).max(100),
  ports,
  methods: z.array(method).min(1).optional(),
  paths: urlPaths.optional(),
  variable: z.string().regex(/^[A-Z_][A-Z0-9_]{0,127}$/, "write the name of a variable: `GITHUB_TOKEN`"),
  places: z.array(z.enum(CREDENTIAL_PLACES)).min(1).default(["header"]),
  headers: z
    .array(z.string().regex(/^[a-z0-9-]{1,100}$/, "write header names in lower case"))
    .max(20)
    .default(["authorization"]),
  inject: z
    .string()
    .regex(
      /^[A-Za-z0-9-]{1,100}: [\x20-\x7e]*\{\}[\x20-\x7e]*$/,
      "write a header with `{}` for the value: `Authorization: Bearer {}`",
    )
    .max(300)
    .optional(),
});

export const egress = z.strictObject({
  allow: z
    .array(z.union([host, egressEntry]))
    .max(1_000)
    .default([]),
  perCall: z
    .strictObject({ uploadKilobytes: kilobytes.default(65_536), downloadKilobytes: kilobytes.default(2_097_152) })
    .prefault({}),
  credentials: z.record(id, credential).default({}),
});
