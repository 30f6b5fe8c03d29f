/**
 * The payload of a file of age: 64 KiB at a time, each sealed by
 * ChaCha20-Poly1305 under a key of this file alone, the last one marked as
 * such, so that none can be changed, moved, left out or cut off.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { Fault } from "../../core/fault.ts";
import { headerOf, type Seal } from "./envelope.ts";

export const SEGMENT = 64 * 1024;
const TAG = 16;
const NONCE = 16;
/** Some hundred recipients. */
const HEADER_MAX = 64 * 1024;

export type Sealer = {
  /** What the file begins with. */
  readonly head: Buffer;
  /** Sealed segments, the caller's; what does not fill one waits for more. */
  add(bytes: Uint8Array): Buffer[];
  /** The last segment. Once. */
  end(): Buffer[];
};

/** @param nonce sixteen random bytes, of this file only. */
export function sealer({ header, fileKey }: Seal, nonce: Buffer): Sealer {
  const key = payloadKey(fileKey, nonce);
  const waiting = Buffer.allocUnsafe(SEGMENT);
  let filled = 0;
  let count = 0;
  const seal = (plain: Uint8Array, isLast: boolean): Buffer[] => {
    const cipher = createCipheriv("chacha20-poly1305", key, segmentNonce(count++, isLast), { authTagLength: TAG });
    // Apart, as they come: putting them together would cost as much as sealing them.
    const sealed = cipher.update(plain);
    cipher.final();
    return [sealed, cipher.getAuthTag()];
  };
  return {
    head: Buffer.concat([header, nonce]),
    add(bytes) {
      const sealed: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        // Only when more comes: the last segment of all is marked, and is never empty behind others.
        if (filled === SEGMENT) {
          sealed.push(...seal(waiting, false));
          filled = 0;
        }
        if (filled === 0 && bytes.length - at > SEGMENT) {
          sealed.push(...seal(bytes.subarray(at, at + SEGMENT), false));
          at += SEGMENT;
          continue;
        }
        const piece = bytes.subarray(at, at + SEGMENT - filled);
        waiting.set(piece, filled);
        filled += piece.length;
        at += piece.length;
      }
      return sealed;
    },
    end: () => seal(waiting.subarray(0, filled), true),
  };
}

/**
 * The plain bytes of a file of age, piece by piece, each the caller's. Nothing is given out that was not checked.
 * Pieces of the file are not looked at any more when the next one is asked for.
 *
 * @throws Fault BACKUP_DAMAGED, BACKUP_KEY_WRONG.
 */
export async function* unseal(
  file: AsyncIterable<Buffer>,
  open: (header: Buffer) => Promise<Buffer>,
  name: string,
): AsyncGenerator<Buffer> {
  let head: Buffer = Buffer.alloc(0);
  let key: KeyObject | undefined;
  const window = Buffer.allocUnsafe(SEGMENT + TAG);
  let filled = 0;
  let count = 0;
  for await (const piece of file) {
    let rest: Buffer = piece;
    if (key === undefined) {
      head = Buffer.concat([head, piece]);
      const begun = await begin(head, open, name);
      if (begun === undefined) continue;
      ({ key, held: rest } = begun);
    }
    for (let at = 0; at < rest.length; ) {
      // The last one is known by the end of the file: a whole one is opened only when more comes.
      if (filled === window.length) {
        yield segment({ key, count: count++, isLast: false, name }, window);
        filled = 0;
      }
      if (filled === 0 && rest.length - at > window.length) {
        yield segment({ key, count: count++, isLast: false, name }, rest.subarray(at, at + window.length));
        at += window.length;
        continue;
      }
      const taken = rest.copy(window, filled, at, at + window.length - filled);
      filled += taken;
      at += taken;
    }
  }
  if (key === undefined) throw damaged(name, "it ends within its header");
  const last = segment({ key, count, isLast: true, name }, window.subarray(0, filled));
  if (last.length === 0 && count > 0) throw damaged(name, "its last segment is empty");
  yield last;
}

async function begin(
  held: Buffer,
  open: (header: Buffer) => Promise<Buffer>,
  name: string,
): Promise<{ key: KeyObject; held: Buffer } | undefined> {
  const header = headerOf(held.subarray(0, HEADER_MAX));
  if (header === undefined && held.length > HEADER_MAX) throw damaged(name, "it is not a file of age");
  if (header === undefined || held.length < header.length + NONCE) return undefined;
  const rest = header.length + NONCE;
  return { key: payloadKey(await open(header), held.subarray(header.length, rest)), held: held.subarray(rest) };
}

type Where = { readonly key: KeyObject; readonly count: number; readonly isLast: boolean; readonly name: string };

function segment({ key, count, isLast, name }: Where, sealed: Buffer): Buffer {
  if (sealed.length < TAG) throw damaged(name, "it is cut off");
  const decipher = createDecipheriv("chacha20-poly1305", key, segmentNonce(count, isLast), { authTagLength: TAG });
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
  const plain = decipher.update(sealed.subarray(0, sealed.length - TAG));
  try {
    decipher.final();
  } catch (cause) {
    throw damaged(name, `segment ${count} was changed or cut`, cause);
  }
  return plain;
}

function payloadKey(fileKey: Buffer, nonce: Buffer): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync("sha256", fileKey, nonce, "payload", 32)));
}

/** Eleven bytes of counter, and whether it is the last. */
function segmentNonce(count: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(count, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return nonce;
}

export function damaged(name: string, what: string, cause?: unknown): Fault {
  return new Fault("BACKUP_DAMAGED", {
    message: `the backup's file \`${name.slice(0, 120)}\`: ${what}`,
    hint: "keep the folder as it is; `vambrace backup verify` names everything that is wrong; restore an older backup, or a copy",
    cause,
  });
}
