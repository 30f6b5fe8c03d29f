/** An audit as the command line runs it: beside a gateway, or without one. @module */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { z } from "zod";
import { audit, type AuditCause, type Audited, auditRecord, keepRun } from "../../app/audit/audit.ts";
import type { Answer } from "../../app/audit/processes.ts";
import { type Environment, stateFolder } from "../../app/config/environment.ts";
import { loadConfig } from "../../app/config/load.ts";
import { containerSettings } from "../../app/config/settings.ts";
import { type Home, homeAt } from "../../app/home.ts";
import { packageVersion } from "../../app/version.ts";
import { leavePending } from "../../app/pending.ts";
import { systemClock, systemRandom } from "../../app/system.ts";
import { Fault, toFault } from "../../core/fault.ts";
import type { AuditForm } from "../../ops/audit/installation.ts";
import type { Io } from "../command.ts";
import { during } from "../progress.ts";

export type Place = { readonly env: Environment; readonly home: Home };

/** @param folder the one that contains `.vambrace`; absent: as everywhere. @throws Fault COMMAND_USAGE */
export function placeOf(io: Io, folder: string | undefined): Place {
  if (folder === undefined) return { env: io.env, home: homeAt(stateFolder(io.env)) };
  const whole = resolve(folder);
  if (!existsSync(join(whole, ".vambrace"))) {
    throw new Fault("COMMAND_USAGE", {
      message: `there is no \`.vambrace\` in \`${folder.slice(0, 200)}\``,
      hint: "name the folder that contains it, as a home folder does",
    });
  }
  const { VAMBRACE_HOME: _, ...rest } = io.env;
  return { env: { ...rest, HOME: whole }, home: homeAt(join(whole, ".vambrace")) };
}

export async function auditHere(io: Io, { env, home }: Place, form: AuditForm): Promise<Audited> {
  return during(io, "looking for what is unsafe", () =>
    audit({
      env,
      home,
      form,
      version: packageVersion(),
      nowMs: systemClock.wallMs(),
      ask: () => ask({ ...io, env }),
      // Read when it is needed: a proof that is still good needs no broker.
      prove: async (proofForm) =>
        (await import("../../app/proving.ts")).proveAlone({
          home,
          clock: systemClock,
          random: systemRandom,
          log: () => undefined,
          form: proofForm,
          container: containerOf({ env, home }),
        }),
      vet: () => vet({ env, home }),
    }),
  );
}

/** A configuration that cannot be read has findings of its own; what ships is tried out then. */
function containerOf({ env, home }: Place) {
  try {
    return containerSettings(loadConfig({ home: home.root, env }).config);
  } catch (thrown) {
    if (thrown instanceof Fault) return null;
    throw thrown;
  }
}

async function vet({ env, home }: Place): Promise<string | null> {
  try {
    const { config, places } = loadConfig({ home: home.root, env });
    const { toPosture } = await import("../../app/config/posture.ts");
    const { judgeOn } = await import("../judging.ts");
    const { readPolicies } = await import("../../app/policies.ts");
    await judgeOn({ posture: toPosture(config, places), policies: readPolicies(home.policies) });
    return null;
  } catch (thrown) {
    return toFault(thrown).message;
  }
}

const Status = z.looseObject({
  version: z.string(),
  halted: z.boolean(),
  readiness: z.array(z.looseObject({ control: z.string(), ready: z.boolean(), says: z.string() })),
});

async function ask(io: Io): Promise<Answer | null> {
  try {
    const { connect } = await import("../client.ts");
    const { version, halted, readiness } = await connect(io).get("/api/status", Status);
    const unready = readiness.filter(({ ready }) => !ready).map(({ control, says }) => `${control}: ${says}`);
    return { version, halted, unready };
  } catch (thrown) {
    // That it does not answer is what the checks then say.
    if (thrown instanceof Fault) return null;
    throw thrown;
  }
}

/**
 * Kept for the next run, and left for the ledger.
 *
 * @returns why it could not be: what was found is shown all the same.
 */
export function recordAudit(home: Home, audited: Audited, cause: AuditCause): string | undefined {
  if (!existsSync(home.root)) return undefined;
  const { report } = audited;
  const why = { who: "owner", why: cause, atMs: report.atMs };
  try {
    leavePending(home.root, { kind: "audit", ...why, data: auditRecord(report, cause) });
    keepRun(audited, cause);
    return undefined;
  } catch (thrown) {
    return toFault(thrown).message;
  }
}
