/**
 * Steps of an incident after it was opened: cause, checklist, services, close,
 * and the review document.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { DurableFiles } from "../../core/ports/disk.ts";
import type { Case } from "../../ops/incident/case.ts";
import { COUNTS, type Counts, countsOf, parseCounts } from "../../ops/incident/counts.ts";
import { MANIFEST } from "../../ops/incident/manifest.ts";
import { survey } from "../../ops/incident/survey.ts";
import { writeReview } from "../../ops/incident/review.ts";
import { parseRotate, type ToRotate } from "../../ops/incident/rotate.ts";
import { OWNER } from "../given.ts";
import type { Home } from "../home.ts";
import { caseFolder, changeCase } from "./cases.ts";
import { readPlain, readPlainText } from "../plain-file.ts";

export type StepParts = { readonly home: Home; readonly files: DurableFiles; readonly clock: Clock };
export type Said = { readonly by: string; readonly atMs: number; readonly note: string };

/** @param change answers the case after it, and what of it stands in the ledger. */
export function takeStep(
  { home, files, clock }: StepParts,
  id: string,
  what: string,
  change: (one: Case, said: (note: string) => Said) => { readonly one: Case; readonly why: string },
): Case {
  const atMs = clock.wallMs();
  return changeCase({ home: home.root, files }, id, (before) => {
    const { one, why } = change(before, (note) => ({ by: OWNER, atMs, note }));
    return { one, step: { who: OWNER, what, why, atMs } };
  });
}

/** Beside the case; an older one stays. @returns its path. */
export async function keepReview({ home, files, clock }: StepParts, one: Case): Promise<string> {
  const { records, foremost, left, reach } = await survey(home.ledger, one);
  const counts = countsOf(one, records.length, left);
  const rows = records.filter(({ index }) => foremost.has(index)).map(({ row }) => row);
  const path = join(caseFolder(home.root, one.id), `review-${clock.wallMs()}.md`);
  files.makeFile(path, writeReview({ one, rows, counts, reach, rotate: rotateIn(home.root, one) }));
  return path;
}

/** As the bundle that the case names lists it; without one there is no list. */
function rotateIn(home: string, one: Case): readonly ToRotate[] {
  if (one.bundle === null) return [];
  try {
    return parseRotate(readPlainText(join(bundleOf(home, one), "rotate.json")));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const name = "the list of the bundle cannot be read";
    return [{ name, state: "by hand", why: "it is damaged", how: "see the copy that lies elsewhere" }];
  }
}

/** What the bundle that the case names holds; undefined where that is not known. */
export function keptOf(home: string, one: Case): Counts | undefined {
  if (one.bundle === null) return undefined;
  try {
    return parseCounts(readPlainText(join(bundleOf(home, one), COUNTS)));
  } catch (error) {
    if (error instanceof Error) return undefined; // gone, or one of before
    throw error;
  }
}

/** @throws Error where no folder has the manifest that the case names. */
function bundleOf(home: string, one: Case): string {
  const folder = caseFolder(home, one.id);
  const found = readdirSync(folder).find(
    (name) => name.startsWith("bundle-") && manifestOf(join(folder, name)) === one.bundle,
  );
  if (found === undefined) throw new Error("the bundle is gone, or its manifest was changed");
  return join(folder, found);
}

function manifestOf(bundle: string): string | undefined {
  try {
    return sha256(readPlain(join(bundle, MANIFEST)));
  } catch (error) {
    if (error instanceof Error) return undefined; // one that was begun and not ended
    throw error;
  }
}
