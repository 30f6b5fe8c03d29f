/** Facts about the machine, its processes and what listens. @module */
import type { PathFacts } from "./facts-files.ts";
import type { Known } from "./known.ts";

export type ProcessKind = "gateway" | "helper" | "sandbox";

export type OwnProcess = {
  readonly pid: number;
  readonly kind: ProcessKind;
  readonly uid: number;
  /** Names of variables in its environment that hold what looks like a secret and that it does not read. */
  readonly strangeSecrets: readonly string[];
  /** Variables that change what a program loads: `NODE_OPTIONS`, `LD_PRELOAD`. Names only. */
  readonly loaders: readonly string[];
  /** Whether its command line carries a secret. */
  readonly secretInArguments: boolean;
  /** Soft limit of core dumps in bytes; null: could not be read. */
  readonly coreBytes: number | null;
};

export type ProcessFacts = {
  /** Null: none runs on this state folder. */
  readonly gateway: {
    readonly pid: number;
    readonly url: string;
    readonly startedMs: number | null;
    /** Null: it did not answer. */
    readonly version: string | null;
    readonly halted: boolean | null;
    readonly unready: readonly string[];
    /** Kinds of helpers that run below it: `broker`, `writer-main`, … */
    readonly helpers: readonly string[];
  } | null;
  readonly own: readonly OwnProcess[];
  /** Gateways of this user on other state folders. */
  readonly others: readonly number[];
  /** Where no gateway runs: what the environment of this command would hand to one. */
  readonly here: Pick<OwnProcess, "strangeSecrets" | "loaders" | "uid" | "coreBytes">;
};

export type ListenerFacts = {
  readonly protocol: "tcp" | "udp";
  readonly address: string;
  readonly port: number;
  /** Whose it is; null: of no process of ours. */
  readonly owner: { readonly pid: number; readonly kind: ProcessKind } | null;
  /** The program's name where it could be seen. */
  readonly program: string | null;
};

/** What came of trying the sandbox out. */
export type ProofFacts = {
  readonly atMs: number;
  readonly form: string;
  readonly attempts: number;
  readonly floor: number;
  readonly broken: readonly string[];
  /** Limits that are not kept by control groups: `memory by rlimit`. */
  readonly weakLimits: readonly string[];
};

export type SandboxFacts = {
  readonly backend: string;
  readonly bwrap: PathFacts | null;
  readonly bwrapDigest: string;
  readonly proof: Known<ProofFacts>;
  /** Null: no container engine is configured. */
  readonly engine: {
    readonly socket: string;
    readonly isThere: boolean;
    readonly asRoot: boolean;
    readonly mode: number;
  } | null;
};

/** One of the files that `harden --host` writes, as it stands on the machine. */
export type PlacedRules = {
  readonly kind: "firewall" | "fail2ban" | "auditd" | "service";
  /** `unseen`: this user may not look. */
  readonly state: "there" | "absent" | "unseen";
  readonly path: string | null;
  /** Lines that would be written now and do not stand in it. */
  readonly lacks: readonly string[];
};

export type HostFacts = {
  readonly uid: number;
  /** Names. */
  readonly groups: readonly string[];
  readonly os: { readonly id: string; readonly version: string; readonly name: string };
  /** Sockets of container engines that this user may write. */
  readonly engineSockets: readonly string[];
  /** Signs of a firewall: `ufw`, `nftables.service`; empty: none was seen. */
  readonly firewall: readonly string[];
  /** Swap devices that are not encrypted. */
  readonly plainSwap: readonly string[];
  /** Null: cannot be told. */
  readonly timeSynced: boolean | null;
  readonly rebootRequired: boolean;
  readonly automaticUpdates: boolean | null;
  /** When the list of packages was last fetched; null: cannot be told. */
  readonly updatesCheckedMs: number | null;
  /** Security updates that are waiting, as far as the system wrote it down. */
  readonly updatesPending: number | null;
  /** Kernel switches by their name; absent where this kernel has none. */
  readonly sysctls: ReadonlyMap<string, string>;
  readonly vulnerabilities: readonly string[];
  /** `apparmor`, `selinux`; empty: none. */
  readonly securityModules: readonly string[];
  readonly auditd: boolean;
  readonly fail2ban: boolean;
  /** Lines of sshd's configuration that count; null: there is no sshd, or it cannot be read. */
  readonly sshd: ReadonlyMap<string, string> | null;
  readonly inContainer: boolean;
  readonly memoryBytes: number;
};
