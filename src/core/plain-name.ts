/**
 * Plain names: what a file's name is to a file system that does not tell case,
 * width or spelling apart, so that a protected name is one in every guise.
 *
 * ext4 with case folding ignores what is drawn as nothing and folds `ſ` and the
 * Kelvin sign; FAT and NTFS drop dots and spaces at the end. The broker's
 * `protected-names.mjs` runs where this file is not, and does the same.
 *
 * @module
 */
const ORDINARY = /^[!-~]*[!--/-~]$/;

export function plainName(name: string): string {
  if (ORDINARY.test(name)) return name.toLowerCase();
  const drawn = name.normalize("NFKD").replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cc}]/gu, "");
  return drawn
    .toUpperCase()
    .toLowerCase()
    .replace(/[. ]+$/, "");
}
