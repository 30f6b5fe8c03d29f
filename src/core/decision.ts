/**
 * Decisions: allow, ask or deny, with reasons. Never a boolean.
 *
 * @module
 */
import type { Digest } from "./json.ts";

/** The `@id` of a Cedar policy: `floor.privilege`, `flow.send.untrusted`. */
export type PolicyId = string;

/** What the run of an allowed call may use; the sandbox enforces each. */
export type Limits = {
  /** Milliseconds, 1 to 3,600,000. */
  readonly wallMs: number;
  /** Bytes kept of each of stdout and stderr. */
  readonly outputBytes: number;
  readonly memoryBytes: number;
  readonly processes: number;
  /** Largest file that may be written. */
  readonly fileBytes: number;
  /** Processors' worth of time, of a command; absent: as much as there is. */
  readonly cpus?: number;
  /** What it may reach through the egress proxy; empty: no network at all. */
  readonly hosts: readonly HostLimit[];
  /** What it may send and get through the egress proxy, all hosts together; absent: as the proxy ships. */
  readonly egressBytes?: EgressBytes;
  /** What is mounted of the person's files; nothing else of theirs is visible. */
  readonly mounts: readonly Mount[];
};

export type HostLimit = {
  readonly host: string;
  readonly port: number;
  readonly methods: readonly string[];
  /** Path rules (`core/path-rule.ts`); absent: every path. */
  readonly paths?: readonly string[];
  /** TLS is not looked into, so methods and paths count for plain HTTP alone. Absent: it is, where they have to be seen. */
  readonly tls?: "passthrough";
  /** What one call may send there, and get from there. */
  readonly upBytes?: number;
  readonly downBytes?: number;
};

export type EgressBytes = { readonly up: number; readonly down: number };

/** `none`: blocked, and inside of another mount; it is covered there, so that nothing inside sees it. */
export type Mount = { readonly path: string; readonly access: "read" | "write" | "none" };

/** The kinds of yes that policies may speak of, in the order in which they are tried. */
export const APPROVAL_KINDS = ["yes", "owner-yes"] as const;
export type ApprovalKind = (typeof APPROVAL_KINDS)[number];

type Reasons = {
  /** The policies that determined it. */
  readonly because: readonly PolicyId[];
  /** The sentence that a person reads. */
  readonly says: string;
  /** Of the policy set that decided. */
  readonly policies: Digest;
};

export type Decision =
  | (Reasons & { readonly verdict: "allow"; readonly limits: Limits })
  | (Reasons & {
      readonly verdict: "ask";
      readonly limits: Limits;
      readonly needs: ApprovalKind;
      /** Who is reachable and may do this himself, so may say yes. */
      readonly askOf: readonly string[];
    })
  | (Reasons & { readonly verdict: "deny"; readonly hint: string });

export type Verdict = Decision["verdict"];
