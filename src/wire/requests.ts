/**
 * What callers send to `/api/*`: strict, so that a misspelt key is an error and
 * never a default.
 *
 * @module
 */
import { z } from "zod";
import { APPROVAL_SCOPES } from "../core/approval.ts";
import { ENDORSED_AS } from "../core/endorsement.ts";
import { RECORD_KINDS } from "../core/ports/ledger.ts";
import { TRUST_LEVELS } from "../core/label.ts";
import { PERMISSIONS } from "../core/person.ts";

/** Longest message of a person, in UTF-16 units. */
export const LONGEST_TEXT = 100_000;

const id = z.string().min(1).max(128);

/** Chosen by the sender; the same one twice is one message. */
export const messageId = z.string().regex(/^[A-Za-z0-9._:-]{1,128}$/, "use 1 to 128 letters, digits and . _ : -");

export const loginRequest = z.strictObject({ code: z.string().min(1).max(128) });

export const chatRequest = z.strictObject({
  text: z.string().min(1).max(LONGEST_TEXT),
  messageId: messageId.optional(),
  session: id.optional(),
  agent: id.optional(),
});
export type ChatBody = z.infer<typeof chatRequest>;

export const executeRequest = z.strictObject({
  tool: z.string().min(1).max(128),
  arguments: z.record(z.string(), z.json()).default({}),
});

export const answerRequest = z.strictObject({
  /** `unattended`: no, because there is nobody to ask. `endorse`: neither yes nor no, but of one of the question's `sources`. */
  answer: z.enum(["yes", "no", "unattended", "endorse"]),
  /** `session` and `recipient` go with yes, `never` with no. */
  scope: z.enum(APPROVAL_SCOPES).default("once"),
  /** With `endorse`: which. */
  item: id.optional(),
  as: z.enum(ENDORSED_AS).default("trusted"),
});
export type AnswerBody = z.infer<typeof answerRequest>;

export const stopRequest = z.strictObject({ reason: z.string().max(500).default("said over HTTP") });

export const nothingRequest = z.strictObject({});

export const tokenRequest = z.strictObject({
  name: z.string().min(1).max(100),
  person: id.optional(),
  trust: z.enum(TRUST_LEVELS).optional(),
  permissions: z.array(z.enum(PERMISSIONS)).max(PERMISSIONS.length),
  /** Milliseconds since 1970. */
  expiresMs: z.int().positive().optional(),
});

const instant = z.iso.datetime({ offset: true });

export const logQuery = z.strictObject({
  kind: z.enum(RECORD_KINDS).optional(),
  who: id.optional(),
  session: id.optional(),
  turn: id.optional(),
  call: id.optional(),
  target: z.string().max(4096).optional(),
  result: id.optional(),
  since: instant.optional(),
  until: instant.optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
