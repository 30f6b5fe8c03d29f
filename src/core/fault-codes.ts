/**
 * The table of fault codes, each with its kind. A code never changes its
 * meaning; people script against it.
 *
 * Sorted by name: AREA_WHAT.
 *
 * @module
 */
import type { FaultKind } from "./fault.ts";

export const FAULTS = {
  AGENT_UNKNOWN: "missing",
  APPROVAL_UNKNOWN: "missing",
  AUTH_LOCKED: "limit",
  AUTH_REFUSED: "unauthenticated",
  AUTH_REQUIRED: "unauthenticated",
  BIND_REFUSED: "usage",
  BODY_MALFORMED: "usage",
  BODY_TOO_LARGE: "usage",
  BROKER_UNAVAILABLE: "unavailable",
  CALL_ENDED: "conflict",
  CALL_REPEATED: "conflict",
  CALL_UNKNOWN: "missing",
  CONFIG_CONFLICT: "conflict",
  CONFIG_KEY_UNKNOWN: "usage",
  CONFIG_MALFORMED: "usage",
  CONFIG_SECRET: "usage",
  CONFIG_UNSAFE: "usage",
  CONFIG_VARIABLE_MISSING: "usage",
  CONTENT_TYPE_UNSUPPORTED: "usage",
  DENIED: "denied",
  DIGEST_MALFORMED: "usage",
  FRAME_MALFORMED: "corrupt",
  HALTED: "unavailable",
  HOST_REFUSED: "denied",
  ID_MALFORMED: "usage",
  INTERNAL: "broken",
  ITEM_REPEATED: "conflict",
  JSON_UNREPRESENTABLE: "usage",
  LEDGER_UNAVAILABLE: "unavailable",
  MESSAGE_CONFLICT: "conflict",
  METHOD_UNSUPPORTED: "usage",
  MODEL_MALFORMED: "unavailable",
  MODEL_REFUSED: "denied",
  MODEL_TIMEOUT: "unavailable",
  MODEL_UNAVAILABLE: "unavailable",
  ORIGIN_REFUSED: "denied",
  PERMISSION_MISSING: "denied",
  PERMIT_REFUSED: "denied",
  RATE_LIMITED: "limit",
  RECIPIENT_UNKNOWN: "missing",
  REQUEST_MALFORMED: "usage",
  ROUTE_UNGUARDED: "broken",
  ROUTE_UNKNOWN: "missing",
  SCHEDULE_MALFORMED: "usage",
  SCHEDULE_UNKNOWN: "missing",
  SESSION_UNKNOWN: "missing",
  STATE_CORRUPT: "corrupt",
  STATE_FULL: "unavailable",
  STATE_IN_USE: "conflict",
  STATE_NEWER: "conflict",
  STATE_UNAVAILABLE: "unavailable",
  TOKEN_UNKNOWN: "missing",
  TOKEN_WEAK: "usage",
  TOOL_ARGUMENTS_MALFORMED: "usage",
  TOOL_UNKNOWN: "missing",
  TURN_FINISHED: "conflict",
  TURN_UNKNOWN: "missing",
  WEB_UNREADABLE: "unavailable",
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof FAULTS;
