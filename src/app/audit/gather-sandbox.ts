/** The sandbox: what it is built of, and what came of trying it out. @module */
import { createHash } from "node:crypto";
import { realpathSync } from "node:fs";
import type { ContainerConfig, LimitSources } from "../../core/broker-wire.ts";
import { toFault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import type { Proof, ProofForm } from "../../core/ports/executor.ts";
import type { ProofFacts, SandboxFacts } from "../../ops/audit/facts-host.ts";
import type { AuditForm } from "../../ops/audit/installation.ts";
import { type Known, known, leftOut, unknown } from "../../ops/audit/known.ts";
import { BWRAP_PATHS } from "../bwrap-paths.ts";
import { kernelMark } from "./gather-host.ts";
import { readProof, writeProof } from "./past.ts";
import { bytesOf, factsOf, lookAt, statOf } from "./paths.ts";

/** A proof is taken for as long as this, where nothing that it was of has changed. */
const HOLDS_MS = 24 * 3_600_000;

/** Tries it out now. */
export type Prove = (form: ProofForm) => Promise<Proof & { readonly limits: LimitSources }>;

export type SandboxParts = {
  readonly home: string;
  readonly nowMs: number;
  readonly form: AuditForm;
  readonly version: string;
  readonly container: ContainerConfig | null;
  readonly prove: Prove;
};

export async function gatherSandbox(parts: SandboxParts): Promise<SandboxFacts> {
  const path = BWRAP_PATHS.find((each) => statOf(each) !== undefined);
  const real = path === undefined ? undefined : realpathSync(path);
  const found = real === undefined ? undefined : statOf(real);
  const bwrapDigest = real === undefined ? "" : sha256(bytesOf(real, 64 * 1_048_576) ?? "");
  return {
    backend: parts.container === null ? "bubblewrap" : "container",
    bwrap: real === undefined || found === undefined ? null : factsOf(real, found),
    bwrapDigest,
    proof: await proofOf(parts, bwrapDigest),
    engine: engineOf(parts.container),
  };
}

async function proofOf(parts: SandboxParts, bwrapDigest: string): Promise<Known<ProofFacts>> {
  const { home, nowMs, form, prove } = parts;
  const of = markOf(parts, bwrapDigest);
  const kept = readProof(home, of);
  const isFresh = kept !== undefined && nowMs - kept.atMs < HOLDS_MS && kept.atMs <= nowMs;
  if (form === "cheap" || form === "settings")
    return kept === undefined ? leftOut("the sandbox is not tried out in this form") : known(kept);
  if (form === "usual" && isFresh && kept.broken.length === 0) return known(kept);
  try {
    const proof = proofFacts(await prove(form === "deep" ? "full" : "short"), form, nowMs);
    // Without a state folder there is nothing to keep it in.
    if (statOf(home) !== undefined) writeProof(home, of, proof);
    return known(proof);
  } catch (thrown) {
    return unknown(`the sandbox could not be tried out: ${toFault(thrown).message}`);
  }
}

/** Everything that a proof is of. */
function markOf({ container, version }: SandboxParts, bwrapDigest: string): string {
  const parts = [kernelMark(), bwrapDigest, version, JSON.stringify(container), String(process.getuid?.())];
  return createHash("sha256").update(parts.join("\0")).digest("hex");
}

export function proofFacts(proof: Proof & { readonly limits: LimitSources }, form: string, atMs: number): ProofFacts {
  const { attempts, floor, limits } = proof;
  const weak = (["memory", "processes"] as const).filter((name) => limits[name] !== "cgroup");
  return {
    atMs,
    form,
    attempts: attempts.length,
    floor,
    broken: attempts
      .filter(({ held }) => !held)
      .map(({ id, says, evidence }) => `${id}: ${says} (${evidence.slice(0, 200)})`),
    weakLimits: weak.map((name) => `${name} by ${limits[name]}`),
  };
}

function engineOf(container: ContainerConfig | null): SandboxFacts["engine"] {
  if (container === null) return null;
  const found = lookAt(container.socket);
  return {
    socket: container.socket,
    isThere: statOf(container.socket)?.isSocket() === true,
    asRoot: found?.uid === 0,
    mode: found?.mode ?? 0,
  };
}
