/**
 * Keys that their issuer published itself: in the sources of a client library
 * that everybody can download. By shape they are real; they are nobody's secret.
 *
 * Kept as the beginnings of SHA-256 digests, so that no scanner takes this file
 * for a leak. Data: whoever adds to it says where the issuer published the value.
 *
 * @module
 */
import { sha256 } from "../../../core/json.ts";

const KEPT = 16;

/**
 * Every whole Google key in the sources of Google's `firebase-android-sdk` (samples and tests of the library), as they
 * were in December 2018, in June of each year from 2019 to 2024, and in August 2026.
 *
 * @see docs/decisions/0049-published-keys.md
 */
const GOOGLE =
  "2037abcaffb2b777 27a9a42931dff7eb 37f8f09bdf12c2f2 3f370c9dd8225c63 49f777db995e8260 4c98242dcadc8b29 6ca6473b42d9c17e 8731261cb72d8626 a19f89ab3555eac1 dc0fcf046c61640c e4a5542bb7fd7b67 ea9bb1082cf95663 eb540d2b6ee2a0a4";

const PUBLISHED: ReadonlySet<string> = new Set(GOOGLE.split(" "));

export function isPublished(value: string): boolean {
  return PUBLISHED.has(sha256(value).slice(0, KEPT));
}
