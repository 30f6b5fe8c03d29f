/**
 * The three helpers: ledger writer, broker, egress proxy. Each is a small
 * process that is born with one end of a socket pair and nothing else: no
 * environment but where compiled code is kept and how memory is given back, no
 * inherited descriptors, no way in for anybody but the gateway.
 *
 * A helper ends when its socket does, so none outlives the gateway.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { Fault } from "../core/fault.ts";

export type Helper = {
  readonly name: string;
  readonly pid: number;
  readonly socket: Duplex;
  /** Resolves when the process is gone, with how. */
  readonly gone: Promise<string>;
  /** Ends it: closes its socket, waits, and kills what has not ended by then. */
  stop(): Promise<void>;
};

export type HelperSpec = {
  readonly name: string;
  /** The helper's program, absolute. */
  readonly program: string;
  readonly args: readonly string[];
  /** Largest old generation in MiB: helpers stay small. */
  readonly heapMiB: number;
  /** Where compiled code is kept between starts; absent: not kept. */
  readonly compileCache?: string;
  /** What a helper prints goes to the gateway's log. */
  readonly log: (line: string) => void;
};

const STOP_PATIENCE_MS = 2000;

/** For the C library: memory that was needed while code was read goes back to the system. Some 5 MB for each helper. */
const SMALL_POOLS = { MALLOC_MMAP_THRESHOLD_: "32768", MALLOC_TRIM_THRESHOLD_: "32768" };

/** @throws Fault HELPER_FAILED where the process cannot be started. */
export async function startHelper(spec: HelperSpec): Promise<Helper> {
  const flags = [
    `--max-old-space-size=${spec.heapMiB}`,
    "--max-semi-space-size=1",
    "--disable-warning=ExperimentalWarning",
  ];
  const env = {
    ...SMALL_POOLS,
    ...(spec.compileCache === undefined ? {} : { NODE_COMPILE_CACHE: spec.compileCache }),
  };
  const child = spawn(process.execPath, [...flags, spec.program, ...spec.args], {
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    env,
    cwd: "/",
  });
  const gone = Promise.withResolvers<string>();
  child.once("exit", (status, signal) => gone.resolve(signal ?? `exit status ${status ?? "unknown"}`));
  const started = Promise.withResolvers<void>();
  child.once("spawn", () => started.resolve());
  child.once("error", (cause) => {
    gone.resolve("could not be started");
    started.reject(failed(spec.name, cause));
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => spec.log(text.trimEnd()));
  await started.promise;
  const socket = child.stdio[3];
  if (!(socket instanceof Duplex) || child.pid === undefined) throw failed(spec.name, "no socket");
  // A helper that dies takes its socket with it: whoever holds the client is told by that, not by an uncaught error.
  socket.on("error", (error) => spec.log(`socket: ${error.message}`));
  return {
    name: spec.name,
    pid: child.pid,
    socket,
    gone: gone.promise,
    async stop() {
      socket.end();
      const timer = setTimeout(() => child.kill("SIGKILL"), STOP_PATIENCE_MS);
      await gone.promise;
      clearTimeout(timer);
    },
  };
}

function failed(name: string, cause: unknown): Fault {
  return new Fault("HELPER_FAILED", {
    message: `the helper \`${name}\` could not be started`,
    hint: "run `vambrace doctor`; without it the gateway does nothing",
    cause,
  });
}
