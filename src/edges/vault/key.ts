/**
 * The vault's key: an age identity, and the three places where it may be kept.
 *
 * | unlock | where |
 * |---|---|
 * | `identity` | a file of mode 600, as `age-keygen` writes one |
 * | `passphrase` | the same file, encrypted with a passphrase (scrypt), as `age -p` writes one |
 * | `keyring` | the keyring of the operating system |
 *
 * A file in another form than the one that was configured is refused: a key
 * that stands in clear where a passphrase was meant would be a weaker vault
 * that nobody chose.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { isAge, newIdentity, recipientOf, sealWithPassphrase, unseal } from "./age.ts";
import type { Keyring } from "./keyring.ts";
import { type Disk, readPrivate, replacePrivate } from "./private-file.ts";

export type Unlock = "identity" | "passphrase" | "keyring";

export type KeyPlace = {
  readonly unlock: Unlock;
  /** Absolute; of no use with `keyring`. */
  readonly file: string;
  /** Names this vault in the keyring. */
  readonly account: string;
};

export type KeyDeps = {
  readonly keyring: () => Promise<Keyring>;
  /** Asks a person; rejects where nobody can be asked. */
  readonly passphrase: () => Promise<string>;
  readonly disk?: Disk;
  /** Smaller in tests alone. */
  readonly workFactor?: number;
};

export type VaultKey = { readonly identities: readonly string[]; readonly recipient: string };

const SHORTEST_PASSPHRASE = 12;
const IDENTITY = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]{20,6000}$/;

/** @throws Fault SECRET_UNKNOWN where there is none yet; SECRET_LOCKED, SECRET_UNSAFE, SECRET_UNAVAILABLE, SECRET_DAMAGED. */
export async function openKey(place: KeyPlace, deps: KeyDeps): Promise<VaultKey> {
  const text = place.unlock === "keyring" ? await fromKeyring(place, deps) : await fromFile(place, deps);
  const identities = parseIdentities(text);
  const [first = ""] = identities;
  return { identities, recipient: await recipientOf(first) };
}

/**
 * A new key, kept where `place` says.
 *
 * @throws Fault STATE_IN_USE where one is kept there already: what it opens would be lost.
 */
export async function makeKey(place: KeyPlace, deps: KeyDeps): Promise<VaultKey> {
  const made = await newIdentity();
  await keepKey(place, deps, made.identity);
  return { identities: [made.identity], recipient: made.recipient };
}

/** Keeps a key that there is in another place, or under another passphrase. */
export async function keepKey(place: KeyPlace, deps: KeyDeps, identity: string): Promise<void> {
  if (place.unlock === "keyring") {
    const keyring = await deps.keyring();
    if (keyring.get(place.account) !== null) throw taken("the keyring has a key for this vault already");
    return keyring.set(place.account, identity);
  }
  if (readPrivate(place.file, "the vault's key", deps.disk) !== undefined)
    throw taken(`\`${place.file}\` is there already`);
  const recipient = await recipientOf(identity);
  const text = `# the key of a vambrace vault; whoever has it opens the vault\n# public key: ${recipient}\n${identity}\n`;
  const content = place.unlock === "passphrase" ? await sealed(text, deps) : text;
  replacePrivate(place.file, content, deps.disk);
}

/** Whether a key is kept there; the keyring is not asked. */
export function hasKeyFile(place: KeyPlace, disk?: Disk): boolean {
  return place.unlock !== "keyring" && readPrivate(place.file, "the vault's key", disk) !== undefined;
}

/** The identities of a file in the form of `age-keygen`. @throws Fault SECRET_LOCKED where there is none in it. */
export function parseIdentities(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.trim());
  const identities = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (identities.length > 0 && identities.every((line) => IDENTITY.test(line))) return identities;
  throw new Fault("SECRET_LOCKED", {
    message: "the file holds no age key, or something besides",
    hint: "it has one `AGE-SECRET-KEY-…` a line, and comments that begin with `#`",
  });
}

/** @throws Fault SECRET_WEAK */
export function checkPassphrase(text: string): string {
  if (text.length >= SHORTEST_PASSPHRASE && new Set(text).size >= 5) return text;
  throw new Fault("SECRET_WEAK", {
    message: `the passphrase is too easy to guess: it needs ${SHORTEST_PASSPHRASE} characters at least, and more than a few different ones`,
    hint: "take five random words",
  });
}

async function sealed(text: string, deps: KeyDeps): Promise<Uint8Array> {
  const passphrase = checkPassphrase(await deps.passphrase());
  return sealWithPassphrase(passphrase, text, deps.workFactor);
}

async function fromKeyring({ account }: KeyPlace, deps: KeyDeps): Promise<string> {
  const found = (await deps.keyring()).get(account);
  if (found !== null) return found;
  throw none("the keyring has no key for this vault");
}

async function fromFile({ unlock, file }: KeyPlace, deps: KeyDeps): Promise<string> {
  const bytes = readPrivate(file, "the vault's key", deps.disk);
  if (bytes === undefined) throw none(`there is no key file \`${file}\``);
  const isSealed = isAge(bytes);
  if (isSealed !== (unlock === "passphrase")) {
    throw new Fault("SECRET_UNSAFE", {
      message: isSealed
        ? `the key file \`${file}\` is protected by a passphrase, and \`secrets.vault.unlock\` is \`identity\``
        : `the key file \`${file}\` stands in clear, and \`secrets.vault.unlock\` is \`passphrase\``,
      hint: isSealed
        ? "`vambrace config set secrets.vault.unlock passphrase`"
        : "protect it: `vambrace secrets init --unlock passphrase`, or say `identity` if that is meant",
    });
  }
  if (!isSealed) return Buffer.from(bytes).toString("utf8");
  const opened = await unseal(bytes, { kind: "passphrase", passphrase: await deps.passphrase() });
  return Buffer.from(opened).toString("utf8");
}

function none(what: string): Fault {
  return new Fault("SECRET_UNKNOWN", {
    message: what,
    hint: "make a vault with `vambrace secrets init`, or put its key back",
  });
}

function taken(what: string): Fault {
  return new Fault("STATE_IN_USE", {
    message: `${what}; it would be lost, and with it what it opens`,
    hint: "use it as it is, or move it away first",
  });
}
