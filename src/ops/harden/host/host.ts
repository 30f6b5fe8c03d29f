/**
 * Hardening of the machine, written for a person to look at: nothing of it is
 * applied. Each file says what it is for and where it goes.
 *
 * @module
 */
import { auditRules } from "./auditd.ts";
import { fail2banFilter, fail2banJail } from "./fail2ban.ts";
import { nftables, ufwScript } from "./firewall.ts";
import { checkScript } from "./inspect.ts";
import { SWITCHES, sysctls, systemdUnit } from "./service.ts";
import { bindingGuide } from "./vpn.ts";

export type HostFactsForRules = {
  /** The user that runs the gateway; may be one that is still to be made. */
  readonly user: string;
  readonly userHome: string;
  readonly stateFolder: string;
  readonly installation: string;
  readonly workspaces: readonly string[];
  readonly port: number;
  /** Whether the gateway is reached from elsewhere. */
  readonly isWide: boolean;
  /** The command that starts it: absolute. */
  readonly program: string;
  readonly logFile: string;
};

export type HostFile = { readonly name: string; readonly text: string };

/** Names by which programs know a user, a path in a rule: a place for nothing else. */
const SAFE = /^[A-Za-z0-9_./@+-]+$/;

/** What cannot stand in a rule without changing its meaning; empty: all can. */
export function unsafeIn(facts: HostFactsForRules): readonly string[] {
  const words = [
    facts.user,
    facts.userHome,
    facts.stateFolder,
    facts.installation,
    facts.program,
    facts.logFile,
    ...facts.workspaces,
  ];
  return words.filter((word) => !SAFE.test(word));
}

export function hostFiles(facts: HostFactsForRules): readonly HostFile[] {
  const files = [
    { name: "nftables-vambrace.nft", text: nftables(facts) },
    { name: "ufw-vambrace.sh", text: ufwScript(facts) },
    { name: "fail2ban/filter.d/vambrace.conf", text: fail2banFilter() },
    { name: "fail2ban/jail.d/vambrace.local", text: fail2banJail(facts) },
    { name: "audit/rules.d/vambrace.rules", text: auditRules(facts) },
    { name: "sysctl.d/60-vambrace.conf", text: sysctls() },
    { name: "systemd/vambrace.service", text: systemdUnit(facts) },
    { name: "check.sh", text: checkScript(facts, SWITCHES) },
    { name: "vpn.md", text: bindingGuide(facts) },
  ];
  return [{ name: "README.md", text: readme(files) }, ...files];
}

const WHERE: ReadonlyMap<string, string> = new Map([
  ["nftables-vambrace.nft", "try: `nft -c -f FILE`; load: `nft -f FILE`; keep: include it in /etc/nftables.conf"],
  ["ufw-vambrace.sh", "the same for ufw, where that is what you use; not both"],
  ["fail2ban/filter.d/vambrace.conf", "/etc/fail2ban/filter.d/; try: `fail2ban-regex LOG FILE`"],
  ["fail2ban/jail.d/vambrace.local", "/etc/fail2ban/jail.d/, then `fail2ban-client reload`"],
  ["audit/rules.d/vambrace.rules", "/etc/audit/rules.d/, then `augenrules --load`"],
  ["sysctl.d/60-vambrace.conf", "/etc/sysctl.d/, then `sysctl --system`"],
  [
    "systemd/vambrace.service",
    "/etc/systemd/system/, then `systemctl daemon-reload` and `systemctl enable --now vambrace`",
  ],
  ["check.sh", "`sh check.sh` as root, once the rest is in place and after each restart: are the rules in force?"],
  ["vpn.md", "how to reach the gateway from elsewhere without opening it"],
]);

function readme(files: readonly HostFile[]): string {
  const lines = files.map(({ name }) => `- \`${name}\`: ${WHERE.get(name) ?? ""}`);
  return `# Hardening of the machine, for review

Nothing here was applied. Read each file, change what does not fit, then put it in place as root.

${lines.join("\n")}
`;
}
