/**
 * What stands because of incidents, as the running gateway knows it: read at
 * the start and whenever a step of one was recorded.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Stand } from "../../ops/incident/case.ts";
import { standNow } from "./cases.ts";
import { isClose } from "./close-watch.ts";

export type Standing = {
  now(): Stand;
  /** Reads the case files again. */
  refresh(): Stand;
  isOff(service: string): boolean;
  /** @throws Fault INCIDENT_CONFLICT where nothing may go on yet. */
  mayResume(): void;
};

export function openStanding(home: string, clock: Clock): Standing {
  const startedMs = clock.wallMs();
  let stand = standNow(home, startedMs);
  const refresh = (): Stand => (stand = standNow(home, clock.wallMs()));
  return {
    now: () => stand,
    refresh,
    isOff: (service) => stand.servicesOff.has(service),
    /** INVARIANT(cause-first): also where somebody says `resume` instead of closing the incident. */
    mayResume() {
      const { withoutCause, newestWholeMs } = refresh();
      const [first] = withoutCause;
      if (first !== undefined) {
        throw new Fault("INCIDENT_CONFLICT", {
          message: `the incident ${first} has no recorded cause, so nothing goes on`,
          hint: `find it (\`vambrace incident timeline ${first}\`), then: vambrace incident cause ${first} "…"`,
        });
      }
      if (!isClose(stand) || startedMs > newestWholeMs) return;
      throw new Fault("INCIDENT_CONFLICT", {
        message: "this gateway was started before the incident, and is not under close watch",
        hint: "start it again (`vambrace start`), then `vambrace resume`",
      });
    },
  };
}
