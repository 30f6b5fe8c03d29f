/**
 * Backups by the clock, made by the running gateway beside its work. One at a
 * time; what came due while nobody ran is made at once; one that fails is
 * recorded and comes again at its next time.
 *
 * @module
 */
import { toFault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Ledger } from "../../core/ports/ledger.ts";
import type { Random } from "../../core/ports/random.ts";
import type { StateStore } from "../../core/ports/store.ts";
import type { Created } from "../../ops/backup/create.ts";
import { openVetter } from "../../steps/judge/policy/vet-apart.ts";
import { nextBackup } from "../config/backup.ts";
import type { Environment } from "../config/environment.ts";
import type { Loaded } from "../config/load.ts";

export type BackupSchedule = {
  /** Begins one where it is time. */
  tick(): Promise<void>;
  /** Ends one that is being made; what it wrote is cleared by the next. */
  close(): Promise<void>;
};

export type ScheduleParts = {
  readonly home: string;
  readonly env: Environment;
  readonly loaded: Loaded;
  readonly state: StateStore;
  readonly ledger: Pick<Ledger, "append">;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: (line: string, facts: Readonly<Record<string, unknown>>) => void;
};

/** When the next one is due, and by which schedule. */
const DUE = "backup-due";

export function openBackupSchedule(parts: ScheduleParts): BackupSchedule {
  const { state, clock, loaded } = parts;
  const { schedule } = loaded.config.backup;
  const ending = new AbortController();
  let running: Promise<void> | undefined;
  let looking = false;
  const plan = async (): Promise<void> => {
    const dueMs = nextBackup(loaded.config, clock.wallMs());
    await state.set(DUE, { schedule: schedule ?? "", dueMs });
  };
  return {
    async tick() {
      // Said before anything is awaited: two ticks at once begin one.
      if (schedule === undefined || running !== undefined || looking) return;
      looking = true;
      try {
        const due = await state.get(DUE);
        if (due?.["schedule"] !== schedule) return await plan();
        const { dueMs } = due;
        if (typeof dueMs !== "number" || dueMs > clock.wallMs()) return;
        // Planned before it is begun: one that takes the gateway down with it is not begun again at once.
        await plan();
        running = made(parts, ending.signal).finally(() => (running = undefined));
      } finally {
        looking = false;
      }
    },
    async close() {
      ending.abort(new Error("the gateway ends"));
      await running;
    },
  };
}

async function made(parts: ScheduleParts, signal: AbortSignal): Promise<void> {
  const { ledger, log } = parts;
  try {
    const created = await make(parts, signal);
    const { note, files, bytes, written } = created;
    const data = { root: note.root, files, bytes, written, left: created.left.length, scheduled: true };
    await ledger.append({
      kind: "backup",
      who: "gateway",
      what: "backup.created",
      target: String(note.number),
      result: "ok",
      data,
    });
  } catch (thrown) {
    if (signal.aborted) return;
    const { code, message } = toFault(thrown);
    log("the scheduled backup could not be made", { code, error: message });
    // A ledger that is gone is said by everything else.
    await ledger
      .append({
        kind: "backup",
        who: "gateway",
        what: "backup.failed",
        target: "-",
        result: "failed",
        data: { code, message, scheduled: true },
      })
      .catch((lost: unknown) => log("and that could not be recorded", { error: String(lost) }));
  }
}

async function make({ home, env, clock, random }: ScheduleParts, signal: AbortSignal): Promise<Created> {
  const vetter = openVetter();
  try {
    const { makeBackup } = await import("./make.ts");
    return await makeBackup({ home, env, clock, random, signal, vet: vetter.vet });
  } finally {
    await vetter.close();
  }
}
