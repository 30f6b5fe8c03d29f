/** Checks of accepted risks: an exception that is incomplete or over is none. @module */
import type { Check, Family } from "../check.ts";
import { riskFault, riskName } from "../accept.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import type { AcceptedRisk } from "../settings.ts";

const DAY_MS = 86_400_000;

const risks = (at: Installation): readonly AcceptedRisk[] => need(at.effective).settings.audit.accepted;

function faulty(words: Omit<Check, "look">, kind: "incomplete" | "over"): Check {
  return {
    ...words,
    look: (at) =>
      risks(at).flatMap((risk) => {
        const fault = riskFault(risk, at.nowMs);
        return fault?.kind === kind ? [`${riskName(risk)}: ${fault.says}`] : [];
      }),
  };
}

/** Checks that only the runner can make, because they speak of a whole run. */
export const RUN_WORDS = {
  notRun: {
    id: "audit.not-run",
    title: "checks could not run",
    why: "What was not looked at may be wrong.",
    fix: "see to it that what they need can be read, then run the audit again",
    references: ["CWE-778"],
  },
  overdue: {
    id: "audit.overdue",
    title: "findings are past their deadline",
    why: "A deadline that passes without anybody noticing is none.",
    fix: "mend them, or accept them with a reason and an end",
    references: ["CWE-1059"],
  },
  unneeded: {
    id: "audit.accepted.unneeded",
    title: "a risk is accepted that there is not",
    why: "The exception waits for the day on which the fault comes back, and hides it.",
    fix: "take it out of `audit.accepted`",
    references: ["CWE-1059"],
  },
} as const;

/** @param known ids of every check. */
export function acceptedFamily(known: () => ReadonlySet<string>): Family {
  return {
    name: "audit",
    says: "the audit itself: accepted risks, deadlines, checks that could not run",
    checks: [
      faulty(
        {
          id: "audit.accepted.expired",
          severity: "medium",
          title: "an accepted risk is past its end",
          why: "It no longer counts: the finding is open again.",
          fix: "mend the finding, or decide anew with another end",
          references: ["CWE-1059"],
        },
        "over",
      ),
      faulty(
        {
          id: "audit.accepted.incomplete",
          severity: "medium",
          title: "an accepted risk lacks an owner, a reason, a compensating control or an end",
          why: "It does not count: an exception that nobody answers for is a hole.",
          fix: "write `owner`, `reason`, `control` and `until: YYYY-MM-DD`",
          references: ["CWE-1059"],
        },
        "incomplete",
      ),
      {
        id: "audit.accepted.long",
        severity: "low",
        title: "a risk is accepted for more than a year",
        why: "In a year nobody remembers why.",
        fix: "choose an end within a year",
        references: ["CWE-1059"],
        look: (at) =>
          risks(at)
            .filter(({ until }) => until !== undefined && Date.parse(until) - at.nowMs > 366 * DAY_MS)
            .map(riskName),
      },
      {
        id: "audit.accepted.unknown",
        severity: "low",
        title: "a risk is accepted for a check that there is not",
        why: "It accepts nothing, and looks as if it did.",
        fix: "write the id of a check: `docs/audit.md` lists them",
        references: ["CWE-1059"],
        look: (at) =>
          risks(at)
            .filter(({ check }) => !known().has(check))
            .map(riskName),
      },
    ],
  };
}
