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
  BROKER_UNAVAILABLE: "unavailable",
  CALL_REPEATED: "conflict",
  CONFIG_MALFORMED: "usage",
  DENIED: "denied",
  DIGEST_MALFORMED: "usage",
  FRAME_MALFORMED: "corrupt",
  HALTED: "unavailable",
  ID_MALFORMED: "usage",
  INTERNAL: "broken",
  JSON_UNREPRESENTABLE: "usage",
  LEDGER_UNAVAILABLE: "unavailable",
  MODEL_MALFORMED: "unavailable",
  MODEL_REFUSED: "denied",
  MODEL_TIMEOUT: "unavailable",
  MODEL_UNAVAILABLE: "unavailable",
  PERMIT_REFUSED: "denied",
  RECIPIENT_UNKNOWN: "missing",
  SCHEDULE_MALFORMED: "usage",
  SESSION_UNKNOWN: "missing",
  TOOL_ARGUMENTS_MALFORMED: "usage",
  TOOL_UNKNOWN: "missing",
  WEB_UNREADABLE: "unavailable",
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof FAULTS;
