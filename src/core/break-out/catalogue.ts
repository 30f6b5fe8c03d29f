/**
 * All attempts, by family. Which of them counted is decided by running them;
 * a proof in which too few counted is none.
 *
 * @module
 */
import type { Attempt, Family } from "./attempt.ts";
import { bombs } from "./bombs.ts";
import { calls } from "./calls.ts";
import { devices } from "./devices.ts";
import { files } from "./files.ts";
import { inherited } from "./inherited.ts";
import { kernelFiles } from "./kernel-files.ts";
import { lasting } from "./lasting.ts";
import { mounts } from "./mounts.ts";
import { namespaces } from "./namespaces.ts";
import { network } from "./network.ts";
import { privileges } from "./privileges.ts";
import { processes } from "./processes.ts";

export const FAMILIES: readonly Family[] = [
  files,
  mounts,
  namespaces,
  devices,
  kernelFiles,
  processes,
  network,
  bombs,
  inherited,
  lasting,
  privileges,
  calls,
];

const BY_ID: ReadonlyMap<string, { readonly attempt: Attempt; readonly family: string }> = new Map(
  FAMILIES.flatMap(({ name, attempts }) => attempts.map((attempt) => [attempt.id, { attempt, family: name }])),
);

export function attemptOf(id: string): { readonly attempt: Attempt; readonly family: string } | undefined {
  return BY_ID.get(id);
}

export function attemptsOf(form: "short" | "full"): readonly Attempt[] {
  const all = FAMILIES.flatMap(({ attempts }) => attempts);
  return form === "full" ? all : all.filter(({ short }) => short === true);
}
