/** The gateway as a service of systemd, and switches of the kernel. @module */
import type { HostFactsForRules } from "./host.ts";

/**
 * bubblewrap makes namespaces and mounts inside of them, so what forbids these
 * to a service cannot be used; control groups are delegated so that limits
 * count for a whole sandbox.
 */
export function systemdUnit({ user, stateFolder, workspaces, program }: HostFactsForRules): string {
  return `# Vambrace as a service. Keys go into the environment file, mode 600, owned by root.
[Unit]
Description=Vambrace gateway
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
User=${user}
EnvironmentFile=-/etc/vambrace/environment
Environment=VAMBRACE_HOME=${stateFolder}
ExecStart=${program} start
Restart=on-failure
RestartSec=5s
TimeoutStopSec=30s
KillMode=mixed

# Limits of sandboxes are kept by control groups below this one.
Delegate=yes
TasksMax=4096
MemoryMax=75%
LimitCORE=0

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
UMask=0077
ProtectSystem=strict
ReadWritePaths=${[stateFolder, ...workspaces].join(" ")}
PrivateTmp=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
RestrictSUIDSGID=yes
RestrictRealtime=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
IPAddressDeny=link-local multicast

[Install]
WantedBy=multi-user.target
`;
}

export const SWITCHES: ReadonlyMap<string, string> = new Map([
  ["kernel.randomize_va_space", "2"],
  ["kernel.yama.ptrace_scope", "1"],
  ["kernel.kptr_restrict", "1"],
  ["kernel.dmesg_restrict", "1"],
  ["kernel.perf_event_paranoid", "2"],
  ["kernel.unprivileged_bpf_disabled", "1"],
  ["fs.suid_dumpable", "0"],
  ["fs.protected_symlinks", "1"],
  ["fs.protected_hardlinks", "1"],
  ["fs.protected_fifos", "1"],
  ["fs.protected_regular", "1"],
]);

export function sysctls(): string {
  const lines = [...SWITCHES].map(([name, value]) => `${name} = ${value}`);
  return `${["# Vambrace: switches of the kernel that the audit asks for.", ...lines].join("\n")}\n`;
}
