/**
 * Bubblewrap as a back-end of the broker.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";
import type { BrokerConfig } from "../../core/broker-wire.ts";
import type { Job } from "../../core/ports/executor.ts";
import type { Backend, Workplace } from "./backend.ts";
import { findCgroups, sweepCgroups } from "./cgroup.ts";
import { openGroups } from "./groups.ts";
import { openLauncher } from "./launch.ts";
import { type LimitPlan, limitWords, planLimits } from "./limits.ts";
import { endOrphans } from "./orphans.ts";
import { pipePlace } from "./pipe-place.ts";
import { openPipeRack } from "./pipes.ts";
import { Refused } from "./refusal.ts";
import { type Forwarder, helperScript, jobScript, WAIT, waitBehind } from "./script.ts";
import { seccompFilter } from "./seccomp.ts";
import { openSpares } from "./spare.ts";

/** Pairs that are made at once: to start the program that makes them costs as much as to make many. */
const PIPES_AHEAD = 32;

export function openBubblewrap(
  { bwrapPaths, perlPath }: BrokerConfig,
  { folder, system, nodePath }: Workplace,
): Backend {
  const cgroups = findCgroups();
  const bwrap = bwrapPaths.find((path) => fs.existsSync(path));
  const seccompFile = join(folder, "seccomp.bpf");
  fs.writeFileSync(seccompFile, seccompFilter(process.arch === "arm64" ? "arm64" : "x64"), { mode: 0o600 });
  endOrphans(folder);
  if (cgroups !== null) sweepCgroups(cgroups);
  const groups = cgroups === null ? null : openGroups(cgroups);
  const plan = planLimits(cgroups);
  const forwarder: Forwarder = fs.existsSync("/usr/bin/perl") ? "perl" : "node";
  const launcher = openLauncher(perlPath);
  const spares = openSpares({
    bwrap: bwrap ?? "",
    launcher,
    system,
    seccompFile,
    groups,
    pipes: openPipeRack(pipePlace(folder), PIPES_AHEAD, launcher),
    hatches: folder,
    script: (job) => (job.runtime === "files" ? "" : jobScript(job, plan)),
  });
  return {
    sources: plan.sources,
    shapeFor: (job) => ({
      node: job.runtime !== "command" || (job.egressSocket !== null && forwarder === "node") ? nodePath : null,
      live: job.runtime === "browser",
      beginning: beginningOf(job, plan, forwarder),
      limits: null,
      cpus: job.cpus ?? null,
    }),
    take(shape, key) {
      if (bwrap === undefined) throw missing(bwrapPaths);
      if (shape.cpus !== null && !cgroups?.cpu) throw noCpuLimit();
      return spares.take(shape, key);
    },
    restock: (shape, key) => spares.restock(shape, key),
    warmUp: () => void system.etc(),
    async clear() {
      await spares.clear();
      await groups?.clear();
      launcher.close();
    },
  };
}

function beginningOf(job: Job, plan: LimitPlan, forwarder: Forwarder): string {
  if (job.runtime === "files") return helperScript(limitWords(plan, job));
  return job.egressSocket === null ? WAIT : waitBehind(forwarder);
}

function noCpuLimit(): Refused {
  return new Refused(
    "SANDBOX_LIMIT",
    "this machine cannot limit the sandbox's processor time",
    "run vambrace under systemd with `Delegate=memory pids cpu`, or take `agents.defaults.sandbox.cpus` out",
  );
}

function missing(bwrapPaths: readonly string[]): Refused {
  return new Refused(
    "SANDBOX_MISSING",
    `bubblewrap is not installed (looked for ${bwrapPaths.join(", ")})`,
    "install it: `apt-get install bubblewrap`, `dnf install bubblewrap` or `apk add bubblewrap`, then restart",
  );
}
