/**
 * The book of secrets of a running gateway: the one place that holds values.
 * Whoever sends one asks for it by its reference at that moment, so that what
 * is revoked, replaced or used up counts with the next request.
 *
 * What was ever in it must never leave, also after it was revoked: the filter
 * of what goes out is told of every value and forgets none.
 *
 * @module
 */
import { Fault, toFault } from "../../core/fault.ts";
import type { SecretLookup, SecretSource, SecretValue } from "../../core/ports/secrets.ts";
import { parseReference, parseSecretId, type SecretId, type SecretRef } from "../../core/secret-ref.ts";
import type { Loaded } from "../config/load.ts";
import { missing } from "../config/references.ts";
import { namedSecrets, SECRET_VARIABLES } from "../config/secret-settings.ts";
import { isRevoked, type Registry, saltedDigest } from "./registry.ts";
import type { Sources } from "./sources.ts";

export type SecretBook = SecretLookup & {
  /** Which secret has this value, revoked or not; undefined where it is none that the gateway keeps. */
  idOf(value: string): SecretId | undefined;
  /** Now; undefined where it is not there, revoked or used up. */
  current(id: SecretId): string | undefined;
  /** Reads every place anew. @returns which changed, and which places could not be read (their old values stay). */
  reload(signal: AbortSignal): Promise<Reloaded>;
};

export type Reloaded = { readonly changed: readonly SecretId[]; readonly failed: readonly string[] };

export type BookParts = {
  readonly loaded: Loaded;
  readonly sources: Sources;
  /** Notes what was read, and answers what is known now. */
  readonly note: (values: ReadonlyMap<SecretId, SecretValue>) => Registry;
  /** Before anything is read. */
  readonly registry: () => Registry;
  /** Why it may not be used any more today; null where it may. */
  readonly spent: (id: SecretId) => string | null;
  /** Told of each value as soon as it is read. */
  readonly know: (values: readonly string[]) => void;
};

type State = {
  values: ReadonlyMap<SecretId, SecretValue>;
  registry: Registry;
  /** What opens HashiCorp Vault was revoked: nothing of it is there, and nothing is wrong. */
  isShut: boolean;
};

/** @throws Fault where a place that is named cannot be read: the gateway does not start on half of its secrets. */
export async function openBook(parts: BookParts, signal: AbortSignal): Promise<SecretBook> {
  const refs = wanted(parts.loaded);
  const state: State = { values: new Map(), registry: parts.registry(), isShut: false };
  const failures = await readInto(state, parts, refs, signal);
  const [first] = failures.values();
  if (first !== undefined) throw first;
  return {
    value: (reference, at) => valueOf({ state, parts }, reference, at),
    has: (reference) => isThere(state, reference),
    idOf: (value) => idWith(state.registry, value),
    current(id) {
      const value = state.values.get(id)?.value;
      if (value === undefined || isRevoked(state.registry, id, value) || parts.spent(id) !== null) return undefined;
      return value;
    },
    async reload(again) {
      const before = usable(state);
      const failed = await readInto(state, parts, refs, again);
      const after = usable(state);
      const changed = [...new Set([...before.keys(), ...after.keys()])].filter(
        (id) => before.get(id) !== after.get(id),
      );
      return { changed, failed: [...failed].map(([name, fault]) => `${name}: ${fault.message}`) };
    },
  };
}

function wanted(loaded: Loaded): readonly SecretRef[] {
  const named = namedSecrets(loaded.config).map(({ ref }) => ref);
  const variables = SECRET_VARIABLES.map((name) => parseSecretId(`env:${name}`));
  return [...new Map([...variables, ...named].map((ref) => [ref.id, ref])).values()];
}

function usable({ values, registry }: State): ReadonlyMap<SecretId, string> {
  return new Map(
    [...values].flatMap(([id, { value }]) => (isRevoked(registry, id, value) ? [] : [[id, value] as const])),
  );
}

