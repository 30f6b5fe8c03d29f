/** Firewall rules: in to the gateway from nowhere, out for its user by name. @module */
import type { HostFactsForRules } from "./host.ts";

export const FIREWALL_TABLE = "table inet vambrace";
/** Stands for the address of the proxy, which is for a person to write. */
export const PROXY_PLACE = "10.0.0.2";

/**
 * A table of its own, so that loading it changes nothing that is there. What
 * comes in is dropped on the gateway's port only; what goes out is ruled for
 * the gateway's user only: the egress proxy runs as that user and asks for
 * public addresses over 443 (and 80 where a host is listed with it).
 */
export function nftables({ user, port, isWide }: HostFactsForRules): string {
  const door = isWide
    ? `    # The proxy that ends TLS: name its address in place of this one.
    ip saddr ${PROXY_PLACE} tcp dport ${port} accept
    tcp dport ${port} counter drop`
    : `    tcp dport ${port} counter drop`;
  return `#!/usr/sbin/nft -f
# Vambrace: nobody reaches the gateway's port from elsewhere, and its user reaches the internet only.
# A table of its own: loading it again replaces it, and nothing else is changed.
table inet vambrace
delete table inet vambrace
table inet vambrace {
  chain input {
    type filter hook input priority filter - 5; policy accept;
    iif "lo" accept
    ct state established,related accept
${door}
  }

  chain output {
    type filter hook output priority filter - 5; policy accept;
    meta skuid != "${user}" accept
    oif "lo" accept
    ct state established,related accept
    # Names, at the resolver that this machine uses.
    udp dport 53 accept
    tcp dport 53 accept
    # Private, local and metadata addresses: never, whatever a resolver says.
    ip daddr { 0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, 224.0.0.0/4, 240.0.0.0/4 } counter reject with icmpx admin-prohibited
    ip daddr { 168.63.129.16, 100.100.100.200 } counter reject with icmpx admin-prohibited
    ip6 daddr { ::1/128, fc00::/7, fe80::/10, ff00::/8, 64:ff9b::/96, 2002::/16 } counter reject with icmpx admin-prohibited
    # Models and listed hosts.
    tcp dport 443 accept
    # tcp dport 80 accept
    limit rate 10/minute log prefix "vambrace out: " level info
    counter reject with icmpx admin-prohibited
  }
}
`;
}

export function ufwScript({ port, isWide }: HostFactsForRules): string {
  const door = isWide
    ? `ufw allow from ${PROXY_PLACE} to any port ${port} proto tcp comment 'vambrace: the proxy that ends TLS'\n`
    : "";
  return `#!/bin/sh
# Vambrace, for ufw. Rules by user need nftables; ufw has none.
set -eu
ufw default deny incoming
ufw default allow outgoing
${door}ufw deny ${port}/tcp comment 'vambrace: the gateway is for this machine'
ufw allow OpenSSH
ufw enable
`;
}
