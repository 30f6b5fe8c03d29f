/**
 * The live judge for commands that only ask: the same configuration, policies
 * and fact finders as a running gateway, and nothing that could act.
 *
 * Reads only. Where there is no configuration the defaults that ship count, and
 * nothing is made in the state folder.
 *
 * @module
 */
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { stateFolder } from "../app/config/environment.ts";
import { loadConfig, type Loaded } from "../app/config/load.ts";
import { toPosture } from "../app/config/posture.ts";
import { openJudge } from "../app/gateway/kits.ts";
import { homeAt } from "../app/home.ts";
import { readPolicies } from "../app/policies.ts";
import { Fault } from "../core/fault.ts";
import type { Posture } from "../core/posture.ts";
import type { FinderSource } from "../steps/judge/gather.ts";
import type { Judge } from "../steps/judge/judge.ts";
import { createOutbound } from "../steps/outbound/outbound.ts";
import { type PolicyFile, vetHere } from "../steps/judge/policy/vet.ts";
import { type Flags, flagText, type Io } from "./command.ts";

export type Ground = {
  readonly loaded: Loaded;
  readonly posture: Posture;
  /** The operator's own, from the state folder. */
  readonly policies: readonly PolicyFile[];
};

/** @throws Fault COMMAND_USAGE where `--config` names nothing: defaults in its place would answer another question. */
export function groundOf(io: Io, flags: Flags): Ground {
  const home = stateFolder(io.env);
  const named = flagText(flags, "config");
  const file = named === undefined ? undefined : existing(named, "file");
  const loaded = loadConfig({ home, env: io.env, ...(file === undefined ? {} : { file }) });
  return { loaded, posture: toPosture(loaded.config, loaded.places), policies: readPolicies(homeAt(home).policies) };
}

export async function judgeOn(
  { posture, policies }: Pick<Ground, "posture" | "policies">,
  finders?: FinderSource,
): Promise<Judge> {
  // What only asks holds no secrets of its own: those that a live gateway knows are in the recorded facts.
  const sensitive = createOutbound([]).find;
  const parts = { posture, operatorPolicies: policies, vet: vetHere, sensitive };
  return openJudge(finders === undefined ? parts : { ...parts, finders });
}

/** The absolute path of something that has to be there. @throws Fault COMMAND_USAGE */
export function existing(path: string, kind: "file" | "folder"): string {
  const whole = resolve(path);
  const found = statSync(whole, { throwIfNoEntry: false });
  if (kind === "file" ? found?.isFile() === true : found?.isDirectory() === true) return whole;
  throw new Fault("COMMAND_USAGE", {
    message: `there is no ${kind} \`${path.slice(0, 200)}\``,
    hint: `name a ${kind} that exists`,
  });
}
