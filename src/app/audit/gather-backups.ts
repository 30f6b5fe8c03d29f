/** Backups: what is configured, and what the ledger says was made. @module */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { BackupFacts } from "../../ops/audit/facts-state.ts";
import { eachEntry, searchLedger } from "../../ledger/search.ts";
import type { Loaded } from "../config/load.ts";
import { expand } from "../config/places.ts";
import type { Home } from "../home.ts";
import { readPending } from "../pending.ts";
import { statOf } from "./paths.ts";

/** Fewer records than this are those of somebody who tries it out. */
const IN_USE = 200;

export async function gatherBackups(home: Home, { config, places }: Loaded): Promise<BackupFacts> {
  const { destination, recipients, passphrase, schedule } = config.backup;
  const path = destination === undefined ? undefined : expand(destination, places);
  return {
    destination:
      path === undefined
        ? null
        : { path, isThere: statOf(path)?.isDirectory() === true, sameDisk: sameDisk(path, home.root) },
    recipients: recipients.length,
    passphrase: passphrase !== undefined,
    scheduled: schedule !== undefined,
    ...(await times(home)),
  };
}

function sameDisk(path: string, other: string): boolean {
  return deviceOf(path) === deviceOf(other);
}

/** Of the nearest folder that is there. */
function deviceOf(path: string): number | undefined {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined && path !== dirname(path) ? deviceOf(dirname(path)) : found?.dev;
}

async function times(home: Home): Promise<Pick<BackupFacts, "createdMs" | "failedMs" | "drilledMs" | "inUse">> {
  const last = new Map<string, number>();
  const note = (what: string, atMs: number): void => void last.set(what, Math.max(atMs, last.get(what) ?? 0));
  for (const { pending } of readPending(home.root)) if (pending?.kind === "backup") note(pending.what, pending.atMs);
  const isThere = statOf(home.ledger) !== undefined;
  if (isThere)
    for await (const entry of eachEntry(home.ledger, { kind: "backup" })) note(entry.what, Date.parse(entry.time));
  const [newest] = isThere ? await searchLedger(home.ledger, { limit: 1 }) : [];
  return {
    createdMs: last.get("backup.created") ?? null,
    failedMs: last.get("backup.failed") ?? null,
    drilledMs: last.get("backup.drilled") ?? null,
    inUse: (newest?.index ?? 0) >= IN_USE,
  };
}
