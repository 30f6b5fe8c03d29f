/** `vambrace secrets init`: makes the vault and its key, or keeps the key in another way. @module */
import { rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { editConfig } from "../../app/config/edit.ts";
import { expand } from "../../app/config/places.ts";
import { makeFolder } from "../../app/config/durable.ts";
import { changeRegistry, hasVault } from "../../app/secrets/changes.ts";
import { keyDeps } from "../../app/secrets/sources.ts";
import { systemClock } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import { keepKey, type KeyDeps, type KeyPlace, makeKey, openKey, type Unlock } from "../../edges/vault/key.ts";
import { type Command, type Flags, flagText, type Io } from "../command.ts";
import { askTwice } from "../typed.ts";
import { asking, secretGround, type SecretGround } from "./ground.ts";

const UNLOCKS = ["identity", "passphrase", "keyring"] as const satisfies readonly Unlock[];

export const secretsInit: Command = {
  name: "secrets init",
  words: 0,
  summary: "make the encrypted vault and its key; or keep the key in another way",
  usage: "vambrace secrets init [--unlock identity|passphrase|keyring] [--identity FILE]",
  example: "vambrace secrets init --unlock passphrase",
  options: { unlock: { type: "string" }, identity: { type: "string" } },
  help: {
    unlock:
      "identity: a key file of mode 600; passphrase: that file, encrypted; keyring: the system's. As configured unless said",
    identity: "where the key file is, outside of every workspace; ~/.config/vambrace/vault.key unless said",
  },
  async run(_args, flags, io) {
    const ground = secretGround(io, flags, "vambrace secrets init");
    const place = wantedPlace(flags, ground);
    const isThere = hasVault(ground.home);
    if (isThere || (await hasKey(ground))) await moveKey(io, ground, place);
    else await makeKey(prepared(place), newDeps(io));
    await settle(io, flags, place);
    await changeRegistry(
      ground.parts,
      isThere ? "secret.key-changed" : "secret.vault-made",
      [],
      (registry) => registry,
    );
    io.err(`the vault is ${join(ground.home, "vault.age")}; its key is ${said(place)}`);
    if (place.unlock !== "keyring") io.err(`keep a copy of the key apart from the vault: without it nothing opens`);
    io.err("next: `vambrace secrets set NAME`");
    return 0;
  },
};

/** For `set` and `import`, where there is no vault yet. */
export async function bringVault(io: Io, ground: SecretGround): Promise<void> {
  if (hasVault(ground.home) || (await hasKey(ground))) return;
  if (!io.isTerminal) {
    throw new Fault("SECRET_UNKNOWN", {
      message: "there is no vault yet",
      hint: "make one: `vambrace secrets init`, with `--unlock passphrase` if its key should not lie in clear",
    });
  }
  await makeKey(prepared(ground.place), newDeps(io));
  await changeRegistry(ground.parts, "secret.vault-made", [], (registry) => registry);
  io.err(`made a vault; its key is ${said(ground.place)}`);
}

function wantedPlace(flags: Flags, { place, loaded }: SecretGround): KeyPlace {
  const unlock = flagText(flags, "unlock") ?? place.unlock;
  const known = UNLOCKS.find((one) => one === unlock);
  if (known === undefined) throw usage(`not a way to keep a key: \`${unlock.slice(0, 40)}\``);
  const file = flagText(flags, "identity");
  return { ...place, unlock: known, file: file === undefined ? place.file : expand(file, loaded.places) };
}

/** The key that opens the vault now, whoever is asked for it. */
async function hasKey({ place, deps }: SecretGround): Promise<boolean> {
  if (place.unlock === "keyring") return (await deps.keyring()).get(place.account) !== null;
  const { hasKeyFile } = await import("../../edges/vault/key.ts");
  return hasKeyFile(place);
}

/** The new place is written and read back before the old one goes. */
async function moveKey(io: Io, { place: old, deps }: SecretGround, wanted: KeyPlace): Promise<void> {
  if (old.unlock === wanted.unlock && old.file === wanted.file && old.unlock !== "passphrase") {
    io.err("there is a vault, and its key is kept like this already");
    return;
  }
  const { identities, recipient } = await openKey(old, deps);
  const [identity = ""] = identities;
  const isSameFile = old.unlock !== "keyring" && wanted.unlock !== "keyring" && old.file === wanted.file;
  const next = isSameFile ? { ...wanted, file: `${wanted.file}.new` } : wanted;
  if (isSameFile) rmSync(next.file, { force: true });
  const given = newDeps(io);
  await keepKey(prepared(next), given, identity);
  if ((await openKey(next, given)).recipient !== recipient) throw new Error("the key that was kept is another one");
  if (isSameFile) {
    const { renameSync } = await import("node:fs");
    renameSync(next.file, wanted.file);
  } else if (old.unlock === "keyring") (await deps.keyring()).delete(old.account);
  else rmSync(old.file);
}

/** A new passphrase is asked for twice, and the same answer serves the reading back. */
function newDeps(io: Io): KeyDeps {
  const ask = asking(io);
  let given: Promise<string> | undefined;
  return keyDeps(() => {
    given ??=
      io.env.VAMBRACE_VAULT_PASSPHRASE !== undefined
        ? Promise.resolve(io.env.VAMBRACE_VAULT_PASSPHRASE)
        : ask === undefined
          ? Promise.reject(
              new Fault("SECRET_LOCKED", {
                message: "a passphrase is needed, and nobody is here to be asked for it",
                hint: "run it in a terminal, or set VAMBRACE_VAULT_PASSPHRASE",
              }),
            )
          : askTwice(io, "new passphrase of the vault (12 characters or more): ", "again: ");
    return given;
  });
}

function prepared(place: KeyPlace): KeyPlace {
  if (place.unlock !== "keyring") makeFolder(dirname(place.file));
  return place;
}

/** What differs from the configuration is written there. */
async function settle(io: Io, flags: Flags, { unlock }: KeyPlace): Promise<void> {
  const ground = secretGround(io, flags);
  const file = flagText(flags, "identity");
  const changes = [
    ...(unlock === ground.place.unlock ? [] : [{ op: "set", path: "secrets.vault.unlock", value: unlock } as const]),
    ...(file === undefined ? [] : [{ op: "set", path: "secrets.vault.identity", value: file } as const]),
  ];
  if (changes.length === 0) return;
  await editConfig(ground.home, changes, {
    env: io.env,
    clock: systemClock,
    who: "owner",
    why: "vambrace secrets init",
  });
}

function said({ unlock, file }: KeyPlace): string {
  if (unlock === "keyring") return "in the keyring of this system";
  return unlock === "identity" ? `${file}, in clear, mode 600` : `${file}, protected by the passphrase`;
}

function usage(message: string): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${secretsInit.usage}` });
}
