/**
 * Watching behind its doors: each act of an operator is recorded before it is
 * done, and what protects is done first in memory.
 *
 * @module
 */
import { Fault } from "../../core/fault.ts";
import { parseId, type SessionId } from "../../core/ids.ts";
import type { Caller } from "../../core/ports/gateway.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import type { Watching, WatchStatus } from "../../core/ports/watching.ts";
import type { AccessStep } from "../../steps/access/access.ts";
import type { OpenAlerts } from "../alerts/open.ts";
import { familyOf } from "../freeze.ts";
import type { Standing } from "../incidents/standing.ts";
import type { EngineParts } from "./engine.ts";
import type { Turns } from "./turns.ts";

export type WatchingParts = Pick<EngineParts, "store" | "helpers" | "freeze" | "outbound" | "clock"> & {
  readonly turns: Turns;
  readonly access: AccessStep;
  readonly watch: { readonly alerts: OpenAlerts; readonly standing: Standing };
  readonly may: (caller: Caller) => Caller;
};

export function createWatching(parts: WatchingParts): Watching {
  const { alerts } = parts.watch;
  const keepSilences = (): Promise<void> => alerts.keepSilences();
  const note = (caller: Caller, entry: Pick<LedgerEntry, "what" | "target" | "data">): Promise<unknown> =>
    parts.helpers.ledger.append({ kind: "alert", who: parts.may(caller).person, result: "ok", ...entry });
  return {
    alerts: (caller) => (parts.may(caller), alerts.alerts.state()),
    async silence(caller, { rule, untilMs, why }) {
      const { person } = parts.may(caller);
      const silence = alerts.alerts.silence({ rule, untilMs, by: person, why: parts.outbound.text(why) });
      try {
        await note(caller, {
          what: "alert.silenced",
          target: rule,
          data: { until: new Date(untilMs).toISOString(), why: silence.why },
        });
        await keepSilences();
      } catch (thrown) {
        alerts.alerts.unsilence(rule); // what cannot be recorded and kept is not silent
        throw thrown;
      }
    },
    async unsilence(caller, rule) {
      await note(caller, { what: "alert.unsilenced", target: rule });
      const was = alerts.alerts.unsilence(rule);
      await keepSilences();
      return was;
    },
    test: async (caller, rule) => alerts.alerts.test((parts.may(caller), rule)),
    freeze: async (caller, session, why) => freezeSession(parts, session, { by: parts.may(caller).person, why }),
    async thaw(caller, text) {
      const { person } = parts.may(caller);
      const session = parseId("ses", text);
      if (parts.watch.standing.refresh().frozenSessions.includes(session)) {
        throw new Fault("INCIDENT_CONFLICT", {
          message: `the session ${session.slice(0, 60)} belongs to an open incident`,
          hint: "close the incident first: `vambrace incident list`",
        });
      }
      await parts.helpers.ledger.append(freezeEntry("session.thawed", session, { by: person, why: "" }));
      return parts.freeze.thaw(session);
    },
    endAccess: (caller, why) => endAccess(parts, parts.may(caller), why),
    seal: async (caller, digest) => (parts.may(caller), parts.helpers.seal(digest)),
  };
}

/** In memory first, then ended, then recorded: what protects waits for nothing. */
export async function freezeSession(
  parts: Pick<WatchingParts, "store" | "helpers" | "freeze" | "outbound" | "clock" | "turns">,
  text: string,
  { by, why }: { readonly by: string; readonly why: string },
): Promise<readonly SessionId[]> {
  const session = parseId("ses", text);
  const said = { by, why: parts.outbound.text(why).slice(0, 500), atMs: parts.clock.wallMs() };
  const own = settled(parts.freeze.freeze([session], said));
  const rows = await settled(parts.store.sessions.list());
  const family = rows.status === "fulfilled" ? familyOf(session, rows.value) : [session];
  const all = settled(parts.freeze.freeze(family, said));
  // What runs ends, whatever becomes of keeping it.
  await parts.turns.stopSessions(family, "the session is frozen");
  const done = [await own, await all];
  for (const one of [...done, rows]) if (one.status === "rejected") throw one.reason;
  const fresh = done.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
  for (const one of fresh) await parts.helpers.ledger.append(freezeEntry("session.frozen", one, said));
  return fresh;
}

async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [one] = await Promise.allSettled([work]);
  return one;
}

function freezeEntry(
  what: string,
  session: string,
  { by, why }: { readonly by: string; readonly why: string },
): LedgerEntry {
  return { kind: "stop", who: by, what, target: session, result: "ok", session, data: { why } };
}

async function endAccess(parts: WatchingParts, caller: Caller, why: string): Promise<readonly string[]> {
  const { tokens, logins } = parts.access;
  const data = { why: parts.outbound.text(why).slice(0, 500) };
  // In memory: that waits for no disk. Tokens are ended on the disk, and recorded before.
  await logins.endAll();
  await parts.helpers.ledger.append({
    kind: "token",
    who: caller.person,
    what: "token.end-all",
    target: "-",
    result: "begun",
    data,
  });
  // The one that asks stays: somebody has to go on with what is left to do.
  const others = (await tokens.list()).filter((one) => !one.revoked && one.id !== caller.token);
  const ended: string[] = [];
  for (const { id } of others) if (await tokens.revoke(id, caller.person)) ended.push(id);
  return ended;
}

export function watchStatusOf(parts: Pick<WatchingParts, "freeze" | "watch"> & Pick<EngineParts, "halt">): WatchStatus {
  const { recent, undelivered, rules, swallowed } = parts.watch.alerts.alerts.state();
  const stand = parts.watch.standing.now();
  return {
    alerts: {
      raised: recent.length + swallowed,
      undelivered: undelivered.length,
      silent: rules.filter((rule) => rule.silentUntilMs !== null).map((rule) => rule.name),
    },
    stopped: parts.halt.said(),
    frozen: parts.freeze.list(),
    openIncidents: stand.open,
    servicesOff: [...stand.servicesOff],
    closeWatchUntilMs: stand.closeWatchUntilMs,
  };
}
