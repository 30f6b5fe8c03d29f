/**
 * Puts a state folder back from a backup, and leaves a record of it in the new
 * folder: the first gateway that starts on it writes it into the ledger.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { holdLock, type Lock } from "../../edges/store/lock.ts";
import { LOCK_NAME } from "../running.ts";
import type { Depot } from "../../ops/backup/depot.ts";
import { restoreBackup, type Restored } from "../../ops/backup/restore.ts";
import { HOME } from "../../ops/backup/source.ts";
import { leavePending } from "../pending.ts";
import type { OpenedBackup } from "./open.ts";

export type RestoreHome = {
  readonly depot: Depot;
  readonly backup: OpenedBackup;
  /** Absolute: the state folder that comes to be. */
  readonly into: string;
  readonly replace: boolean;
  readonly who: string;
  readonly why: string;
  readonly clock: Clock;
};

/** @throws Fault STATE_IN_USE where a gateway runs on the folder, and all of `restoreBackup`; nothing was changed then. */
export async function restoreHome(parts: RestoreHome): Promise<Restored> {
  const { depot, backup, into, clock } = parts;
  const lock = takeIfThere(into);
  const { number, time, root } = backup.note;
  try {
    return await restoreBackup({
      depot,
      ...backup,
      target: { root: HOME, folder: into },
      replace: parts.replace,
      stamp: stampOf(clock),
      finish: async (draft) =>
        leavePending(draft, {
          kind: "backup",
          what: "backup.restored",
          who: parts.who,
          why: parts.why,
          atMs: clock.wallMs(),
          target: String(number),
          result: "ok",
          data: { made: time, root },
        }),
    });
  } finally {
    lock?.release();
  }
}

/** A gateway that runs there would go on writing into the folder that is put aside. */
function takeIfThere(folder: string): Lock | undefined {
  const path = join(folder, LOCK_NAME);
  if (!existsSync(path)) return undefined;
  const lock = holdLock(path, 0);
  if (lock !== "busy") return lock;
  throw new Fault("STATE_IN_USE", {
    message: `a gateway runs on \`${folder}\``,
    hint: "end it first: `vambrace status` shows its process; or restore to another folder (--into)",
  });
}

export function stampOf(clock: Clock): string {
  const time = new Date(clock.wallMs()).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `${time}-${randomBytes(3).toString("hex")}`;
}
