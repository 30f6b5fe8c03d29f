/**
 * The few lines of shell that a waiting sandbox reads when its job comes: set
 * the limits, say that they are set, become the program.
 *
 * Nothing in it is left to the shell to interpret: every word that came from
 * outside stands in single quotes.
 *
 * @module
 */
import { EGRESS_INSIDE, FILES_ARGV } from "../../core/broker-wire.ts";
import type { Job } from "../../core/ports/executor.ts";
import { type LimitPlan, limitWords } from "./limits.ts";

/**
 * How a sandbox for the file tools begins: limits and helper at once, and the helper waits. Its program is known
 * before the job is, so nothing is lost by starting it.
 */
export function helperScript(limits: string): string {
  return `echo here >&4 && ${limits} && echo set >&4 && exec 3<&- 4>&- && exec ${FILES_ARGV.join(" ")}`;
}

const PROXY_NAMES = ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"];

/** Written by the sandbox on its descriptor 4 right before the program takes over. */
export const SET = "set\n";
/** Written by it as soon as it runs. */
export const HERE = "here\n";
/** Written to its descriptor 6 when the script is there. */
export const GO = "go\n";
/** How the waiting shell begins. Where the broker dies, the read fails and it ends. */
export const WAIT = "echo here >&4 && read -r go <&6 && . /proc/self/fd/3";

export type Forwarder = "perl" | "node";

/**
 * How one begins that may reach hosts: the forwarder first, so that the job need not wait for it. Nothing of anybody's
 * has run by then, and where it leads to nowhere yet there is nothing to reach.
 */
export function waitBehind(forwarder: Forwarder): string {
  return [...forwarderWords(forwarder), WAIT].join(" && ");
}

export function jobScript(job: Job, plan: LimitPlan): string {
  const env = job.egressSocket === null ? job.env : { ...job.env, ...proxyEnv(), ...trustEnv(job) };
  return [
    limitWords(plan, job),
    `cd ${quote(job.cwd)}`,
    "echo set >&4",
    "exec 3<&- 4>&- 6<&-",
    // The shell's own variables first: what the job says stands last.
    "unset OLDPWD PWD _",
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
    `exec ${job.argv.map(quote).join(" ")}`,
  ]
    .join(" && ")
    .concat("\n");
}

/** The forwarder must listen before the program starts: perl's ends its caller then, node's prints a line. */
function forwarderWords(forwarder: Forwarder): string[] {
  const close = "3<&- 4>&- 6<&-";
  if (forwarder === "perl") return [`/usr/bin/perl /run/vambrace/inside/forward.pl ${close}`];
  const pipe = "/dev/shm/.forwarder";
  return [
    `mkfifo ${pipe}`,
    `{ /run/vambrace/node /run/vambrace/inside/forward.mjs >${pipe} 2>/dev/null </dev/null ${close} & }`,
    `read -r line <${pipe}`,
    `rm ${pipe}`,
  ];
}

/** What programs look at for certificates to trust; the rest find them where the system has its own. */
const TRUST_NAMES = [
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE",
  "NODE_EXTRA_CA_CERTS",
  "GIT_SSL_CAINFO",
  "CARGO_HTTP_CAINFO",
  "AWS_CA_BUNDLE",
];

export function trustEnv({ egressCa }: Job): Record<string, string> {
  return egressCa === undefined ? {} : Object.fromEntries(TRUST_NAMES.map((name) => [name, EGRESS_INSIDE.ca]));
}

export function proxyEnv(): Record<string, string> {
  const names = PROXY_NAMES.map((name) => [name, EGRESS_INSIDE.url] as const);
  return { ...Object.fromEntries(names), NODE_USE_ENV_PROXY: "1" };
}

export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
