/** A filter and a jail for fail2ban, on the gateway's own log of failed logins. @module */
import type { HostFactsForRules } from "./host.ts";

/**
 * The line that the gateway writes for a login that was refused: JSON, its
 * members always in this order. What a client chose (`path`) is escaped there,
 * so it cannot put an address of its choice in the place of its own.
 */
export function fail2banFilter(): string {
  return `# Vambrace: logins that were refused, from the gateway's log (one JSON object a line).
# Nothing that a client wrote can stand in for its address: quotes in a path are escaped.
[Definition]
failregex = ^\\{"level":\\d+,(?:"time":"[^"]*")?,"request":"[^"]*","method":"[A-Z]+","path":"(?:[^"\\\\]|\\\\.)*","from":"<ADDR>","status":(?:401|429),"code":"AUTH_(?:REFUSED|LOCKED)"
ignoreregex =
datepattern = "time":"%%Y-%%m-%%dT%%H:%%M:%%S(?:\\.%%f)?Z"
`;
}

export function fail2banJail({ logFile, port }: HostFactsForRules): string {
  return `# Vambrace: the gateway locks an address out for a quarter of an hour; this keeps it away for a day.
# Behind a proxy the addresses are real only where \`gateway.trustedProxies\` names it.
[vambrace]
enabled  = true
filter   = vambrace
backend  = auto
logpath  = ${logFile}
logtimezone = UTC
port     = ${port}
maxretry = 10
findtime = 15m
bantime  = 1d
`;
}
