/** Checks of the ledger, and of what changed since the last run. @module */
import { type Check, type Family } from "../check.ts";
import type { PastRun } from "../facts-state.ts";
import type { Installation } from "../installation.ts";
import { need, Unknown } from "../known.ts";

const DAY_MS = 86_400_000;

const kept: readonly Check[] = [
  {
    id: "ledger.inconsistent",
    severity: "critical",
    title: "the ledger does not fit together",
    why: "A record was changed, cut or damaged: it proves nothing from there on.",
    fix: "keep the folder as it is for evidence; `vambrace log verify` names the record",
    references: ["ASI10", "CWE-354", "CWE-117"],
    look(at) {
      const { report } = need(at.ledger);
      return report?.consistent === false ? [report.problem ?? "it does not fit together"] : [];
    },
  },
  {
    id: "ledger.rolled-back",
    severity: "critical",
    title: "the ledger is not the one that the last audit saw, continued",
    why: "An older copy was put back, or another one built: what happened between is hidden.",
    fix: "keep the folder for evidence, and compare with a checkpoint that lies elsewhere",
    references: ["ASI10", "CWE-354", "CWE-345"],
    look(at) {
      const { continues } = need(at.ledger);
      return continues?.intact === false ? [continues.problem] : [];
    },
  },
  {
    id: "ledger.key.changed",
    severity: "critical",
    title: "the ledger is signed with another key than at the last audit",
    why: "A new key is a new ledger, whatever it tells of the past.",
    fix: "compare `key.pub` with the copy that you keep elsewhere",
    references: ["CWE-345", "CWE-320"],
    look(at) {
      const before = need(at.past)?.publicKey ?? null;
      const now = need(at.ledger).publicKey;
      return before !== null && now !== before
        ? [now === null ? "there is none any more" : now.split("+", 2).join("+")]
        : [];
    },
  },
  {
    id: "ledger.vanished",
    severity: "critical",
    title: "there was a ledger, and there is none",
    why: "Whoever removes it removes what happened.",
    fix: "look who did; put it back from a backup",
    references: ["CWE-778", "CWE-354"],
    look: (at) =>
      (need(at.past)?.checkpoint ?? null) !== null && need(at.ledger).report === null
        ? ["no records, no checkpoint"]
        : [],
  },
  {
    id: "ledger.not-verified",
    severity: "info",
    title: "the ledger was not verified whole",
    why: "It is long; the usual form looks whether it continues the one that it saw last.",
    fix: "`vambrace security audit --deep`, or `vambrace log verify`",
    references: [],
    look(at) {
      // A gateway that looks each day never verifies it whole; a person's run does.
      if (at.form === "cheap") throw new Unknown("the ledger is not verified in this form", true);
      const { report } = need(at.ledger);
      return report?.consistent === null ? [`${report.entries} records`] : [];
    },
  },
  {
    id: "ledger.checkpoint.elsewhere",
    severity: "medium",
    title: "nobody proved the ledger with a checkpoint from elsewhere for 30 days",
    why: "A folder alone cannot show that it was put back or rebuilt.",
    fix: "copy `key.pub` and `checkpoint` to another machine, and run `vambrace log verify --key FILE --checkpoint FILE` with them now and then",
    references: ["CWE-345", "CWE-778"],
    look(at) {
      const { provedMs, report } = need(at.ledger);
      if (report === null || report.entries < 100) return [];
      if (provedMs === null) return ["never"];
      return at.nowMs - provedMs > 30 * DAY_MS ? [`last on ${new Date(provedMs).toISOString().slice(0, 10)}`] : [];
    },
  },
  {
    id: "ledger.pending.old",
    severity: "low",
    title: "records of the command line wait for a gateway since more than a day",
    why: "A change that is not in the ledger yet can be taken away unseen.",
    fix: "start the gateway",
    references: ["CWE-778"],
    look(at) {
      const { pending } = need(at.ledger);
      return pending.oldestMs !== null && at.nowMs - pending.oldestMs > DAY_MS
        ? [`${pending.count}, the oldest of ${new Date(pending.oldestMs).toISOString().slice(0, 10)}`]
        : [];
    },
  },
  {
    id: "ledger.pending.unreadable",
    severity: "medium",
    title: "a record of the command line could not be read",
    why: "What somebody did is recorded only as something that nobody understands.",
    fix: "look into `pending` in the state folder",
    references: ["CWE-778"],
    look: (at) => (need(at.ledger).pending.unreadable > 0 ? [`${need(at.ledger).pending.unreadable}`] : []),
  },
  {
    id: "ledger.outcomes.unknown",
    severity: "medium",
    title: "of an action nobody knows whether it happened",
    why: "It was begun when the gateway was lost. What it may have done has to be looked at by a person.",
    fix: "`vambrace log search --result unknown`",
    references: ["ASI08", "CWE-460"],
    look: (at) =>
      need(at.ledger).unknownOutcomes > 0 ? [`${need(at.ledger).unknownOutcomes} in the last 24 hours`] : [],
  },
  {
    id: "ledger.faults",
    severity: "low",
    title: "more than 20 faults were recorded within a day",
    why: "Something fails again and again, or somebody tries.",
    fix: "`vambrace log search --kind fault`",
    references: ["CWE-703"],
    look: (at) => (need(at.ledger).faults > 20 ? [`${need(at.ledger).faults}`] : []),
  },
];

export const ledger: Family = { name: "ledger", says: "the ledger: whole, continued, provable", checks: kept };

