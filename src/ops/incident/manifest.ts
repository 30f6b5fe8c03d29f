/**
 * The manifest of a bundle: every file in it with its digest and size, one a
 * line, sorted. Its own digest is what the ledger's key seals.
 *
 *     vambrace.bundle/v1
 *     <sha256>  <bytes>  <path>
 *
 * @module
 */

export const MANIFEST = "manifest";
export const SEAL = "seal";
/** One thing a line that belongs into the bundle and is not there, with why; absent where all is. */
export const NOT_KEPT = "not-kept.jsonl";
const FIRST = "vambrace.bundle/v1";
const LINE = /^([0-9a-f]{64}) {2}(0|[1-9][0-9]{0,15}) {2}([A-Za-z0-9][A-Za-z0-9._-]{0,100})$/;

export type Listed = { readonly path: string; readonly digest: string; readonly bytes: number };

export function writeManifest(files: readonly Listed[]): string {
  const lines = files
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, digest, bytes }) => `${digest}  ${bytes}  ${path}`);
  return `${[FIRST, ...lines].join("\n")}\n`;
}

/** Undefined where it has another spelling than the one that is written. */
export function parseManifest(text: string): readonly Listed[] | undefined {
  const [first, ...lines] = text.split("\n");
  if (first !== FIRST || lines.pop() !== "") return undefined;
  const files: Listed[] = [];
  for (const line of lines) {
    const [, digest, bytes, path] = LINE.exec(line) ?? [];
    if (digest === undefined || path === undefined) return undefined;
    files.push({ digest, bytes: Number(bytes), path });
  }
  return writeManifest(files) === text && new Set(files.map((file) => file.path)).size === files.length
    ? files
    : undefined;
}
