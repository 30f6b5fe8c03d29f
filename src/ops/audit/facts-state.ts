/** Facts about what the gateway keeps: store, ledger, past runs; and about secrets and dependencies. @module */
import type { Severity } from "../../core/finding.ts";

/** A place where something that looks like a secret stands; never the secret. */
export type SecretPlace = {
  readonly where:
    | "configuration"
    | "past configuration"
    | "shell history"
    | "start-up file"
    | "workspace"
    | "log"
    | "git"
    | "git history"
    | "login of a tool";
  readonly path: string;
  /** Counting from 1; 0: the file as a whole. */
  readonly line: number;
  /** The rule that found it, or what it is. */
  readonly what: string;
  /** Whether other users may read the file. */
  readonly open: boolean;
};

export type TokenFacts = {
  readonly id: string;
  readonly name: string;
  readonly person: string;
  readonly trust: string;
  readonly permissions: readonly string[];
  readonly createdMs: number;
  readonly expiresMs: number | null;
  readonly lastUsedMs: number | null;
  readonly revoked: boolean;
  /** The command line's own. */
  readonly own: boolean;
};

export type StoreFacts = {
  readonly tokens: readonly TokenFacts[];
  readonly sessions: number;
  /** Null: there is none. */
  readonly oldestSessionMs: number | null;
  readonly memory: number;
  /** Schedules that are due again, with the trust of who made them. */
  readonly schedules: readonly { readonly id: string; readonly trust: string }[];
  readonly halted: boolean;
  /** What SQLite says about the file; null: it was not asked (`--deep`). */
  readonly integrity: string | null;
  /** When the command line's token file was made; null: there is none. */
  readonly cliTokenMs: number | null;
};

export type LedgerFacts = {
  /** Null: there is none yet. */
  readonly report: {
    /** Null: too long to be verified now. */
    readonly consistent: boolean | null;
    readonly entries: number;
    readonly problem: string | null;
  } | null;
  /** Against the checkpoint of the last audit; null: there was none, or it was not asked. */
  readonly continues: { readonly intact: boolean; readonly problem: string } | null;
  readonly publicKey: string | null;
  readonly checkpoint: string | null;
  /** When `log verify` last said intact with key and checkpoint from outside the state folder. */
  readonly provedMs: number | null;
  /** Of the last day. */
  readonly failedLogins: number;
  readonly faults: number;
  readonly unknownOutcomes: number;
  /** Records of the command line that no gateway took: how many, how old the oldest. */
  readonly pending: { readonly count: number; readonly oldestMs: number | null; readonly unreadable: number };
};

export type BackupFacts = {
  /** Null: none is configured. */
  readonly destination: { readonly path: string; readonly isThere: boolean; readonly sameDisk: boolean } | null;
  /** Keys that lie elsewhere. */
  readonly recipients: number;
  readonly passphrase: boolean;
  readonly scheduled: boolean;
  /** By the ledger; null: never. */
  readonly createdMs: number | null;
  readonly failedMs: number | null;
  readonly drilledMs: number | null;
  /** Whether there is anything to lose yet. */
  readonly inUse: boolean;
};

export type DependencyFacts = {
  readonly node: string;
  /** Null: there is no lockfile. */
  readonly locked: {
    readonly packages: number;
    readonly withoutIntegrity: readonly string[];
    /** Locked with another address than a package registry over TLS. */
    readonly oddSources: readonly string[];
    readonly scripts: readonly string[];
  } | null;
  /** Whether `.npmrc` keeps install scripts off. */
  readonly scriptsOff: boolean;
  readonly unpinned: readonly string[];
  /** Installed in another version than locked, as `name 1.0.0, locked 1.0.1`. */
  readonly differing: readonly string[];
  readonly missing: readonly string[];
  readonly extraneous: readonly string[];
  /** Over the program's own files. */
  readonly programDigest: string;
  readonly nodeDigest: string;
  /** Digests over the files of each package that runs, by its folder; null: not looked at in this form. */
  readonly packages: ReadonlyMap<string, string> | null;
};

/** What the last run left. */
export type PastRun = {
  readonly atMs: number;
  readonly version: string;
  readonly configDigest: string;
  readonly downgrades: readonly string[];
  readonly people: readonly string[];
  readonly tokens: readonly string[];
  readonly policiesDigest: string;
  readonly programDigest: string;
  readonly nodeDigest: string;
  readonly bwrapDigest: string;
  /** As the last deep run saw them; empty: there was none. */
  readonly packages: Readonly<Record<string, string>>;
  readonly publicKey: string | null;
  readonly checkpoint: string | null;
  readonly findings: readonly PastFinding[];
};

export type PastFinding = {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly places: readonly string[];
  readonly firstMs: number;
};
