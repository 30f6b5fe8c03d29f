/**
 * What is known of each session's `/tmp`, where sandboxes are configured
 * `scope: session`: whatever one command of a session could read, and whatever
 * it was made from, may lie there for the next one to read.
 *
 * Labels are only ever joined, also where the broker has emptied the folder
 * meanwhile: it is not asked, and a label that is too strict does no harm.
 * Only sessions that ran nothing for long are forgotten: the broker keeps the
 * folders of far fewer.
 *
 * @module
 */
import type { SessionId } from "../../core/ids.ts";
import { join, type Label } from "../../core/label.ts";
import type { Job } from "../../core/ports/executor.ts";

/** Of one call. */
export type Kept = {
  readonly job: NonNullable<Job["scratch"]>;
  /** What may lie there, as one label; nothing where no command of the session has run. */
  readonly held: readonly Label[];
  /** A command begins that can leave there whatever has this label. To be noted before it starts. @returns to be called at its end. */
  note(label: Label): () => void;
};

export type SessionScratch = {
  of(session: SessionId): Kept;
  /** For the bound's own test. */
  readonly size: number;
};

/** Sessions in which nothing runs; of the broker's folders that are not in use, 32 last. */
const KEPT = 1_000;

type Entry = { label: Label; running: number };

/** Not `/tmp`: files in a home start programs, so what one command leaves there must not wait for the next. */
export const SCRATCH_HOME = "/dev/shm";

export function createScratch({ idleMs }: { readonly idleMs: number }): SessionScratch {
  const entries = new Map<SessionId, Entry>();
  const forget = (): void => {
    if (entries.size <= KEPT) return;
    const oldest = entries.entries().find(([, { running }]) => running === 0);
    if (oldest !== undefined) entries.delete(oldest[0]);
  };
  return {
    of(session) {
      const held = entries.get(session)?.label;
      return {
        job: { session, idleMs },
        held: held === undefined ? [] : [held],
        note(label) {
          const before = entries.get(session);
          const entry = before ?? { label, running: 0 };
          // Without their sources, which would grow with each command.
          entry.label = { ...(before === undefined ? label : join(before.label, label)), sources: [] };
          entry.running += 1;
          // To the end of the row: the first of it ran nothing for longest.
          entries.delete(session);
          entries.set(session, entry);
          forget();
          return () => void (entry.running -= 1);
        },
      };
    },
    get size() {
      return entries.size;
    },
  };
}
