/**
 * What is known of each session's `/tmp`, where sandboxes are configured
 * `scope: session`: whatever one command of a session could read, and whatever
 * it was made from, may lie there for the next one to read.
 *
 * Labels are only ever joined, also where the broker has emptied the folder
 * meanwhile: it is not asked, and a label that is too strict does no harm.
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
  /** A command begins that can leave there whatever has this label. To be noted before it starts. */
  note(label: Label): void;
};

export type SessionScratch = { of(session: SessionId): Kept };

/** Not `/tmp`: files in a home start programs, so what one command leaves there must not wait for the next. */
export const SCRATCH_HOME = "/dev/shm";

export function createScratch({ idleMs }: { readonly idleMs: number }): SessionScratch {
  const labels = new Map<SessionId, Label>();
  return {
    of(session) {
      const held = labels.get(session);
      return {
        job: { session, idleMs },
        held: held === undefined ? [] : [held],
        note(label) {
          const before = labels.get(session);
          // Without their sources, which would grow with each command.
          labels.set(session, { ...(before === undefined ? label : join(before, label)), sources: [] });
        },
      };
    },
  };
}
