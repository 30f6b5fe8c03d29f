/**
 * The keyring of the operating system, through a module that is installed by
 * whoever wants it. Read when it is first used; refused in plain words where it
 * is not there, or where nobody has unlocked a keyring, as on a server.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";

export type Keyring = {
  get(account: string): string | null;
  set(account: string, secret: string): void;
  delete(account: string): boolean;
};

/** What is used of the module. */
export type KeyringModule = {
  readonly Entry: new (
    service: string,
    account: string,
    options: { readonly linux: { readonly store: "secret-service" } },
  ) => {
    getPassword(): string | null;
    setPassword(secret: string): void;
    deletePassword(): boolean;
  };
};

const SERVICE = "vambrace";
/** Left to itself the module falls back to the kernel's keyring, which forgets when the machine restarts: a vault lost. */
const LASTING = { linux: { store: "secret-service" } } as const;

/** @throws Fault SECRET_UNAVAILABLE where the module is not installed. */
export async function openKeyring(load: () => Promise<KeyringModule> = loadModule): Promise<Keyring> {
  const { Entry } = await load().catch((cause: unknown) => {
    throw new Fault("SECRET_UNAVAILABLE", {
      message: "the keyring cannot be used: the package @napi-rs/keyring is not installed",
      hint: "install it beside vambrace (`npm install @napi-rs/keyring`), or keep the key in a file: `secrets.vault.unlock: identity` or `passphrase`",
      cause,
    });
  });
  const asked = <T>(ask: () => T): T => {
    try {
      return ask();
    } catch (cause) {
      throw new Fault("SECRET_UNAVAILABLE", {
        message: "the keyring of this system does not answer",
        hint: "unlock it in a desktop session; on a server keep the key in a file: `secrets.vault.unlock: identity` or `passphrase`",
        cause,
      });
    }
  };
  return {
    get: (account) => asked(() => new Entry(SERVICE, account, LASTING).getPassword()),
    set: (account, secret) => asked(() => new Entry(SERVICE, account, LASTING).setPassword(secret)),
    delete: (account) => asked(() => new Entry(SERVICE, account, LASTING).deletePassword()),
  };
}

async function loadModule(): Promise<KeyringModule> {
  return import("@napi-rs/keyring");
}
