/**
 * What the gateway and the broker say to each other, inside frames.
 *
 * The gateway speaks first, with `configure`; after that each job has a
 * channel of its own. Output travels in byte frames on channel `2n` (standard
 * output of job n) and `2n + 1` (its standard error). Towards the broker, bytes on
 * channel `n` go to the standard input of job n, which must be a browser.
 *
 * @module
 */
import type { ChangedFiles, Job, JobEnd, SignedToken } from "./ports/executor.ts";
import type { SelfTest } from "./self-test.ts";

/** What a broker must know before it starts anything. All of it is required. */
export type BrokerConfig = {
  /** SPKI DER in base 64; a token that this key did not sign is refused. */
  readonly publicKey: string;
  /** The broker's own folder: spent tokens, quarantine, what it mounts of its own. Nothing else writes there. */
  readonly folder: string;
  /** Absolute paths that no mount may lie in or above: state, configuration, installation. */
  readonly forbiddenPaths: readonly string[];
  /** The pinned Node, for the file tools' helper. */
  readonly nodePath: string;
  /** Where bubblewrap may be, in order; the first that exists is used. */
  readonly bwrapPaths: readonly string[];
  /** Where perl would be, which starts programs faster; where it is not, the broker starts them itself. */
  readonly perlPath: string;
  /** Folders beyond `/usr` that commands need to see, read-only: `/opt/toolchain`. */
  readonly systemPaths: readonly string[];
  /** Where commands run in containers; null: in bubblewrap. File tools are in bubblewrap either way. */
  readonly container: ContainerConfig | null;
};

export type ContainerConfig = {
  /** The engine's unix socket (Docker's API, which Podman speaks too). */
  readonly socket: string;
  /** `name@sha256:…` or `sha256:…`. */
  readonly image: string;
  /** A runtime that the engine knows by this name (`runsc` is gVisor); null: its own. */
  readonly runtime: string | null;
  /** How many containers wait ready for the next job of a shape. */
  readonly warm: number;
  readonly cpus: number;
};

export type ToBroker =
  | { readonly type: "configure"; readonly config: BrokerConfig }
  | { readonly type: "run"; readonly channel: number; readonly job: Job; readonly token: SignedToken }
  /** The only thing that runs without walls: fixed programs, on a token that fits no job. Answered as a job is. */
  | { readonly type: "self-test"; readonly channel: number; readonly test: SelfTest; readonly token: SignedToken }
  | { readonly type: "cancel"; readonly channel: number }
  | { readonly type: "stop-all"; readonly id: number };

export type FromBroker =
  | { readonly type: "ready"; readonly limits: LimitSources }
  /** The broker cannot work and ends. */
  | { readonly type: "failed"; readonly message: string; readonly hint: string }
  | ({ readonly type: "ended"; readonly channel: number } & JobSummary)
  | { readonly type: "stopped"; readonly id: number };

export type JobSummary = {
  readonly end: JobEnd;
  readonly stdoutLost: number;
  readonly stderrLost: number;
  readonly wallMs: number;
  readonly changed?: ChangedFiles;
};

/** What gives each required limit on this machine; `none` refuses every job. */
export type LimitSources = {
  readonly memory: "cgroup" | "rlimit" | "none";
  readonly processes: "cgroup" | "rlimit" | "none";
  readonly fileBytes: "rlimit" | "none";
};

/** Where the file tools' helper and the pinned Node stand inside a sandbox of runtime `files`. */
export const FILES_ARGV = ["/run/vambrace/node", "/run/vambrace/inside/files-helper.mjs"] as const;

/** The browser's helper; the browser's own program follows. */
export const BROWSER_ARGV = ["/run/vambrace/node", "/run/vambrace/inside/browser-helper.mjs"] as const;

/**
 * Where a sandbox that may reach hosts finds the folder with the egress proxy's socket, what forwards to it, and what to
 * trust for what goes that way. The system's own list is covered where there is one: many programs know no other.
 */
export const EGRESS_INSIDE = {
  folder: "/run/vambrace/egress",
  url: "http://127.0.0.1:3128",
  ca: "/run/vambrace/ca.pem",
  forwarder: "/run/vambrace/inside/forward.mjs",
  systemCa: "/etc/ssl/certs/ca-certificates.crt",
} as const;
