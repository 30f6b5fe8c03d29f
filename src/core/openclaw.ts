/**
 * What an OpenClaw installation is to us: read, never written, and never
 * trusted. Of secrets only names and places are here.
 *
 * @module
 */
import type { JsonObject, JsonValue } from "./json.ts";

/** One entry of the installation's own folder. `mode`: permission bits. */
export type OpenClawFile = {
  readonly path: string;
  readonly kind: "file" | "folder" | "link" | "other";
  readonly mode: number;
  readonly uid: number;
};

export type OpenClawJob = {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly agent: string | null;
  readonly schedule: JsonValue;
  /** What it does: `agentTurn`, `heartbeat`, …. */
  readonly payload: string;
  readonly message: string | null;
  /** Who made it: null for a person, else the part of OpenClaw that did. */
  readonly declaredBy: string | null;
};

export type OpenClawPaired = { readonly channel: string; readonly account: string; readonly entry: string };

export type OpenClawStored = {
  readonly name: string;
  readonly kind: "secret" | "env";
  /** Hosts that may get it; empty: none by the proxy. */
  readonly hosts: readonly string[];
};

/** What its databases hold. Values of secrets are not among it. */
export type OpenClawState = {
  readonly schema: number | null;
  readonly version: string | null;
  readonly jobs: readonly OpenClawJob[];
  readonly paired: readonly OpenClawPaired[];
  readonly stored: readonly OpenClawStored[];
  /** The host's document of exec approvals; null: never written. */
  readonly approvals: JsonObject | null;
  /** Its index of installed plugins; null: there is none. */
  readonly installed: JsonObject | null;
  readonly devices: number;
  readonly oauthStores: number;
  readonly backupRuns: number;
};

export type OpenClawSkill = {
  readonly name: string;
  readonly folder: string;
  /** SHA-256 over names and contents of its files, as they are now. */
  readonly digest: string;
  /** When any of its files changed last, milliseconds since 1970. */
  readonly changedMs: number;
  /** What it says of where it came from (`.clawhub/origin.json`); null: nothing. */
  readonly origin: JsonObject | null;
  /** When that was written; null where there is none. */
  readonly originMs: number | null;
  /** Whether anything of it lies elsewhere, behind a link: neither in it nor in a skill beside it. */
  readonly escapes: boolean;
};

export type OpenClawPlugin = {
  readonly name: string;
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly installedMs: number;
  /** Files that are not what was installed, below the folder. */
  readonly changed: readonly string[];
};

export type OpenClawWorkspace = {
  readonly agent: string;
  readonly path: string;
  readonly present: boolean;
  /** Its memory, people and persona: Markdown files that exist. */
  readonly notes: readonly string[];
  readonly skills: readonly OpenClawSkill[];
  readonly dotEnv: boolean;
  /** The folder, its notes and its skills, where others than the owner may write them. */
  readonly open: readonly OpenClawFile[];
};

export type OpenClawHome = {
  /** The folder `.openclaw`. */
  readonly root: string;
  readonly present: boolean;
  readonly configPath: string;
  /** Where it really lies, behind links. */
  readonly real: string;
  /** Folders above it that others may write. */
  readonly openAbove: readonly OpenClawFile[];
  /** Other installations of this user that are not looked at: other profiles, older names. */
  readonly others: readonly string[];
  /** Names of variables that its own files set. */
  readonly variables: readonly string[];
  /** Settings that a variable decides which nothing here sets. */
  readonly undecided: readonly string[];
  /**
   * With its includes in place, and references to what its own files set; of secrets the references as they are
   * written. Empty where there is none.
   */
  readonly config: JsonObject;
  /** Files that it includes. */
  readonly includes: readonly string[];
  readonly files: readonly OpenClawFile[];
  /** Null: there is no database, or it could not be read (then `unread` says why). */
  readonly state: OpenClawState | null;
  readonly workspaces: readonly OpenClawWorkspace[];
  /** Those that it installed, where they still lie there. */
  readonly plugins: readonly OpenClawPlugin[];
  /** What could not be read, and why: a finding each. */
  readonly unread: readonly { readonly path: string; readonly why: string }[];
};

/** A TCP port that somebody of this machine listens on. */
export type OpenClawListener = {
  readonly address: string;
  readonly port: number;
  /** Its name; null or absent: another user's. */
  readonly program?: string | null;
};
