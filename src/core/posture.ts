/**
 * Posture: the part of the configuration that the judge decides by, already
 * parsed. `app/config` makes it; the judge compiles it to Cedar.
 *
 * @module
 */
import type { DlpRule } from "./dlp.ts";
import type { AgentId } from "./ids.ts";
import type { EgressBytes } from "./decision.ts";
import type { Trust } from "./label.ts";
import type { Effect, ToolDeclaration } from "./tool.ts";

export type ToolProfile = "minimal" | "messaging" | "coding" | "full";

/** `deny`: no commands. `allowlist`: listed ones; the rest as `ask` says. `full`: all but what the floor forbids. */
export type ExecSecurity = "deny" | "allowlist" | "full";

/** Whether a person is asked: never, where the allowlist does not have it, always. */
export type ExecAsk = "off" | "on-miss" | "always";

/** What tools a door offers: one for `tools`, one for each channel and room that has its own. */
export type ToolPosture = {
  readonly profile: ToolProfile;
  /** Names and `group:…`; empty: all that the profile has. */
  readonly allow: readonly string[];
  /** Names and `group:…`; always wins. */
  readonly deny: readonly string[];
  readonly exec: {
    readonly security: ExecSecurity;
    readonly ask: ExecAsk;
    /** Program names, or absolute paths; a bare name approves the program's everyday forms. */
    readonly allow: readonly string[];
    readonly block: readonly string[];
  };
};

export type EgressRule = {
  /** `example.org`, or `*.example.org` for its subdomains. */
  readonly host: string;
  readonly ports: readonly number[];
  readonly methods: readonly string[];
  /** Path rules (`core/path-rule.ts`); absent: every path. */
  readonly paths?: readonly string[];
  /** Absent: every program. Else the rule counts only for a command all of whose programs are among these. */
  readonly programs?: readonly string[];
  /** TLS to it is tunnelled unseen: methods and paths are not enforced inside. */
  readonly tls?: "passthrough";
  /** What one call may send there, and get from there. */
  readonly upBytes?: number;
  readonly downBytes?: number;
};

export type Posture = {
  /**
   * `default`, `terminal`, `webchat`, `api`, …; a channel that is not here has `default`. A door of another agent that
   * has other rules there is here as `AGENT:CHANNEL`.
   */
  readonly channels: ReadonlyMap<string, ToolPosture>;
  /** The other agents of this gateway. Absent: none. */
  readonly others?: ReadonlySet<AgentId>;
  readonly fs: {
    /** Absolute. */
    readonly workspace: string;
    readonly workspaceOnly: boolean;
    readonly allowedPaths: readonly string[];
    readonly blockedPaths: readonly string[];
    /** State folder and installation: never mounted, never readable, whatever is configured. */
    readonly forbiddenPaths: readonly string[];
    readonly home: string;
  };
  readonly egress: readonly EgressRule[];
  /** What one call may send and get, all hosts together; absent: as the proxy ships. */
  readonly egressBytes?: EgressBytes;
  readonly limits: {
    readonly wallMs: number;
    readonly outputBytes: number;
    readonly memoryBytes: number;
    readonly processes: number;
    readonly fileBytes: number;
    readonly cpus?: number;
  };
  /** What a level may do without designation: the least trust that each effect needs. Stricter than the shipped matrix only. */
  readonly effects: ReadonlyMap<Effect, Trust>;
  /** Tools that an operator declared, beside those that ship. */
  readonly declarations: ReadonlyMap<string, ToolDeclaration>;
  /** Persons, with the trust that they have. */
  readonly persons: ReadonlyMap<string, { readonly trust: Trust; readonly roles: readonly string[] }>;
  /** What is done about sensitive data; what no rule names is treated as shipped. */
  readonly dlp?: readonly DlpRule[];
  /** Roles beside those that ship, each with its permissions (`read_files`, …); a role that is nowhere permits nothing. */
  readonly roles?: ReadonlyMap<string, readonly string[]>;
};
