/**
 * What an audit looks at: one installation, gathered beforehand. Checks are
 * pure functions over this value, so each can be shown a bad twin and a good
 * one.
 *
 * @module
 */
import type { JsonObject } from "../../core/json.ts";
import type { DlpRule } from "../../core/dlp.ts";
import type { SecretAge } from "../../core/ports/secrets.ts";
import type { EgressRule, ToolPosture } from "../../core/posture.ts";
import type { FileFacts, TreeFacts, WorkspaceFacts } from "./facts-files.ts";
import type { HostFacts, ListenerFacts, PlacedRules, ProcessFacts, SandboxFacts } from "./facts-host.ts";
import type { BackupFacts, DependencyFacts, LedgerFacts, PastRun, SecretPlace, StoreFacts } from "./facts-state.ts";
import type { Known } from "./known.ts";
import type { Settings } from "./settings.ts";

/**
 * `settings`: the configuration alone, after a change of it. `cheap`: what a running gateway looks at by itself. `deep`:
 * everything, whatever it takes.
 */
export type AuditForm = "settings" | "cheap" | "usual" | "deep";

export type ConfigFacts = {
  readonly path: string;
  /** Empty where there is no file. */
  readonly text: string;
  readonly digest: string;
  /** What is written, references as they are. */
  readonly tree: Known<JsonObject>;
  /** Why a gateway would not start with it; null: it would. `code` is that of the fault. */
  readonly refused: { readonly code: string; readonly says: string; readonly hint: string } | null;
  /** Places in another spelling than the canonical one: path, and what is said about it. */
  readonly foreign: readonly { readonly path: string; readonly says: string }[];
  /** Line numbers with what looks like a secret, in the file and in past versions. */
  readonly secrets: readonly SecretPlace[];
  readonly pastSecrets: readonly SecretPlace[];
  readonly changedMs: number | null;
};

/** What a loaded configuration comes to. */
export type Effective = {
  readonly settings: Settings;
  readonly doors: ReadonlyMap<string, ToolPosture>;
  readonly egress: readonly EgressRule[];
  readonly dlp: readonly DlpRule[];
  /** Weaker modes, as the gateway prints them at its start. */
  readonly downgrades: readonly string[];
  /** What is known to be weak about the chosen models; empty: nothing is. */
  readonly weakModels: readonly string[];
  /** References to the environment that name a variable that is not set. */
  readonly missingVariables: readonly string[];
};

export type PolicyFacts = {
  readonly digest: string;
  /** Of the operator. */
  readonly files: readonly { readonly name: string; readonly permits: number }[];
  /** Why a gateway would not start with them; null: it would, or they were not asked (`--deep`). */
  readonly refused: string | null;
};

export type Installation = {
  readonly nowMs: number;
  readonly form: AuditForm;
  readonly version: string;
  readonly places: { readonly home: string; readonly userHome: string; readonly installation: string };
  readonly config: Known<ConfigFacts>;
  readonly effective: Known<Effective>;
  readonly state: Known<TreeFacts>;
  readonly files: Known<FileFacts>;
  readonly workspaces: Known<readonly WorkspaceFacts[]>;
  readonly processes: Known<ProcessFacts>;
  readonly listeners: Known<readonly ListenerFacts[]>;
  readonly sandbox: Known<SandboxFacts>;
  readonly store: Known<StoreFacts>;
  readonly secrets: Known<readonly SecretPlace[]>;
  readonly dependencies: Known<DependencyFacts>;
  readonly host: Known<HostFacts>;
  /** Of the machine, as `harden --host` writes them. */
  readonly rules: Known<readonly PlacedRules[]>;
  readonly ledger: Known<LedgerFacts>;
  readonly policies: Known<PolicyFacts>;
  readonly keys: Known<readonly SecretAge[]>;
  readonly backups: Known<BackupFacts>;
  /** Null: this is the first. */
  readonly past: Known<PastRun | null>;
};
