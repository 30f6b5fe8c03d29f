/** Checks of the rules that `harden --host` writes: whether they are in place, and still fit. @module */
import type { Check } from "../check.ts";
import type { PlacedRules } from "../facts-host.ts";
import type { Installation } from "../installation.ts";
import { need, Unknown } from "../known.ts";

const SCRIPT = "as root: `sh check.sh`, which `vambrace harden --host DIR` writes, asks the kernel and the services";

/** What is not to be seen is no answer; inside a container the machine's rules are the machine's. */
function rules(at: Installation, kind: PlacedRules["kind"]): readonly PlacedRules[] {
  if (need(at.host).inContainer) return [];
  const found = need(at.rules).filter((one) => one.kind === kind);
  if (found.some(({ state }) => state === "unseen"))
    throw new Unknown(`the machine's rules for ${kind} can be read by root only (${SCRIPT})`);
  return found;
}

const isAbsent = (at: Installation, kind: PlacedRules["kind"]): boolean =>
  rules(at, kind).some(({ state }) => state === "absent");

/** Of what was put in place; whether it is loaded is for root to ask. */
function stale(at: Installation, kind: PlacedRules["kind"]): readonly string[] {
  return rules(at, kind).flatMap(({ path, lacks }) =>
    lacks.length === 0 ? [] : [`${path ?? kind} lacks \`${lacks[0] ?? ""}\`${lacks.length > 1 ? " and more" : ""}`],
  );
}

const STALE = {
  severity: "medium",
  why: "A rule for another port, user or folder guards nothing, and looks as if it did.",
  fix: `write them anew (\`vambrace harden --host DIR\`), compare, put them in place; ${SCRIPT}`,
  references: ["CWE-1188", "CWE-693"],
} as const;

export const rulesInPlace: readonly Check[] = [
  {
    id: "host.rules.firewall",
    severity: "low",
    title: "no rule of the firewall holds the gateway's user to the internet",
    why: "The egress proxy refuses private and metadata addresses; a rule of the kernel does so too where the proxy was broken.",
    fix: `\`vambrace harden --host DIR\` writes it for review; ${SCRIPT}`,
    references: ["ASI02", "CWE-918", "CWE-668"],
    look: (at) => (isAbsent(at, "firewall") ? ["`nftables-vambrace.nft` is not in place"] : []),
  },
  {
    id: "host.rules.auditd",
    severity: "info",
    title: "auditd runs, and has no rules for the state folder",
    why: "It records what others do with the ledger, the keys and the program only where it is told to.",
    fix: `\`vambrace harden --host DIR\` writes them for review; ${SCRIPT}`,
    references: ["CWE-778"],
    look: (at) =>
      need(at.host).auditd && isAbsent(at, "auditd") ? ["`audit/rules.d/vambrace.rules` is not in place"] : [],
  },
  {
    id: "host.rules.fail2ban",
    severity: "low",
    title: "fail2ban runs, and has no jail for the gateway",
    why: "It bans who guesses at what it is told of, and nobody told it of the gateway.",
    fix: `\`vambrace harden --host DIR\` writes filter and jail for review; ${SCRIPT}`,
    references: ["CWE-307"],
    look: (at) => (need(at.host).fail2ban && isAbsent(at, "fail2ban") ? ["filter or jail are not in place"] : []),
  },
  {
    ...STALE,
    id: "host.rules.firewall.stale",
    title: "the firewall's rule is not the one for this gateway",
    look: (at) => stale(at, "firewall"),
  },
  {
    ...STALE,
    id: "host.rules.auditd.stale",
    title: "auditd's rules are not the ones for this installation",
    look: (at) => (need(at.host).auditd ? stale(at, "auditd") : []),
  },
  {
    ...STALE,
    id: "host.rules.fail2ban.stale",
    title: "fail2ban's filter or jail is not the one for this gateway",
    look: (at) => (need(at.host).fail2ban ? stale(at, "fail2ban") : []),
  },
  {
    ...STALE,
    id: "host.rules.service.stale",
    title: "the service's unit lacks a wall, or is for another installation",
    look: (at) => stale(at, "service"),
  },
];
