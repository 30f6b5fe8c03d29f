/**
 * The replay format: one recorded session a line, as `vambrace replay` and
 * `check call` read it and as the live gate records it. Unknown keys are
 * errors: a misspelled label would otherwise be a label that is missing.
 *
 * @module
 */
import { z } from "zod";
import { Fault } from "../core/fault.ts";
import { isObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { CONFIDENTIALITY_LEVELS, TRUST_LEVELS } from "../core/label.ts";
import { BOUND_TYPES } from "../core/plan.ts";
import { ARGUMENT_ROLES, EFFECTS } from "../core/tool.ts";

const trust = z.enum(TRUST_LEVELS);
const confidentiality = z.enum(CONFIDENTIALITY_LEVELS);
const id = z.string().min(1).max(200);
const person = z.strictObject({ id, trust });

const json: z.ZodType<JsonValue> = z.lazy(() =>
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(json), z.record(z.string(), json)]),
);
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);

const label = z.strictObject({
  trust: trust.optional(),
  confidentiality: confidentiality.optional(),
  /** Who may know it; `"anyone"`, or the ids of persons. */
  audience: z.union([z.literal("anyone"), z.array(id)]).optional(),
});

export const declarationSchema = z.strictObject({
  name: id,
  effect: z.enum(EFFECTS).optional(),
  arguments: z.record(z.string(), z.strictObject({ role: z.enum(ARGUMENT_ROLES).optional() })).optional(),
  returns: label.optional(),
  directory: z.boolean().optional(),
  description: z.string().optional(),
});

const programFact = z.strictObject({ name: z.string(), path: z.string().nullable(), digest: z.string().optional() });

const commandFacts = z.strictObject({
  programs: z.array(programFact),
  reads: z.array(z.string()),
  writes: z.array(z.string()),
  deletes: z.array(z.string()),
  keeps: z.array(z.string()).default([]),
  hosts: z.array(z.string()),
  wrappers: z.array(z.string()),
  opaque: z.array(z.string()),
  destructive: z.boolean(),
  privileged: z.boolean(),
  unlisted: z.array(z.string()),
  blocked: z.array(z.string()),
  /** Missing in what older versions recorded: they approved nothing but everyday forms. */
  approved: z.array(z.string()).default([]),
});

const pathFact = z.strictObject({
  pointer: z.string(),
  written: z.string(),
  resolved: z.string(),
  access: z.enum(["read", "write", "delete"]),
  zone: z.enum(["workspace", "protected", "allowed", "outside", "blocked"]),
  kind: z.enum(["file", "folder", "absent", "other"]),
  hasCopy: z.boolean(),
  keeps: z.literal(true).optional(),
  digest: z.string().optional(),
});

const hostFact = z.strictObject({
  pointer: z.string(),
  url: z.string(),
  scheme: z.string(),
  host: z.string(),
  port: z.int().min(0).max(65_535),
  method: z.string(),
  addresses: z.array(z.string()),
  reach: z.enum(["public", "special", "unresolved"]),
  listed: z.boolean(),
});

const facts = z.strictObject({
  paths: z.array(pathFact),
  hosts: z.array(hostFact),
  command: commandFacts.optional(),
  carries: z.array(z.string()).optional(),
});

const plannedEffect = z.strictObject({
  tool: id,
  count: z.int().min(1).nullable().default(null),
  arguments: z
    .record(
      z.string(),
      z.union([
        z.strictObject({ value: z.union([z.string(), z.number()]) }),
        z.strictObject({ from: z.string().min(1), type: z.enum(BOUND_TYPES), most: z.int().min(1) }),
      ]),
    )
    .default({}),
});

const event = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("message"),
    from: z.union([id, person]),
    text: z.string(),
    label: label.optional(),
  }),
  z.strictObject({
    type: z.literal("call"),
    id,
    tool: id,
    arguments: jsonObject,
    facts: facts.optional(),
    /** Events that were kept out of the context by `quarantine`, of which a handle was put into this call. */
    quarantined: z.array(z.int().min(0)).max(100).optional(),
  }),
  z.strictObject({
    type: z.literal("result"),
    id,
    text: z.string(),
    label: label.optional(),
    ok: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal("approval"), call: id, by: person, answer: z.enum(["yes", "no"]) }),
  /** The agent's finished answer: what was asked before it is done with. */
  z.strictObject({ type: z.literal("answer"), text: z.string() }),
  /** `effects` as the gate records them; `tools` alone: any number of calls of these, with any arguments. */
  z.strictObject({
    type: z.literal("plan"),
    tools: z.array(id).default([]),
    effects: z.array(plannedEffect).optional(),
  }),
  z.strictObject({
    type: z.literal("endorse"),
    event: z.int().min(0),
    by: person,
    trust,
    digest: z.string().optional(),
  }),
  z.strictObject({ type: z.literal("quarantine"), event: z.int().min(0), question: z.string().optional() }),
]);

export const replaySessionSchema = z.strictObject({
  session: id,
  person: person.optional(),
  channel: id.optional(),
  room: id.optional(),
  tools: z.array(declarationSchema).max(2000).default([]),
  events: z.array(event).max(20_000),
});

export type ReplaySession = z.infer<typeof replaySessionSchema>;
export type ReplayEvent = ReplaySession["events"][number];
export type ReplayDeclaration = z.infer<typeof declarationSchema>;
export type ReplayLabel = z.infer<typeof label>;

/** A session, and the call beside it where the session does not end in it. */
const checkCallSchema = z.strictObject({
  id: id.optional(),
  session: replaySessionSchema,
  call: z
    .strictObject({ type: z.literal("call").optional(), id, tool: id, arguments: jsonObject, facts: facts.optional() })
    .optional(),
});

export type ReplayAnswer = {
  readonly session: string;
  readonly id: string;
  readonly tool: string;
  readonly verdict: "allow" | "ask" | "deny";
  readonly because: readonly string[];
  readonly says: string;
  readonly label: { readonly trust: string; readonly confidentiality: string };
  readonly arguments: Readonly<
    Record<
      string,
      { readonly designated: boolean; readonly sources: readonly { readonly event: number; readonly trust: string }[] }
    >
  >;
};

/** @throws Fault REPLAY_MALFORMED, naming the key. */
export function parseReplaySession(value: unknown): ReplaySession {
  return parse(replaySessionSchema, value);
}

/**
 * A request of `check call`: a session that ends in the call, flat beside the
 * request's `id` or as `{"id","session":{…},"call":{…}}`.
 *
 * @throws Fault REPLAY_MALFORMED
 */
export function parseCheckCall(value: unknown): { readonly id?: string; readonly session: ReplaySession } {
  const request = asPair(value);
  const { id: requestId, session, call } = parse(checkCallSchema, request);
  const whole =
    call === undefined ? session : { ...session, events: [...session.events, { ...call, type: "call" as const }] };
  return requestId === undefined ? { session: whole } : { id: requestId, session: whole };
}

function asPair(value: unknown): unknown {
  if (!isObject(value) || isObject(value["session"])) return value;
  const { id: requestId, ...session } = value;
  return requestId === undefined ? { session } : { id: requestId, session };
}

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [first] = result.error.issues;
  const where = first === undefined || first.path.length === 0 ? "the session" : `\`${first.path.join(".")}\``;
  throw new Fault("REPLAY_MALFORMED", {
    message: `${where}: ${first?.message ?? "not understood"}`.slice(0, 400),
    hint: "the format is described in the documentation of `vambrace replay`; unknown keys are errors",
  });
}
