/**
 * Limits: what the run of an allowed call may use. Only what the facts name is
 * mounted or reached; a command gets its workspace.
 *
 * @module
 */
import type { CommandFacts, Facts, HostFact, PathFact } from "../../core/call.ts";
import type { HostLimit, Limits, Mount } from "../../core/decision.ts";
import type { Posture } from "../../core/posture.ts";
import { listsHost } from "../../core/destination.ts";
import { rulesFor } from "./egress-rules.ts";
import { isWithin } from "./requests.ts";

export function limitsFor(facts: Facts, posture: Posture): Limits {
  const { wallMs, outputBytes, memoryBytes, processes, fileBytes, cpus } = posture.limits;
  return {
    wallMs,
    outputBytes,
    memoryBytes,
    processes,
    fileBytes,
    ...(cpus === undefined || facts.command === undefined ? {} : { cpus }),
    hosts: hostsOf(facts, posture),
    ...(posture.egressBytes === undefined ? {} : { egressBytes: posture.egressBytes }),
    mounts: mountsOf(facts, posture),
  };
}

function hostsOf(facts: Facts, posture: Posture): readonly HostLimit[] {
  const limits = new Map<string, HostLimit>();
  for (const fact of facts.hosts) {
    for (const limit of facts.command === undefined
      ? [fetchLimit(fact)]
      : commandLimits(fact, facts.command, posture)) {
      limits.set(JSON.stringify(limit), limit);
    }
  }
  return [...limits.values()];
}

function fetchLimit({ host, port, method }: HostFact): HostLimit {
  return { host, port, methods: [method] };
}

const ANY_METHOD = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

/** What a command may say to a host: as the rules list it; to another host, a person approved this exact command. */
function commandLimits(fact: HostFact, command: CommandFacts, posture: Posture): readonly HostLimit[] {
  const { host, port } = fact;
  if (!fact.listed) return [{ host, port, methods: ANY_METHOD }];
  const rules = rulesFor(posture.egress, command).filter((rule) => listsHost(host, port, rule));
  return rules.map(({ methods, paths, tls, upBytes, downBytes }) => ({
    host,
    port,
    methods,
    ...(paths === undefined ? {} : { paths }),
    ...(tls === undefined ? {} : { tls }),
    ...(upBytes === undefined ? {} : { upBytes }),
    ...(downBytes === undefined ? {} : { downBytes }),
  }));
}

function mountsOf(facts: Facts, posture: Posture): readonly Mount[] {
  const { workspace } = posture.fs;
  const mounts = new Map<string, Mount["access"]>();
  if (facts.command !== undefined) mounts.set(workspace, "write");
  for (const path of facts.paths) {
    const folder = mountPoint(path, posture);
    const access = path.access === "read" ? "read" : "write";
    if (mounts.get(folder) !== "write") mounts.set(folder, access);
  }
  const shown = [...mounts]
    .filter(([path]) => path !== "" && !holdsBlocked(path, posture))
    .map(([path, access]) => ({ path, access }));
  return [...shown, ...covered(shown, posture)];
}

/** The workspace is mounted whole, so what is blocked in it has to be covered: a search and a command see what is mounted. */
function covered(shown: readonly Mount[], { fs }: Posture): readonly Mount[] {
  const inside = fs.blockedPaths.filter((path) =>
    shown.some((mount) => path !== mount.path && isWithin(path, mount.path)),
  );
  return inside.map((path) => ({ path, access: "none" }));
}

/**
 * A folder above something blocked is never mounted, whoever approved it: `/` or the home folder would bring
 * credentials and state along. The tool then finds nothing there.
 */
function holdsBlocked(folder: string, { fs }: Posture): boolean {
  return [...fs.blockedPaths, ...fs.forbiddenPaths].some(
    (path) => isWithin(path, folder) && !isWithin(folder, fs.workspace),
  );
}

/**
 * The workspace as a whole, because links within it may lead anywhere in it;
 * elsewhere only the path, or the folder that a new file goes into.
 */
function mountPoint({ resolved, kind, access }: PathFact, posture: Posture): string {
  const { workspace, allowedPaths } = posture.fs;
  if (isWithin(resolved, workspace)) return workspace;
  if (access === "read" && kind !== "absent") return resolved;
  if (kind === "folder" && access === "write") return resolved;
  return allowedPaths.find((folder) => isWithin(resolved, folder)) ?? resolved.slice(0, resolved.lastIndexOf("/"));
}
