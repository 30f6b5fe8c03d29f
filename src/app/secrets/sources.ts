/** The places that the configuration names, as sources of secrets. @module */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import type { Net } from "../../core/ports/net.ts";
import type { SecretSource } from "../../core/ports/secrets.ts";
import type { SecretSourceName } from "../../core/secret-ref.ts";
import { environmentSource } from "../../edges/vault/environment.ts";
import { type HashicorpServer, hashicorpSource } from "../../edges/vault/hashicorp.ts";
import { type KeyDeps, type KeyPlace, openKey, type VaultKey } from "../../edges/vault/key.ts";
import { openKeyring } from "../../edges/vault/keyring.ts";
import { type SopsFile, sopsSource } from "../../edges/vault/sops.ts";
import { vaultSource } from "../../edges/vault/vault.ts";
import type { Environment } from "../config/environment.ts";
import type { Loaded } from "../config/load.ts";
import { expand } from "../config/places.ts";

export const VAULT_NAME = "vault.age";

/** How a passphrase is had: the environment, else whoever sits there. Asked once; rejects where nobody can be asked. */
export type Passphrase = () => Promise<string>;

export type Sources = {
  readonly env: SecretSource;
  readonly vault: SecretSource;
  readonly sops: SecretSource;
  /** Null where none is configured. Opened with secrets that the others keep. */
  readonly hashicorp: ((value: (reference: string) => string) => SecretSource) | null;
} & { readonly [Name in Exclude<SecretSourceName, "hashicorp">]: SecretSource };

export function openSources(
  { config, places }: Loaded,
  given: { readonly env: Environment; readonly net: Pick<Net, "fetchFor">; readonly key: () => Promise<VaultKey> },
): Sources {
  const { sops, hashicorp } = config.secrets;
  const files: readonly SopsFile[] = Object.entries(sops).map(([id, { file, identity }]) => ({
    id,
    file: expand(file, places),
    identity: expand(identity, places),
  }));
  return {
    env: environmentSource((name) => given.env.variable(name)),
    vault: vaultSource(join(places.home, VAULT_NAME), given.key),
    sops: sopsSource(files),
    hashicorp: hashicorp === undefined ? null : (value) => hashicorpSource(serverOf(hashicorp, value), given.net),
  };
}

function serverOf(
  from: NonNullable<Loaded["config"]["secrets"]["hashicorp"]>,
  value: (reference: string) => string,
): HashicorpServer {
  const { address, mount, namespace, token, appRole } = from;
  const auth =
    appRole === undefined
      ? ({ kind: "token", token: () => value(token ?? "") } as const)
      : ({ ...appRole, kind: "approle", secretId: () => value(appRole.secretId) } as const);
  return { origin: new URL(address).origin, mount, auth, ...(namespace === undefined ? {} : { namespace }) };
}

/** Where the vault's key is kept, by the configuration. */
export function keyPlace({ config, places }: Loaded): KeyPlace {
  const { unlock, identity } = config.secrets.vault;
  const account = `vault-${createHash("sha256").update(places.home).digest("hex").slice(0, 16)}`;
  return { unlock, file: expand(identity, places), account };
}

export function keyDeps(passphrase: Passphrase): KeyDeps {
  return { keyring: () => openKeyring(), passphrase };
}

/** Opened when it is needed first, and then kept: a person is asked once. */
export function onceOpened(place: KeyPlace, deps: KeyDeps): () => Promise<VaultKey> {
  let opened: Promise<VaultKey> | undefined;
  return () => {
    opened ??= openKey(place, deps).catch((thrown: unknown) => {
      opened = undefined;
      throw thrown;
    });
    return opened;
  };
}

/** @param ask absent: nobody sits there. */
export function passphraseFrom(env: Environment, ask?: Passphrase): Passphrase {
  return async () => {
    const given = env.VAMBRACE_VAULT_PASSPHRASE;
    if (given !== undefined) return given;
    if (ask !== undefined) return ask();
    throw new Fault("SECRET_LOCKED", {
      message: "the vault's key is protected by a passphrase, and nobody is here to be asked for it",
      hint: "start it in a terminal, set VAMBRACE_VAULT_PASSPHRASE, or keep the key in a file of mode 600 (`secrets.vault.unlock: identity`)",
    });
  };
}
