/**
 * Opening an incident, in the order that a night needs: contain, then write
 * the case down, then end access, then keep the evidence. A step that fails is
 * said and the next one is taken all the same: the more is kept the better.
 *
 * @module
 */
import type { Digest } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { DurableFiles } from "../../core/ports/disk.ts";
import type { Random } from "../../core/ports/random.ts";
import type { Bundle } from "../../ops/incident/bundle.ts";
import { type Case, newCase } from "../../ops/incident/case.ts";
import type { Counts } from "../../ops/incident/counts.ts";
import { whyOf } from "../../ops/incident/gather.ts";
import type { Reach } from "../../ops/incident/reach.ts";
import type { ToRotate } from "../../ops/incident/rotate.ts";
import type { Environment } from "../config/environment.ts";
import type { Loaded } from "../config/load.ts";
import { OWNER } from "../given.ts";
import type { Home } from "../home.ts";
import { type CaseStep, changeCase, loadCase, openCase } from "./cases.ts";
import { keepEvidence } from "./evidence.ts";

/** What is done differently with a gateway, without one, and with one that does not answer. */
export type Reachable = {
  readonly stop: (reason: string) => Promise<void>;
  readonly freeze: (session: string, why: string) => Promise<void>;
  /** Ids of the tokens that were ended; undefined: no gateway runs, so none reaches anything, and none was ended. */
  readonly endAccess: (why: string) => Promise<readonly string[] | undefined>;
  /** Everything that was appended can be read as tiles; answers the checkpoint. */
  readonly publish: () => Promise<string>;
  readonly seal: (digest: Digest) => Promise<string>;
};

export type IncidentParts = {
  readonly home: Home;
  readonly files: DurableFiles;
  /** Undefined where it cannot be read: then what it names is not known, and that is said. */
  readonly loaded: Loaded | undefined;
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  readonly gateway: Reachable;
  readonly tell: (line: string) => void;
};

export type OpenRequest = {
  readonly session: string | null;
  readonly call: string | null;
  readonly reason: string;
  readonly sinceMs: number;
  readonly withoutWorkspace: boolean;
};

export type Opened = {
  readonly one: Case;
  readonly counts: Counts;
  readonly reach: Reach;
  readonly rotate: readonly ToRotate[];
  /** Undefined: not even its folder could be made. */
  readonly bundle: Bundle | undefined;
  /** What was not done, and why; empty: all was. */
  readonly failed: readonly string[];
};

export type Attempts = {
  /** Takes a step; what it throws is said and kept, and the next one is taken. */
  readonly attempt: <T>(what: string, work: () => T | Promise<T>) => Promise<T | undefined>;
  readonly note: (problem: string) => void;
  readonly failed: readonly string[];
};

export async function openIncident(parts: IncidentParts, request: OpenRequest): Promise<Opened> {
  const { home, clock, gateway } = parts;
  const attempts = openAttempts(parts.tell);
  const { attempt, failed } = attempts;
  const { session, call, reason, sinceMs } = request;
  const id = newIncidentId(parts);
  const why = `incident ${id}`;
  await attempt("contain", () => (session === null ? gateway.stop(why) : gateway.freeze(session, why)));
  const one = newCase({ id, openedMs: clock.wallMs(), by: OWNER, reason, session, call, sinceMs });
  const cases = { home: home.root, files: parts.files };
  const opening: CaseStep = { who: OWNER, what: "incident.opened", why: reason, atMs: clock.wallMs() };
  // What stands in it is enforced: it comes right after what ends things now.
  const isWritten = (await attempt("write the case file", () => openCase(cases, one, opening))) !== undefined;
  if (isWritten)
    parts.tell(`opened ${id}: ${session === null ? "everything is stopped" : `the session ${session} is frozen`}`);
  const ended = one.tokensEnded ?? (await endAccess(parts, attempts, why));
  const contained = { ...one, tokensEnded: ended };
  const kept = await keepEvidence(parts, contained, attempts, request);
  const manifest = kept.bundle?.manifest ?? null;
  const now = { ...contained, bundle: manifest };
  await attempt("write down what was kept", () =>
    isWritten
      ? changeCase(cases, id, (was) => ({
          one: { ...was, tokensEnded: ended, bundle: manifest },
          step: keptStep(parts, manifest),
        }))
      : openCase(cases, now, opening),
  );
  return { one: now, ...kept, failed: [...failed] };
}

/** Keeps the evidence as it is now, beside what was kept before; what opening could not end is ended. */
export async function bundleAgain(
  parts: IncidentParts,
  id: string,
  request: Pick<OpenRequest, "withoutWorkspace">,
): Promise<Opened> {
  const attempts = openAttempts(parts.tell);
  const { attempt, failed } = attempts;
  const before = loadCase(parts.home.root, id);
  // Once the cause is known new tokens are given out: those are not ended by this.
  const isContaining = before.tokensEnded === null && before.cause === null;
  const tokensEnded = isContaining ? await endAccess(parts, attempts, `incident ${id}`) : before.tokensEnded;
  const one = { ...before, tokensEnded };
  const kept = await keepEvidence(parts, one, attempts, request);
  const manifest = kept.bundle?.manifest ?? null;
  const changed = await attempt("write down what was kept", () =>
    changeCase({ home: parts.home.root, files: parts.files }, id, (was) => ({
      one: { ...was, tokensEnded: was.tokensEnded ?? tokensEnded, bundle: manifest ?? was.bundle },
      step: keptStep(parts, manifest),
    })),
  );
  return { one: changed ?? one, ...kept, failed: [...failed] };
}

async function endAccess({ gateway }: IncidentParts, { attempt }: Attempts, why: string): Promise<string[] | null> {
  const ended = await attempt("end access", () => gateway.endAccess(why));
  return ended === undefined ? null : [...ended];
}

function keptStep({ clock }: IncidentParts, manifest: Digest | null): CaseStep {
  const atMs = clock.wallMs();
  return manifest === null
    ? { who: OWNER, what: "incident.contained", why: "no bundle could be sealed", atMs }
    : { who: OWNER, what: "incident.bundled", why: manifest, atMs };
}

function openAttempts(tell: (line: string) => void): Attempts {
  const failed: string[] = [];
  const note = (problem: string): void => {
    failed.push(problem);
    tell(`FAILED: ${problem}`);
  };
  return {
    failed,
    note,
    async attempt(what, work) {
      try {
        return await work();
      } catch (thrown) {
        note(`${what}: ${whyOf(thrown)}`);
        return undefined;
      }
    },
  };
}

/** Names sort as they were opened. */
function newIncidentId({ clock, random }: IncidentParts): string {
  const time = new Date(clock.wallMs())
    .toISOString()
    .replaceAll(/[^0-9]/g, "")
    .slice(0, 14);
  return `inc_${time}${Buffer.from(random.bytes(4)).toString("hex")}`;
}
