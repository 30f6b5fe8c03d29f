/**
 * Which requests may go to a model that is not on this machine. The model
 * provider is a destination like any other: what it is sent has left.
 *
 * @module
 */
import { type Confidentiality, confidentialityRank, type Label } from "./label.ts";

/** From this confidentiality on, local models only. */
export const LOCAL_ONLY_LEVELS = ["secret", "private", "never"] as const;
export type LocalOnly = (typeof LOCAL_ONLY_LEVELS)[number];

/** INVARIANT(stays-local): where this answers `local`, nothing of the request goes to a remote model. */
export function reachOf(policy: LocalOnly, { confidentiality }: Pick<Label, "confidentiality">): "any" | "local" {
  if (policy === "never") return "any";
  const least: Confidentiality = policy;
  return confidentialityRank(confidentiality) >= confidentialityRank(least) ? "local" : "any";
}
