/** A script for root: whether the rules are in force, asked of the kernel and the services. @module */
import { FIREWALL_TABLE } from "./firewall.ts";
import type { HostFactsForRules } from "./host.ts";

/**
 * What a file says and what the kernel does are two things, and only root may
 * ask the kernel. It changes nothing and needs nothing but the programs that
 * the rules are for; what it cannot ask it says, and that is no success.
 */
export function checkScript(facts: HostFactsForRules, switches: ReadonlyMap<string, string>): string {
  return [HEAD, firewall(facts), services(facts), kernel(switches), listens(facts), END].join("\n");
}

const HEAD = `#!/bin/sh
# Vambrace: are the rules in force? As root; it changes nothing.
# Exit: 0 all are; 1 one is not; 2 one could not be looked at.
set -u
LC_ALL=C; export LC_ALL
wrong=0; dark=0
good() { echo "ok        $1"; }
bad() { echo "WRONG     $1"; wrong=1; }
unseen() { echo "not seen  $1"; dark=1; }
has() { command -v "$1" >/dev/null 2>&1; }
`;

function firewall({ user, port }: HostFactsForRules): string {
  return `# The firewall.
uid=$(id -u '${user}' 2>/dev/null || echo none)
if ! has nft; then unseen "firewall: nft is not installed"
elif ! rules=$(nft -n list ${FIREWALL_TABLE} 2>&1); then
  case $rules in
    *"No such file"*) bad "firewall: the table is not loaded (nft -f nftables-vambrace.nft)" ;;
    *) unseen "firewall: nft cannot ask the kernel (are you root?)" ;;
  esac
else
  need() { if echo "$rules" | grep -Eq -- "$2"; then good "firewall: $1"; else bad "firewall: $1: not so"; fi; }
  need "nobody reaches port ${port} from elsewhere" 'tcp dport ${port} .*drop'
  need "it is about the gateway's user" "skuid != (\\"?${user}\\"?|$uid) accept"
  need "metadata addresses are refused" '169\\.254\\.0\\.0/16'
  need "private addresses are refused" '10\\.0\\.0\\.0/8'
  need "what is not said is refused" '^[[:space:]]*counter .*reject'
  if echo "$rules" | sed '/dport ${port} .*drop/q' | grep -E 'dport ${port} .*accept' | grep -vq -e saddr -e iifname
  then bad "firewall: a rule before the drop lets everybody in"; fi
fi
`;
}

function services({ isWide, stateFolder, installation }: HostFactsForRules): string {
  const watches = [`${stateFolder}/config.yaml`, `${stateFolder}/ledger`, `${stateFolder}/cli-token`, installation];
  return `# fail2ban.
if ! has fail2ban-client; then unseen "fail2ban: it is not installed"
elif fail2ban-client status vambrace >/dev/null 2>&1; then good "fail2ban: the jail runs"
elif fail2ban-client ping >/dev/null 2>&1; then bad "fail2ban: it runs, and has no jail vambrace"
${isWide ? 'else bad "fail2ban: it does not run"; fi' : 'else good "fail2ban: it does not run, and nobody can guess from elsewhere"; fi'}

# auditd.
if ! has auditctl; then unseen "auditd: it is not installed"
elif ! rules=$(auditctl -l 2>/dev/null); then unseen "auditd: the kernel does not answer (a container, or not root)"
else
  for path in ${watches.join(" ")}; do
    if echo "$rules" | grep -Fq -- "-w $path "; then good "auditd: $path is watched"; else bad "auditd: $path is not watched"; fi
  done
  if echo "$rules" | grep -q vambrace-memory; then good "auditd: looking into memory is recorded"; else bad "auditd: looking into memory is not recorded"; fi
fi
`;
}

function kernel(switches: ReadonlyMap<string, string>): string {
  return `# Switches of the kernel: as much, or more.
switch() {
  if ! now=$(sysctl -n "$1" 2>/dev/null); then unseen "kernel: $1 cannot be read"
  elif [ "$3" = least ] && [ "$now" -ge "$2" ]; then good "kernel: $1 is $now"
  elif [ "$now" = "$2" ]; then good "kernel: $1 is $now"
  else bad "kernel: $1 is $now, not $2"; fi
}
${[...switches].map(([name, value]) => `switch ${name} ${value} ${name === "fs.suid_dumpable" ? "exactly" : "least"}`).join("\n")}
`;
}

function listens({ port, isWide }: HostFactsForRules): string {
  return `# What listens, and what leads to it.
if ! has ss; then unseen "listens: ss is not installed"
else
  at=$(ss -Hltn "sport = :${port}" | awk '{print $4}')
  if [ -z "$at" ]; then unseen "listens: nothing does on port ${port} now"
${
  isWide
    ? `  else good "listens: on $at, as configured; the firewall decides who gets there"; fi`
    : `  elif echo "$at" | grep -Ev '^(127\\.|\\[::1\\])' >/dev/null; then bad "listens: beyond this machine, on $at"
  else good "listens: for this machine alone"; fi`
}
fi
if has tailscale; then
  if ! shown=$(tailscale funnel status 2>/dev/null); then unseen "tailscale: it does not answer"
  elif echo "$shown" | grep -q 'Funnel on'; then bad "tailscale: a funnel is open to the internet"
  else good "tailscale: no funnel is open"; fi
fi
`;
}

const END = `if [ "$wrong" = 1 ]; then exit 1; fi
if [ "$dark" = 1 ]; then exit 2; fi
`;
