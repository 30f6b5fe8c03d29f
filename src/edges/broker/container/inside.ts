/**
 * What runs in a container before the job's program, and round it, in the
 * image's own shell. It needs `sh` and `env`, and nothing else of the image.
 *
 * The first process waits on its standard input, which is the broker's
 * connection: it ends when the broker says so, or goes, and the kernel ends
 * every other process with it. A program cannot end it or hold it. The job's
 * program runs below it, with a standard input of its own.
 *
 * @module
 */
import { EGRESS_INSIDE } from "../../../core/broker-wire.ts";
import type { Job } from "../../../core/ports/executor.ts";
import { processorSeconds } from "../limits.ts";
import { proxyEnv, quote, trustEnv } from "../script.ts";

/** The folder of one container's own: what its program is to be, and what it is to read. */
export const JOB_INSIDE = "/run/vambrace/job";

export const HERE = "here\n";
export const GO = "go\n";
export const END = "end\n";

const WAITING = `echo here && read -r go && . ${JOB_INSIDE}/script`;

/** What the first shell is told: the forwarder first, where there is one, so that the job need not wait for it. */
export function waiting(forwarder: Forwarder | null): string {
  return [...(forwarder === null ? [] : forwarderWords(forwarder)), WAITING].join(" && ");
}

/** What the broker listens for in standard error; nobody knows `secret` before the program has it. */
export const setMark = (secret: string): string => `${secret} set\n`;
export const endMark = (secret: string): string => `${secret} end `;

/** Node and its own libraries, from outside: the image need not have either, nor the same C library. */
export type Forwarder = { readonly loader: string; readonly libraries: string; readonly node: string };

export function containerScript(job: Job, secret: string): string {
  const env = job.egressSocket === null ? job.env : { ...job.env, ...proxyEnv(), ...trustEnv(job) };
  const become = [
    // What else is limited is part of the container.
    `ulimit -t ${processorSeconds(job)}`,
    `cd ${quote(job.cwd)}`,
    `printf '%s set\\n' ${secret} >&2`,
    // The shell's own variables first: what the job says stands last.
    "unset OLDPWD PWD SHLVL _ go line",
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
    `exec ${job.argv.map(quote).join(" ")}`,
  ].join(" && ");
  return `{ ( ${become} ) <${JOB_INSIDE}/stdin; printf '%s end %s\\n' ${secret} $? >&2; } & read -r end\n`;
}

/** It closes its output once it listens, and goes on; that ends the substitution. */
function forwarderWords({ loader, libraries, node }: Forwarder): string[] {
  const command = `${loader} --library-path ${libraries} ${node} ${EGRESS_INSIDE.forwarder}`;
  return [`line=$(${command} 2>/dev/null </dev/null & )`, '[ "$line" = listening ]'];
}
