/** What the commands about secrets stand on: configuration, key, whom to tell. @module */
import { z } from "zod";
import { stateFolder } from "../../app/config/environment.ts";
import { loadConfig, type Loaded } from "../../app/config/load.ts";
import { OWNER } from "../../app/given.ts";
import type { ChangeParts } from "../../app/secrets/changes.ts";
import { keyDeps, keyPlace, onceOpened, type Passphrase, passphraseFrom } from "../../app/secrets/sources.ts";
import { systemClock, systemRandom } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import { parseSecretId, type SecretRef, vaultRef } from "../../core/secret-ref.ts";
import type { KeyDeps, KeyPlace, VaultKey } from "../../edges/vault/key.ts";
import { connect } from "../client.ts";
import { type Command, type Flags, flagText, type Io } from "../command.ts";
import { askHidden, isTyped } from "../typed.ts";

export type SecretGround = {
  readonly home: string;
  readonly loaded: Loaded;
  readonly place: KeyPlace;
  readonly deps: KeyDeps;
  /** Asks for the passphrase where one is needed, once. */
  readonly key: () => Promise<VaultKey>;
  readonly parts: ChangeParts;
};

export function secretGround(io: Io, flags: Flags, why = "said in a terminal"): SecretGround {
  const home = stateFolder(io.env);
  const loaded = loadConfig({ home, env: io.env });
  const place = keyPlace(loaded);
  const deps = keyDeps(passphraseFrom(io.env, asking(io)));
  return {
    home,
    loaded,
    place,
    deps,
    key: onceOpened(place, deps),
    parts: { home, clock: systemClock, random: systemRandom, who: OWNER, why: flagText(flags, "why") ?? why },
  };
}

/** Undefined where nobody sits there. */
export function asking(io: Io): Passphrase | undefined {
  return isTyped(io) ? () => askHidden(io, "passphrase of the vault: ") : undefined;
}

/** `github` and `vault:github` are one; of other places the whole id is needed. */
export function refOf(text: string): SecretRef {
  return text.includes(":") || /^[A-Z_][A-Z0-9_]*$/.test(text) ? parseSecretId(text) : vaultRef(text);
}

/** @throws Fault COMMAND_USAGE where it is kept elsewhere. */
export function vaultNameOf(text: string, command: Command): string {
  const ref = refOf(text);
  if (ref.source === "vault") return ref.name;
  throw new Fault("COMMAND_USAGE", {
    message: `\`${ref.id}\` is not kept in the vault: its value is changed where it is kept`,
    hint: `${WHERE[ref.source]}; then restart the gateway or run \`vambrace secrets reload\`. Usage: ${command.usage}`,
  });
}

const WHERE = {
  env: "set the variable anew for the user that runs the gateway",
  sops: "edit the file with `sops`",
  hashicorp: "write it there with `vault kv put`",
} as const;

/** A value among the words of a command is known to the shell's history and to everybody who lists processes. */
export function refuseWords(words: readonly string[], command: Command): void {
  if (words.length === 0) return;
  throw new Fault("COMMAND_USAGE", {
    message: "a value may not stand in the command itself: the shell's history and the list of processes show it",
    hint: `give it when asked, or on standard input; one that was typed here should be replaced. Usage: ${command.usage}`,
  });
}

const Reloaded = z.looseObject({ changed: z.array(z.string()), failed: z.array(z.string()) });

/** Tells a gateway that runs; without one there is nobody who holds an old value. */
/** @returns what a person who asked for it alone has not heard yet. */
export async function tellGateway(io: Io): Promise<string | undefined> {
  try {
    const { changed, failed } = await connect(io).post(
      "/api/secrets/reload",
      {},
      Reloaded,
      AbortSignal.timeout(10_000),
    );
    if (changed.length > 0) io.err(`the running gateway has it: ${changed.join(", ")}`);
    for (const line of failed) io.err(`the running gateway could not read all: ${line}`);
    return changed.length + failed.length > 0
      ? undefined
      : "nothing to change: the running gateway has every secret as it is";
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "GATEWAY_UNREACHABLE")
      return "no gateway is running; the next one reads every secret at its start";
    const why = thrown instanceof Error ? thrown.message : "unknown";
    io.err(`the running gateway was not told (${why}); it sees the change within seconds`);
    return undefined;
  }
}
