/**
 * The audit by the clock: a running gateway looks at its own installation soon
 * after its start and then as often as `audit.everyHours` says, in the cheap
 * form, and records what it found.
 *
 * @module
 */
import type { Readiness } from "../../core/ports/gateway.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Ledger } from "../../core/ports/ledger.ts";
import { atLeast } from "../../core/finding.ts";
import type { Environment } from "../config/environment.ts";
import type { Home } from "../home.ts";

export type ByClockParts = {
  readonly home: Home;
  readonly env: Environment;
  readonly version: string;
  readonly clock: Clock;
  readonly ledger: Pick<Ledger, "append">;
  readonly everyHours: number;
  readonly status: () => Promise<{ readonly halted: boolean; readonly readiness: readonly Readiness[] }>;
  readonly log: {
    readonly warn: (line: string) => void;
    readonly error: (line: string, facts: Readonly<Record<string, unknown>>) => void;
  };
};

/** A start has better things to do. */
const FIRST_MS = 30_000;
const HOUR_MS = 3_600_000;

/** Resolves when the gateway ends. One that fails is told, and the next one comes all the same. */
export async function auditByClock(parts: ByClockParts, ending: AbortSignal): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    const waitMs = isFirst ? FIRST_MS : parts.everyHours * HOUR_MS;
    await parts.clock.sleep(waitMs, ending).catch(() => undefined);
    if (ending.aborted) return;
    await auditOnce(parts, isFirst ? "start" : "schedule").catch((thrown: unknown) =>
      parts.log.error("the security audit could not be made", { error: String(thrown) }),
    );
  }
}

export async function auditOnce(parts: ByClockParts, cause: "start" | "schedule"): Promise<void> {
  const { home, env, version, clock, ledger, log } = parts;
  // Read when it is needed: a gateway that is started does not wait for two hundred checks.
  const { audit, auditRecord, keepRun } = await import("./audit.ts");
  const audited = await audit({
    env,
    home,
    version,
    form: "cheap",
    nowMs: clock.wallMs(),
    ask: async () => {
      const { halted, readiness } = await parts.status();
      return {
        version,
        halted,
        unready: readiness.filter(({ ready }) => !ready).map(({ control, says }) => `${control}: ${says}`),
      };
    },
    prove: () => Promise.reject(new Error("the gateway proves its sandbox itself")),
    vet: () => Promise.resolve(null),
  });
  const { report } = audited;
  await ledger.append({
    kind: "audit",
    who: "gateway",
    what: "audit.done",
    target: "vambrace",
    result: "ok",
    data: auditRecord(report, cause),
  });
  keepRun(audited, cause);
  const fresh = report.open.filter(
    ({ id, severity }) => atLeast(severity, "high") && report.difference?.fresh.includes(id) !== false,
  );
  for (const { id, title } of fresh)
    log.warn(`security audit: ${title} (${id}); \`vambrace security audit\` tells more`);
}