/** @returns what failed, by source; values of such a source stay as they were, less what was revoked. */
async function readInto(
  state: State,
  parts: BookParts,
  refs: readonly SecretRef[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Fault>> {
  // First what was revoked meanwhile: that needs no place to answer.
  state.registry = parts.registry();
  state.isShut = false;
  const failed = new Map<string, Fault>();
  const found = new Map<SecretId, SecretValue>();
  const read = async (name: SecretRef["source"], source: () => SecretSource): Promise<void> => {
    const own = refs.filter((ref) => ref.source === name && !isGone(state.registry, ref));
    if (own.length === 0) return;
    try {
      for (const [id, value] of await source().read(own, signal)) found.set(id, value);
      parts.know([...found.values()].map(({ value }) => value));
      if (name === "vault") parts.know((await source().retired?.(signal)) ?? []);
    } catch (thrown) {
      const fault = toFault(thrown);
      state.isShut ||= fault.code === "SECRET_REVOKED";
      if (fault.code === "SECRET_REVOKED") return;
      failed.set(name, fault);
      for (const ref of own) {
        const old = state.values.get(ref.id);
        if (old !== undefined) found.set(ref.id, old);
      }
    }
  };
  const { env, vault, sops, hashicorp } = parts.sources;
  await read("env", () => env);
  await read("vault", () => vault);
  await read("sops", () => sops);
  if (hashicorp !== null)
    await read("hashicorp", () => hashicorp((reference) => inOthers(found, state.registry, reference)));
  if (refs.some((ref) => isGone(state.registry, ref)) && !failed.has("vault")) await rememberRetired(parts, signal);
  // What was revoked is held no longer; the filter alone remembers it.
  const registry = parts.note(found);
  state.values = new Map([...found].filter(([id, { value }]) => !isRevoked(registry, id, value)));
  state.registry = registry;
  return failed;
}

/** Only a command gives a secret of the vault another value, and that ends the revocation. */
function isGone(registry: Registry, { source, id }: SecretRef): boolean {
  return source === "vault" && isRevokedId(registry, id);
}

/** Nothing of the vault counts any more; what was in it must not leave all the same. One that does not open stops nothing. */
async function rememberRetired({ sources, know }: BookParts, signal: AbortSignal): Promise<boolean> {
  try {
    know((await sources.vault.retired?.(signal)) ?? []);
    return true;
  } catch (thrown) {
    if (thrown instanceof Fault) return false;
    throw thrown;
  }
}

function isRevokedId(registry: Registry, id: SecretId | undefined): boolean {
  return id !== undefined && (registry.rows.get(id)?.revoked ?? null) !== null;
}

function inOthers(found: ReadonlyMap<SecretId, SecretValue>, registry: Registry, reference: string): string {
  const id = parseReference(reference)?.id;
  const value = id === undefined ? undefined : found.get(id)?.value;
  const isKept = id !== undefined && value !== undefined;
  if (isKept && !isRevoked(registry, id, value)) return value;
  throw new Fault(isKept || isRevokedId(registry, id) ? "SECRET_REVOKED" : "SECRET_UNKNOWN", {
    message: `what opens HashiCorp Vault is not there: ${id ?? "no reference"}`,
    hint: "`secrets.hashicorp` names it; `vambrace secrets list` shows what is there",
  });
}

function idWith(registry: Registry, value: string): SecretId | undefined {
  const digest = saltedDigest(registry, value);
  return [...registry.rows].find(([, row]) => row.digest === digest)?.[0];
}

function isThere({ values, registry }: State, reference: string): boolean {
  const id = parseReference(reference)?.id;
  return id !== undefined && (values.has(id) || isRevokedId(registry, id));
}

function valueOf(
  { state, parts }: { readonly state: State; readonly parts: BookParts },
  reference: string,
  at: string,
): string {
  const ref = parseReference(reference);
  if (ref === undefined) throw absent(at, "no secret", "take the reference out");
  const known = state.values.get(ref.id);
  if (known === undefined) return notThere(state, ref, at);
  const why = parts.spent(ref.id);
  if (why === null) return known.value;
  throw new Fault("SECRET_LIMIT", {
    message: `\`${ref.id}\` is used up for today: ${why}`,
    hint: "it counts again after midnight UTC; `secrets.limits` says how much a day",
  });
}

function notThere({ registry, isShut }: State, ref: SecretRef, at: string): never {
  const name = ref.source === "vault" ? ref.name : "NAME";
  if (isRevokedId(registry, ref.id) || (ref.source === "hashicorp" && isShut)) {
    throw new Fault("SECRET_REVOKED", {
      message: `\`${ref.id}\` was revoked, or what opens its place`,
      hint: `make a new one at the service, then \`vambrace secrets set ${name}\``,
    });
  }
  if (ref.source === "env") return missing(`\`${at}\``, ref.name);
  const hint = ref.source === "vault" ? `put it there: \`vambrace secrets set ${name}\`` : "put it there";
  throw absent(at, `\`${ref.id}\`, which is not there`, hint);
}

function absent(at: string, what: string, hint: string): Fault {
  return new Fault("SECRET_UNKNOWN", { message: `\`${at}\` names ${what}`, hint });
}
