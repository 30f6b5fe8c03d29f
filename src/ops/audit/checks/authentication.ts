/** Checks of tokens and logins. @module */
import type { Check, Family } from "../check.ts";
import type { TokenFacts } from "../facts-state.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";

const DAY_MS = 86_400_000;
const OLD_DAYS = 90;
const IDLE_DAYS = 30;
const MANY = 20;
const MANY_FAILURES = 10;

/** Tokens that work, without the command line's own. */
function live(at: Installation): readonly TokenFacts[] {
  return need(at.store).tokens.filter(
    ({ revoked, own, expiresMs }) => !revoked && !own && (expiresMs === null || expiresMs > at.nowMs),
  );
}

const name = ({ id, name }: TokenFacts): string => `${name} (${id})`;
const days = (ms: number): number => Math.floor(ms / DAY_MS);

type TokenCheck = Omit<Check, "look"> & { readonly bad: (token: TokenFacts, at: Installation) => string | null };

function tokens({ bad, ...words }: TokenCheck): Check {
  return {
    ...words,
    look: (at) =>
      live(at).flatMap((token) => {
        const says = bad(token, at);
        return says === null ? [] : [`${name(token)}${says}`];
      }),
  };
}

const REVOKE = "`vambrace token revoke ID`, and `vambrace token create` with what it needs";

const perToken: readonly Check[] = [
  tokens({
    id: "auth.token.no-expiry",
    severity: "medium",
    title: "a token never ends",
    why: "A token that leaked works until somebody notices.",
    fix: REVOKE,
    references: ["ASI03", "AML.T0012", "CWE-613"],
    bad: ({ expiresMs }) => (expiresMs === null ? "" : null),
  }),
  tokens({
    id: "auth.token.full-trust",
    severity: "high",
    title: "a program has full trust",
    why: "What it sends counts as your own words: it designates recipients, hosts and paths, and no stranger's text is asked about.",
    fix: REVOKE,
    references: ["ASI03", "LLM06", "CWE-269"],
    bad: ({ trust }) => (trust === "full" ? "" : null),
  }),
  tokens({
    id: "auth.token.administers",
    severity: "high",
    title: "a program may change the configuration or stop the gateway",
    why: "Who has it can take walls down, make further tokens, or halt everything.",
    fix: REVOKE,
    references: ["ASI03", "CWE-269", "CWE-250"],
    bad: ({ permissions }) => {
      const found = permissions.filter((one) => one === "configure" || one === "operate");
      return found.length === 0 ? null : `: ${found.join(", ")}`;
    },
  }),
  tokens({
    id: "auth.token.approves",
    severity: "medium",
    title: "a program may answer approvals",
    why: "A question is there so that a person looks. A program that says yes takes that away.",
    fix: REVOKE,
    references: ["ASI09", "LLM06", "CWE-863"],
    bad: ({ permissions }) => (permissions.includes("approve") ? "" : null),
  }),
  tokens({
    id: "auth.token.old",
    severity: "medium",
    title: `a token is older than ${OLD_DAYS} days`,
    why: "The longer it lives the more places have it: shell histories, backups, logs of other programs.",
    fix: "make a new one and revoke this one",
    references: ["AML.T0012", "CWE-324"],
    bad: ({ createdMs }, { nowMs }) =>
      nowMs - createdMs > OLD_DAYS * DAY_MS ? `, ${days(nowMs - createdMs)} days` : null,
  }),
  tokens({
    id: "auth.token.unused",
    severity: "low",
    title: `a token was not used for ${IDLE_DAYS} days`,
    why: "Nobody would miss it, and nobody would notice who uses it.",
    fix: "revoke it",
    references: ["CWE-1059"],
    bad: ({ createdMs, lastUsedMs }, { nowMs }) =>
      nowMs - Math.max(createdMs, lastUsedMs ?? 0) > IDLE_DAYS * DAY_MS
        ? lastUsedMs === null
          ? ", never used"
          : `, last used ${days(nowMs - lastUsedMs)} days ago`
        : null,
  }),
  tokens({
    id: "auth.token.person-gone",
    severity: "medium",
    title: "a token belongs to a person who is no longer configured",
    why: "It is refused now, and works again on the day when somebody gets that id.",
    fix: "revoke it",
    references: ["ASI03", "CWE-281"],
    bad: ({ person }, at) =>
      person === "owner" || Object.hasOwn(need(at.effective).settings.people, person) ? null : `: ${person}`,
  }),
];

export const authentication: Family = {
  name: "auth",
  says: "tokens, logins, and who tried to get in",
  checks: [
    ...perToken,
    {
      id: "auth.tokens.many",
      severity: "low",
      title: `more than ${MANY} tokens work`,
      why: "Nobody can say of so many who has them.",
      fix: "`vambrace token list`, and revoke what nobody needs",
      references: ["CWE-1059"],
      look: (at) => (live(at).length > MANY ? [`${live(at).length} tokens`] : []),
    },
    {
      id: "auth.cli-token.old",
      severity: "low",
      title: `the command line's own token is older than ${OLD_DAYS} days`,
      why: "It has full trust and lies in a file: each backup of the state folder has it.",
      fix: "end the gateway, remove `cli-token` in the state folder, start it again: it makes a new one",
      references: ["CWE-324"],
      look(at) {
        const made = need(at.store).cliTokenMs;
        return made !== null && at.nowMs - made > OLD_DAYS * DAY_MS ? [`${days(at.nowMs - made)} days`] : [];
      },
    },
    {
      id: "auth.failures",
      severity: "medium",
      title: `more than ${MANY_FAILURES} logins failed within a day`,
      why: "Somebody guesses, or a program of yours has an old token.",
      fix: "`vambrace log search --kind login --result failed` shows from where",
      references: ["AML.T0012", "CWE-307"],
      look(at) {
        const { failedLogins } = need(at.ledger);
        return failedLogins > MANY_FAILURES ? [`${failedLogins} in the last 24 hours`] : [];
      },
    },
  ],
};