type DriftCheck = Omit<Check, "look"> & { readonly changed: (past: PastRun, at: Installation) => readonly string[] };

/** Nothing to compare with is no change. */
function since({ changed, ...words }: DriftCheck): Check {
  return {
    ...words,
    look(at) {
      const past = need(at.past);
      return past === null ? [] : changed(past, at);
    },
  };
}

const added = (now: readonly string[], before: readonly string[]): readonly string[] =>
  now.filter((one) => !before.includes(one));

export const drift: Family = {
  name: "drift",
  says: "what changed since the last run",
  checks: [
    since({
      id: "drift.config.weaker",
      severity: "medium",
      title: "a weaker mode was turned on since the last run",
      why: "This is how configurations slide: one exception at a time.",
      fix: "take it back, or accept it with a reason and an end",
      references: ["CWE-1188"],
      changed: (past, at) => added(need(at.effective).downgrades, past.downgrades),
    }),
    since({
      id: "drift.people",
      severity: "medium",
      title: "somebody was added, or got more trust or roles, since the last run",
      why: "Who gets in by a changed file looks like somebody whom you invited.",
      fix: "look whether it was you: `vambrace config history`",
      references: ["ASI03", "CWE-269"],
      changed: (past, at) => added(peopleOf(at), past.people),
    }),
    since({
      id: "drift.tokens",
      severity: "low",
      title: "tokens were made since the last run",
      why: "A token that you do not know is somebody's way back.",
      fix: "`vambrace token list`, and revoke what is not yours",
      references: ["ASI03", "AML.T0012"],
      changed: (past, at) => added(tokensOf(at), past.tokens),
    }),
    since({
      id: "drift.policies",
      severity: "medium",
      title: "your own policies were changed since the last run",
      why: "They decide what is asked.",
      fix: "look whether it was you",
      references: ["CWE-863"],
      changed: (past, at) => differs(past.policiesDigest, need(at.policies).digest),
    }),
    since({
      id: "drift.program",
      severity: "high",
      title: "files of the program were changed, and its version was not",
      why: "An update changes both. Anything else is somebody who edits the wall.",
      fix: "install it anew; in a checkout: `git status`",
      references: ["ASI04", "CWE-353", "CWE-494"],
      changed: (past, at) =>
        past.version === at.version ? differs(past.programDigest, need(at.dependencies).programDigest) : [],
    }),
    since({
      id: "drift.packages",
      severity: "high",
      title: "files of a package were changed, and the program's version was not",
      why: "The lockfile says what was installed; this is what lies there now, and what runs.",
      fix: "install anew (`npm ci`), and look who could write there",
      references: ["ASI04", "CWE-353", "CWE-494"],
      changed(past, at) {
        const { packages } = need(at.dependencies);
        if (packages === null) throw new Unknown("packages are read whole in the deep form only", true);
        const before = new Map(Object.entries(past.packages));
        if (past.version !== at.version || before.size === 0) return [];
        const differing = [...packages].filter(([path, digest]) => before.get(path) !== digest).map(([path]) => path);
        const gone = [...before.keys()].filter((path) => !packages.has(path)).map((path) => `${path} is gone`);
        return [...differing, ...gone];
      },
    }),
    since({
      id: "drift.node",
      severity: "low",
      title: "another Node runs the program than at the last run",
      why: "All of the gateway's code runs inside of it.",
      fix: "look whether you updated it",
      references: ["ASI04", "CWE-353"],
      changed: (past, at) => differs(past.nodeDigest, need(at.dependencies).nodeDigest),
    }),
    since({
      id: "drift.bwrap",
      severity: "low",
      title: "bubblewrap is another one than at the last run",
      why: "It is the wall. A package update changes it; nothing else should.",
      fix: "`dpkg --verify bubblewrap`",
      references: ["ASI04", "CWE-353"],
      changed: (past, at) => differs(past.bwrapDigest, need(at.sandbox).bwrapDigest),
    }),
    since({
      id: "drift.audit.old",
      severity: "low",
      title: "nobody looked for more than 30 days",
      why: "The gateway looks each day while it runs.",
      fix: "`vambrace security audit`",
      references: ["CWE-778"],
      changed: (past, at) =>
        at.nowMs - past.atMs > 30 * DAY_MS ? [`last on ${new Date(past.atMs).toISOString().slice(0, 10)}`] : [],
    }),
    since({
      id: "drift.clock",
      severity: "medium",
      title: "the last run lies in the future",
      why: "The clock went back: tokens live longer, and records are out of order.",
      fix: "`timedatectl set-ntp true`",
      references: ["CWE-367"],
      changed: (past, at) => (past.atMs > at.nowMs + 300_000 ? [new Date(past.atMs).toISOString()] : []),
    }),
  ],
};

const differs = (before: string, now: string): readonly string[] =>
  before === "" || now === "" || before === now ? [] : [`${before.slice(0, 12)} became ${now.slice(0, 12)}`];

/** One word for each thing that a person may be by himself. */
export function peopleOf(at: Installation): readonly string[] {
  return Object.entries(need(at.effective).settings.people).flatMap(([id, { trust, roles }]) => [
    `${id}: ${trust}`,
    ...roles.map((role) => `${id}: ${role}`),
  ]);
}

export function tokensOf(at: Installation): readonly string[] {
  return need(at.store)
    .tokens.filter(({ own, revoked }) => !own && !revoked)
    .map(({ id, name }) => `${name} (${id})`);
}
