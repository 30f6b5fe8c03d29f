/**
 * Identifiers. Each has a prefix that says what it names, so that one kind is
 * never taken for another, in code or by a person who reads a log.
 *
 * New ones are 16 random bytes in Crockford's base 32 behind the prefix.
 *
 * @module
 */
import type { Brand } from "./brand.ts";
import { Fault } from "./fault.ts";
import type { Random } from "./ports/random.ts";

export type SessionId = Brand<string, "SessionId">;
export type TurnId = Brand<string, "TurnId">;
export type CallId = Brand<string, "CallId">;
export type ApprovalId = Brand<string, "ApprovalId">;
export type PermitId = Brand<string, "PermitId">;
export type ItemId = Brand<string, "ItemId">;
export type TokenId = Brand<string, "TokenId">;
export type MemoryId = Brand<string, "MemoryId">;
export type ScheduleId = Brand<string, "ScheduleId">;
/** Stands for a value that the model may pass on and not read. */
export type HandleId = Brand<string, "HandleId">;
export type MessageId = Brand<string, "MessageId">;
/** Chosen by an operator, not random: `owner`, `mariana`. */
export type PersonId = Brand<string, "PersonId">;
/** Chosen by an operator, not random: `main`, `research`. */
export type AgentId = Brand<string, "AgentId">;

type RandomIds = {
  ses: SessionId;
  trn: TurnId;
  call: CallId;
  apr: ApprovalId;
  pmt: PermitId;
  itm: ItemId;
  tok: TokenId;
  mem: MemoryId;
  sch: ScheduleId;
  msg: MessageId;
  hdl: HandleId;
};

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
const BODY = /^[0-9a-hjkmnp-tv-z]{26}$/;
const NAME = /^[a-z0-9][a-z0-9._@+-]{0,127}$/;

/** A new identifier, 128 random bits behind the prefix. */
export function newId<P extends keyof RandomIds>(prefix: P, random: Random): RandomIds[P] {
  const bytes = random.bytes(16);
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let body = "";
  for (let i = 0; i < 26; i++) {
    body = (ALPHABET[Number(bits & 31n)] ?? "0") + body;
    bits >>= 5n;
  }
  return parseId(prefix, `${prefix}_${body}`);
}

/** @throws Fault ID_MALFORMED */
export function parseId<P extends keyof RandomIds>(prefix: P, text: string): RandomIds[P] {
  if (!text.startsWith(`${prefix}_`) || !BODY.test(text.slice(prefix.length + 1))) {
    throw new Fault("ID_MALFORMED", {
      message: `not an id of this kind: \`${text.slice(0, 40)}\``,
      hint: `it starts with ${prefix}_ and 26 letters and digits follow; copy it from where it was printed`,
    });
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place these ids are made
  return text as RandomIds[P];
}

/** @throws Fault ID_MALFORMED */
export function parsePersonId(text: string): PersonId {
  checkName(text, "person");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place a PersonId is made
  return text as PersonId;
}

/** @throws Fault ID_MALFORMED */
export function parseAgentId(text: string): AgentId {
  checkName(text, "agent");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place an AgentId is made
  return text as AgentId;
}

function checkName(text: string, what: string): void {
  if (NAME.test(text)) return;
  throw new Fault("ID_MALFORMED", {
    message: `not the id of a ${what}: \`${text.slice(0, 40)}\``,
    hint: "use 1 to 128 lower-case letters, digits and . _ @ + -, starting with a letter or digit",
  });
}
