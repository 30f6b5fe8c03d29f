/**
 * The values of a sops file in the order of the file, each opened in its place.
 *
 * Which are encrypted is said by the file's own rules, as sops applies them:
 * a key anywhere on the way to a value decides for it.
 *
 * @module
 */
import { openValue, plainLeaf, type SopsLeaf } from "./sops-value.ts";

export type SopsTree = { readonly [key: string]: unknown };

export type Rules = {
  readonly unencryptedSuffix: string;
  readonly encryptedSuffix: string;
  readonly unencryptedRegex: RegExp | undefined;
  readonly encryptedRegex: RegExp | undefined;
};

export type Walked = {
  /** Keys and numbers of list items, from the root. */
  readonly keys: readonly string[];
  /** Undefined where it does not open, or is nothing that sops knows. */
  readonly leaf: SopsLeaf | undefined;
  readonly isOpened: boolean;
};

const DEPTH_MAX = 100;

export function* walkTree(tree: SopsTree, key: Uint8Array, rules: Rules): Generator<Walked> {
  yield* walk(tree, { key, rules, path: [], keys: [] });
}

type At = {
  readonly key: Uint8Array;
  readonly rules: Rules;
  /** Without the numbers of list items: what is bound into a value. */
  readonly path: readonly string[];
  readonly keys: readonly string[];
};

function* walk(value: unknown, at: At): Generator<Walked> {
  // Nothing is nothing, encrypted or not.
  if (value === null) return;
  if (at.keys.length > DEPTH_MAX) yield { keys: at.keys.slice(0, 5), leaf: undefined, isOpened: false };
  else if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) yield* walk(item, { ...at, keys: [...at.keys, String(i)] });
  } else if (typeof value === "object") {
    for (const [name, member] of Object.entries(value ?? {}))
      yield* walk(member, { ...at, path: [...at.path, name], keys: [...at.keys, name] });
  } else yield leafOf(value, at);
}

function leafOf(value: unknown, { key, rules, path, keys }: At): Walked {
  // An empty text stays one: there is nothing to hide in it.
  if (!isEncryptedAt(path, rules) || value === "") return { keys, leaf: plainLeaf(value), isOpened: false };
  const leaf = typeof value === "string" ? openValue(value, key, `${path.join(":")}:`) : undefined;
  return { keys, leaf, isOpened: true };
}

function isEncryptedAt(path: readonly string[], rules: Rules): boolean {
  const { unencryptedSuffix, encryptedSuffix, unencryptedRegex, encryptedRegex } = rules;
  let isEncrypted = true;
  if (unencryptedSuffix !== "" && path.some((name) => name.endsWith(unencryptedSuffix))) isEncrypted = false;
  if (encryptedSuffix !== "") isEncrypted = path.some((name) => name.endsWith(encryptedSuffix));
  if (unencryptedRegex !== undefined && path.some((name) => unencryptedRegex.test(name))) isEncrypted = false;
  if (encryptedRegex !== undefined) isEncrypted = path.some((name) => encryptedRegex.test(name));
  return isEncrypted;
}
