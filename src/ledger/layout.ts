/**
 * Where things lie in a ledger's folder.
 *
 *     checkpoint              the newest published one, a signed note
 *     key  key.pub            the signing key (600), and its verifier key
 *     lock                    held by the writer while it lives
 *     journal/<first record>  what was acknowledged and is not published yet
 *     tile/<L>/<N>            hashes; `.p/<W>` behind one that is not full
 *     tile/entries/<N>        the records themselves
 *
 * Tiles and checkpoint are C2SP tlog-tiles: any client of that format can read
 * them. The journal is our own.
 *
 * @see https://c2sp.org/tlog-tiles
 * @module
 */

export const TILE_WIDTH = 256;
export const CHECKPOINT = "checkpoint";
export const PUBLIC_KEY = "key.pub";
export const JOURNAL = "journal";

/** Largest record in bytes: its length is two bytes in a bundle. */
export const RECORD_BYTES = 65_535;

export type TileLevel = number | "entries";
export type Tile = { readonly level: TileLevel; readonly index: number; readonly width: number };

/** `x001/x234/067` in the format's words: three digits an element, so that no folder grows beyond a thousand. */
export function tilePath({ level, index, width }: Tile): string {
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  }
  return `tile/${level}/${path}${width === TILE_WIDTH ? "" : `.p/${width}`}`;
}

/** The tiles at the right edge of a tree that are not full, the lowest level first. */
export function partialTiles(size: number): Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0, hashes = size; hashes > 0; level++, hashes = Math.floor(hashes / TILE_WIDTH)) {
    const width = hashes % TILE_WIDTH;
    const index = Math.floor(hashes / TILE_WIDTH);
    if (width > 0) tiles.push({ level, index, width });
    if (width > 0 && level === 0) tiles.push({ level: "entries", index, width });
  }
  return tiles;
}

/** Sixteen digits, so that names sort as the records do. */
export function journalPath(first: number): string {
  return `${JOURNAL}/${String(first).padStart(16, "0")}`;
}

/** A record as it stands in a bundle and in the journal: two bytes of length, then the record. */
export function frameRecord(record: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(2 + record.length);
  framed.writeUInt16BE(record.length);
  framed.set(record, 2);
  return framed;
}

/** Where a record lies in its bundle, without its length. */
export type Span = { readonly start: number; readonly end: number };

/** The records of a bundle as far as its lengths lead; `whole` only where they lead exactly to its end. */
export function recordSpans(bundle: Buffer): { readonly spans: Span[]; readonly whole: boolean } {
  const spans: Span[] = [];
  let at = 0;
  while (at + 2 <= bundle.length) {
    const end = at + 2 + bundle.readUInt16BE(at);
    if (end > bundle.length) break;
    spans.push({ start: at + 2, end });
    at = end;
  }
  return { spans, whole: at === bundle.length };
}

export function splitRecords(bundle: Buffer): { readonly records: Buffer[]; readonly whole: boolean } {
  const { spans, whole } = recordSpans(bundle);
  return { records: spans.map(({ start, end }) => bundle.subarray(start, end)), whole };
}
