/** What the judge of a configuration answers, as one digest: equal where it answers every kind of call alike. @module */
import { type Digest, digestOf } from "../../core/json.ts";
import type { Loaded } from "../config/load.ts";
import type { PolicyFile, Vet } from "../../steps/judge/policy/vet.ts";
import { playConfig } from "../reach.ts";

export type Answers = { readonly digest: Digest; readonly asked: number };

/** @throws Fault POLICY_INVALID */
export async function answersOf(loaded: Loaded, policies: readonly PolicyFile[], vet?: Vet): Promise<Answers> {
  const { cells } = await playConfig({ loaded, policies, ...(vet === undefined ? {} : { vet }) });
  const lines = cells.map(({ agent, channel, person, holds, tool, example, verdict, because }) =>
    [agent, channel, person, holds, tool, example, verdict, ...because.toSorted()].join("\u0000"),
  );
  return { digest: digestOf(lines.toSorted()), asked: cells.length };
}
