/**
 * Seals: a digest that the ledger's key signs together with the tree as it is
 * then. It binds evidence to the log, by the one key that people keep
 * elsewhere already.
 *
 * INVARIANT(no-second-checkpoint): the text of a seal is never that of a
 * checkpoint: its second line is no number. So nobody who may have something
 * sealed can have a tree signed that is not the ledger's.
 *
 * @module
 */
import type { Digest } from "../core/json.ts";
import { HASH_BYTES } from "./merkle.ts";

const FIRST = "vambrace.seal/v1";

export type Seal = {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  readonly digest: string;
};

/** @param digest of what is sealed. */
export function sealText({ origin, size, root, digest }: Omit<Seal, "digest"> & { readonly digest: Digest }): string {
  return `${FIRST}\nledger ${origin}\n${size}\n${root.toString("base64")}\n${digest}\n`;
}

const TEXT =
  /^vambrace\.seal\/v1\nledger ([^\n]{1,200})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n([0-9a-f]{64})\n$/;

/** The seal in the text of a note, or undefined where it is not one. */
export function parseSeal(text: string): Seal | undefined {
  const [, origin, digits, encoded = "", digest] = TEXT.exec(text) ?? [];
  const root = Buffer.from(encoded, "base64");
  const isOnlySpelling = root.length === HASH_BYTES && root.toString("base64") === encoded;
  if (origin === undefined || digest === undefined || !isOnlySpelling) return undefined;
  return { origin, size: Number(digits), root, digest };
}
