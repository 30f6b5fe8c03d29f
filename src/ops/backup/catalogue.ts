/**
 * The catalogue: what this machine remembers of the backups that it made, so
 * that nothing is written twice. It can be lost at any time: then the next
 * backup writes everything again.
 *
 * It says nothing that the state folder, in which it lies, does not say.
 *
 * @module
 */
import { z } from "zod";
import type { Digest } from "../../core/json.ts";
import { parseDigest } from "../../core/json.ts";

/** Pack, where it begins there, how long it is. */
const PLACE = z.tuple([z.string(), z.int(), z.int()]);
const FORM = z.strictObject({
  head: z.strictObject({ number: z.int(), root: z.string().transform((text) => parseDigest(text)) }),
  pieces: z.record(z.string(), PLACE),
  files: z.record(
    z.string(),
    z.strictObject({ sign: z.string(), executable: z.boolean(), pieces: z.array(z.string()) }),
  ),
});

export type Place = z.infer<typeof PLACE>;
export type KnownFile = { readonly sign: string; readonly executable: boolean; readonly pieces: readonly string[] };
export type Catalogue = {
  /** The newest backup that this machine made. */
  readonly head: { readonly number: number; readonly root: Digest } | undefined;
  readonly pieces: Map<string, Place>;
  readonly files: Map<string, KnownFile>;
};

/** Where it is kept. */
export type CatalogueFile = { load(): string | undefined; save(text: string): void };

/** What cannot be read counts as lost. */
export function loadCatalogue(file: CatalogueFile): Catalogue {
  try {
    const { head, pieces, files } = FORM.parse(JSON.parse(file.load() ?? ""));
    return { head, pieces: new Map(Object.entries(pieces)), files: new Map(Object.entries(files)) };
  } catch {
    // Absent, cut or of another version: everything is written again, which is always right.
    return { head: undefined, pieces: new Map(), files: new Map() };
  }
}

export function saveCatalogue(file: CatalogueFile, { head, pieces, files }: Catalogue): void {
  file.save(JSON.stringify({ head, pieces: Object.fromEntries(pieces), files: Object.fromEntries(files) }));
}

/** Without what lies in packs that are gone. */
export function stillThere(known: Catalogue, packs: ReadonlySet<string>): Pick<Catalogue, "pieces" | "files"> {
  const pieces = new Map([...known.pieces].filter(([, [pack]]) => packs.has(pack)));
  const files = new Map([...known.files].filter(([, file]) => file.pieces.every((id) => pieces.has(id))));
  return { pieces, files };
}
