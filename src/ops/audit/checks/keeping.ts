/** Checks of keys as they grow old, and of backups. @module */
import type { Check, Family } from "../check.ts";
import type { BackupFacts } from "../facts-state.ts";
import { need } from "../known.ts";

const DAY_MS = 86_400_000;

export const keys: Family = {
  name: "keys",
  says: "how old keys are, and whose",
  checks: [
    {
      id: "keys.overdue",
      severity: "medium",
      title: "a key is older than it should get",
      why: "The longer a key lives, the more places have it; nobody knows which.",
      fix: "`vambrace secrets rotate ID`",
      references: ["AML.T0055", "CWE-324"],
      look: (at) =>
        need(at.keys).flatMap(({ id, ageDays, dueInDays, state }) =>
          dueInDays <= 0 && state !== "revoked" ? [`${id}: ${ageDays} days`] : [],
        ),
    },
    {
      id: "keys.old-kept",
      severity: "low",
      title: "the value before a key was replaced is still kept",
      why: "It is there to go back to. After a week the new one has shown whether it works.",
      fix: "`vambrace secrets rotate ID --confirm`",
      references: ["AML.T0055", "CWE-324"],
      look: (at) =>
        need(at.keys).flatMap(({ id, ageDays, state }) => (state === "old value kept" && ageDays >= 7 ? [id] : [])),
    },
    {
      id: "keys.no-owner",
      severity: "info",
      title: "nobody is named who answers for a key",
      why: "When it leaks somebody has to be asked.",
      fix: "`vambrace secrets set NAME --owner PERSON`",
      references: ["CWE-1059"],
      look: (at) =>
        need(at.keys).flatMap(({ id, owner, state }) => (owner === null && state !== "revoked" ? [id] : [])),
    },
  ],
};

type Words = Omit<Check, "look">;

/** Of one who only tries it out nothing is lost. */
function used(words: Words, bad: (facts: BackupFacts, nowMs: number) => readonly string[]): Check {
  return {
    ...words,
    look(at) {
      const facts = need(at.backups);
      return facts.inUse ? bad(facts, at.nowMs) : [];
    },
  };
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export const backups: Family = {
  name: "backups",
  says: "backups: made, encrypted, tried out",
  checks: [
    used(
      {
        id: "backups.none",
        severity: "medium",
        title: "there is no backup",
        why: "A disk that dies takes conversations, tokens and the proof of what was done.",
        fix: "write `backup.destination` and `backup.recipients`, then `vambrace backup create`",
        references: ["CWE-1059"],
      },
      ({ destination, createdMs }) =>
        createdMs === null ? [destination === null ? "none is configured" : "none was made yet"] : [],
    ),
    used(
      {
        id: "backups.old",
        severity: "medium",
        title: "the last backup is more than eight days old",
        why: "Everything since would be lost.",
        fix: "`vambrace backup create`, and a `backup.schedule`",
        references: ["CWE-1059"],
      },
      ({ createdMs }, nowMs) => (createdMs !== null && nowMs - createdMs > 8 * DAY_MS ? [day(createdMs)] : []),
    ),
    used(
      {
        id: "backups.failed",
        severity: "medium",
        title: "the last backup failed",
        why: "One that fails each night looks like one that is made.",
        fix: "`vambrace backup create` says why",
        references: ["CWE-703"],
      },
      ({ createdMs, failedMs }) => (failedMs !== null && failedMs > (createdMs ?? 0) ? [day(failedMs)] : []),
    ),
    used(
      {
        id: "backups.unscheduled",
        severity: "low",
        title: "backups are made by hand only",
        why: "What has to be thought of is forgotten.",
        fix: "write `backup.schedule`",
        references: ["CWE-1059"],
      },
      ({ destination, scheduled }) => (destination !== null && !scheduled ? [destination.path] : []),
    ),
    used(
      {
        id: "backups.not-drilled",
        severity: "low",
        title: "nobody tried for 90 days whether a backup can be restored",
        why: "A backup that was never restored is a hope.",
        fix: "`vambrace backup drill`",
        references: ["CWE-1059"],
      },
      ({ createdMs, drilledMs }, nowMs) =>
        createdMs !== null && nowMs - (drilledMs ?? 0) > 90 * DAY_MS
          ? [drilledMs === null ? "never" : day(drilledMs)]
          : [],
    ),
    {
      id: "backups.destination.missing",
      severity: "high",
      title: "the folder for backups is not there",
      why: "A disk that is not mounted takes no backup, or an empty folder takes its place.",
      fix: "mount it, or name another in `backup.destination`",
      references: ["CWE-703"],
      look: (at) => {
        const { destination } = need(at.backups);
        return destination !== null && !destination.isThere ? [destination.path] : [];
      },
    },
    {
      id: "backups.same-disk",
      severity: "low",
      title: "backups lie on the disk that they are of",
      why: "It dies once, and is stolen once.",
      fix: "name a folder on another disk or machine",
      references: ["CWE-1059"],
      look: (at) => {
        const { destination } = need(at.backups);
        return destination !== null && destination.isThere && destination.sameDisk ? [destination.path] : [];
      },
    },
    {
      id: "backups.key-here",
      severity: "low",
      title: "what opens the backups lies on this machine only",
      why: "Whoever takes the machine over reads them all; when it is lost, so are they.",
      fix: "name a recipient of age whose key you keep elsewhere (`backup.recipients`)",
      references: ["CWE-522", "CWE-311"],
      look: (at) => {
        const { recipients, passphrase } = need(at.backups);
        return passphrase && recipients === 0 ? ["backup.passphrase, and no recipient"] : [];
      },
    },
  ],
};
