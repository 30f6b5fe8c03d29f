/**
 * The executor: starts one program in a sandbox, on a signed token, and says
 * what came of it. The gateway never starts programs itself.
 *
 * @module
 */
import type { EgressBytes, HostLimit, Mount } from "../decision.ts";
import type { PermitId, SessionId } from "../ids.ts";
import type { Digest } from "../json.ts";

/** Everything that the broker needs, and all that the token is bound to (`digestOf` of it). */
export type Job = {
  readonly argv: readonly [string, ...string[]];
  /** Absolute, inside a mount. */
  readonly cwd: string;
  readonly mounts: readonly Mount[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Given to the program's standard input; then end of file. */
  readonly stdin: string;
  readonly wallMs: number;
  readonly outputBytes: number;
  readonly memoryBytes: number;
  readonly processes: number;
  readonly fileBytes: number;
  /** Processors' worth of time, all processes together. Absent: as much as there is, and in a container as the engine was told. */
  readonly cpus?: number;
  /** Socket of the egress proxy for this call, where it may reach hosts; null: no network at all. */
  readonly egressSocket: string | null;
  /** Certificates that programs are to trust for what goes through that socket: a file, absolute. Absent: the system's. */
  readonly egressCa?: string;
  /**
   * `command`: an ordinary program. `files`: the file tools' own helper, which ships with vambrace. `browser`: the
   * browser's; it sees none of the person's files, and its standard input stays open.
   */
  readonly runtime: "command" | "files" | "browser";
  /**
   * Whose `/tmp` it gets, and how long that is kept after its last use. Absent: one of its own, which ends with it. Only
   * for a command that can reach nobody.
   */
  readonly scratch?: { readonly session: SessionId; readonly idleMs: number };
};

/** Ed25519 over the canonical JSON of `{permit, job, notAfterMs}`. The broker holds the public half only. */
export type SignedToken = {
  readonly permit: PermitId;
  readonly job: Digest;
  readonly notAfterMs: number;
  /** Base 64. */
  readonly signature: string;
};

export type JobSigner = { sign(permit: PermitId, job: Digest): SignedToken };

export type JobEnd =
  | { readonly how: "exit"; readonly status: number }
  | { readonly how: "signal"; readonly signal: string }
  | { readonly how: "timeout" }
  | { readonly how: "stopped" }
  /** The sandbox could not be made; the program did not start. */
  | { readonly how: "refused"; readonly code: string; readonly message: string; readonly hint: string };

/** What changed in the folders that a job could write, while it ran. */
export type ChangedFiles = {
  readonly entries: readonly {
    readonly path: string;
    readonly kind: "file" | "folder" | "link" | "special";
    /** Of a file now. */
    readonly bytes: number;
  }[];
  /** False where there was more than is looked at or told. */
  readonly whole: boolean;
};

export type JobResult = {
  readonly end: JobEnd;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** Bytes beyond the cap, thrown away. */
  readonly stdoutLost: number;
  readonly stderrLost: number;
  readonly wallMs: number;
  /** Absent where it could write nothing of the person's, or did not run. */
  readonly changed?: ChangedFiles;
};

export type OutputPiece = { readonly stream: "stdout" | "stderr"; readonly bytes: Uint8Array };

export type Executor = {
  /**
   * Runs the job; resolves when the whole process tree is gone.
   *
   * @throws Fault BROKER_UNAVAILABLE where it is unknown whether the program started; BROKER_GONE where it did not.
   */
  run(
    job: Job,
    token: SignedToken,
    options: { readonly signal: AbortSignal; readonly onOutput?: (piece: OutputPiece) => void },
  ): Promise<JobResult>;
  /**
   * Tries to break out of the sandbox, now. `short`: what costs next to nothing, for every start; `full`: all there is.
   *
   * @param tell told of each attempt as it is decided
   */
  prove(form: ProofForm, tell?: (line: ProofLine | SkippedLine) => void): Promise<Proof>;
  /** Ends every job at once. */
  stopAll(): Promise<void>;
};

/** A job that is talked with while it runs. */
export type LiveJob = {
  /** To its standard input; before its first output, and after its end, that is refused or lost. */
  write(bytes: Uint8Array): void;
  /** Ends it; `ended` tells. */
  end(): void;
  /** How it ended; rejects with BROKER_UNAVAILABLE where that is not known. */
  readonly ended: Promise<JobEnd>;
};

/** Starts jobs of runtime `browser`. Their output is not kept: who wants it takes it as it comes. */
export type LiveExecutor = {
  start(job: Job, token: SignedToken, onOutput: (piece: OutputPiece) => void): Promise<LiveJob>;
};

export type ProofForm = "short" | "full";

/** One attempt that counted: it got out where there were no walls. */
export type ProofLine = {
  readonly id: string;
  readonly family: string;
  readonly says: string;
  readonly held: boolean;
  readonly evidence: string;
};

/** One that shows nothing here, and why. */
export type SkippedLine = {
  readonly id: string;
  readonly family: string;
  readonly says: string;
  readonly why: string;
};

export type Proof = {
  readonly form: ProofForm;
  readonly attempts: readonly ProofLine[];
  readonly skipped: readonly SkippedLine[];
  /** Fewer attempts than this that counted prove nothing, whatever they say. */
  readonly floor: number;
};

/** Opens and closes the way out for one call. */
export type EgressGate = {
  open(call: {
    readonly call: string;
    readonly session: string;
    readonly hosts: readonly HostLimit[];
    /** Absent: as the proxy ships. */
    readonly bytes?: EgressBytes;
  }): Promise<EgressLease>;
};

export type EgressLease = {
  readonly socket: string;
  /** Absolute; certificates to trust for what goes through the socket. Absent: the platform's. */
  readonly ca?: string;
  /** Variables that hold the handles of credentials; absent: none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Closes the way; every connection was recorded by then. */
  close(): Promise<readonly Connection[]>;
};

/** The way out of a browser: it stays, and where it leads changes with each call. */
export type LastingLease = {
  readonly socket: string;
  /** Absolute; the certificate of the authority that speaks as the hosts which are looked into. */
  readonly ca: string;
  /**
   * Replaces what may be reached, and ends every open connection first.
   *
   * @returns what was tried since the last change; all of it was recorded by then.
   */
  lead(call: string, hosts: readonly HostLimit[]): Promise<readonly Connection[]>;
  close(): Promise<void>;
};

export type LastingEgress = {
  /** Leads nowhere at first. */
  openLasting(owner: { readonly call: string; readonly session: string }): Promise<LastingLease>;
};

export type Connection = {
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly verdict: "allowed" | "refused";
  readonly why: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Method and path, without query, of a request that the proxy saw. */
  readonly request?: string;
  /** Names of the credentials that were put into it. */
  readonly credentials?: readonly string[];
};
