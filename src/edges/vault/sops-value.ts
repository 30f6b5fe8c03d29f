/**
 * One value of a sops file: `ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`. The
 * place where it stands is bound into it, so that a value which was moved does
 * not open.
 *
 * @see https://getsops.io/docs/ ("Encryption protocol")
 * @module
 */
import { createDecipheriv } from "node:crypto";

const ENCRYPTED =
  /^ENC\[AES256_GCM,data:([A-Za-z0-9+/]*={0,2}),iv:([A-Za-z0-9+/]+={0,2}),tag:([A-Za-z0-9+/]+={0,2}),type:(str|int|float|bool|bytes|comment)\]$/;

/** A value as sops counts it in its MAC. */
export type SopsLeaf = { readonly type: string; readonly bytes: Buffer };

/** @param place keys from the root, without the numbers of list items. @returns undefined where it does not open. */
export function openValue(text: string, key: Uint8Array, place: string): SopsLeaf | undefined {
  const [, data, iv, tag, type] = ENCRYPTED.exec(text) ?? [];
  if (data === undefined || iv === undefined || tag === undefined || type === undefined) return undefined;
  try {
    // Without the length Node would take a short tag too, which is easier to forge.
    const opener = createDecipheriv("aes-256-gcm", key, Buffer.from(iv, "base64"), { authTagLength: 16 });
    opener.setAAD(Buffer.from(place));
    opener.setAuthTag(Buffer.from(tag, "base64"));
    return { type, bytes: Buffer.concat([opener.update(Buffer.from(data, "base64")), opener.final()]) };
  } catch {
    // The caller says which file, and that nothing of it is used.
    return undefined;
  }
}

/** A value that stands in clear, as the MAC counts it; undefined where sops would not know it. */
export function plainLeaf(value: unknown): SopsLeaf | undefined {
  const leaf = (type: string, text: string): SopsLeaf => ({ type, bytes: Buffer.from(text) });
  if (typeof value === "string") return leaf("str", value);
  if (typeof value === "boolean") return leaf("bool", value ? "True" : "False");
  if (typeof value === "bigint") return leaf("int", String(value));
  return typeof value === "number" && Number.isFinite(value) ? leaf("float", withoutExponent(value)) : undefined;
}

/** As Go's `'f'` format with the least digits: never `1e+21`. */
export function withoutExponent(value: number): string {
  const [, sign = "", whole = "", part = "", power = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value)) ?? [];
  const digits = whole + part;
  const point = whole.length + Number(power);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`.replace(/\.$/, "");
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
