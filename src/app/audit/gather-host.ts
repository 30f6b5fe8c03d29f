/** The machine, by what it writes down about itself; no program is started. @module */
import { accessSync, constants } from "node:fs";
import { release, totalmem } from "node:os";
import { join } from "node:path";
import type { HostFacts } from "../../ops/audit/facts-host.ts";
import { plainSwap } from "./lying.ts";
import { namesIn, statOf, textOf } from "./paths.ts";

/** @param root `/`; a test has a folder of its own. */
export function gatherHost(root = "/"): HostFacts {
  const at = (path: string): string => join(root, path);
  const has = (path: string): boolean => statOf(at(path)) !== undefined;
  const running = runningPrograms(at("proc"));
  const inContainer =
    has(".dockerenv") ||
    has("run/.containerenv") ||
    /(?:docker|containerd|kubepods|libpod|lxc)/.test(textOf(at("proc/1/cgroup")) ?? "");
  return {
    uid: process.getuid?.() ?? -1,
    groups: groupNames(textOf(at("etc/group")) ?? ""),
    os: systemOf(textOf(at("etc/os-release")) ?? textOf(at("usr/lib/os-release")) ?? ""),
    engineSockets: [
      "run/docker.sock",
      "run/podman/podman.sock",
      "run/containerd/containerd.sock",
      "var/snap/lxd/common/lxd/unix.socket",
    ]
      .map(at)
      .filter(isWritable),
    firewall: firewallSigns(at, running),
    plainSwap: plainSwap(),
    timeSynced: timeSynced(at, running, inContainer),
    rebootRequired: has("run/reboot-required") || has("var/run/reboot-required"),
    ...updates(at),
    sysctls: new Map(SYSCTLS.flatMap((name) => sysctl(at, name))),
    vulnerabilities: vulnerabilities(at("sys/devices/system/cpu/vulnerabilities")),
    securityModules: securityModules(at),
    auditd: running.has("auditd"),
    fail2ban: running.has("fail2ban-server"),
    sshd: sshdOf(at, running),
    inContainer,
    memoryBytes: totalmem(),
  };
}

/** Which kernel this is, and since when: a proof of the sandbox is of one. */
export function kernelMark(): string {
  return `${release()} ${textOf("/proc/sys/kernel/random/boot_id")?.trim() ?? ""}`;
}

const SYSCTLS = [
  "kernel.randomize_va_space",
  "kernel.yama.ptrace_scope",
  "kernel.unprivileged_bpf_disabled",
  "kernel.kptr_restrict",
  "kernel.dmesg_restrict",
  "kernel.perf_event_paranoid",
  "fs.suid_dumpable",
  "fs.protected_symlinks",
  "fs.protected_hardlinks",
  "fs.protected_fifos",
  "fs.protected_regular",
];

function sysctl(at: (path: string) => string, name: string): readonly (readonly [string, string])[] {
  const value = textOf(at(`proc/sys/${name.replaceAll(".", "/")}`))?.trim();
  return value === undefined ? [] : [[name, value]];
}

function runningPrograms(proc: string): ReadonlySet<string> {
  const names = namesIn(proc).filter((name) => /^[0-9]+$/.test(name));
  return new Set(names.flatMap((pid) => textOf(join(proc, pid, "comm"))?.trim() ?? []));
}

function groupNames(text: string): readonly string[] {
  const mine = new Set([...(process.getgroups?.() ?? []), process.getgid?.() ?? -1]);
  return text.split("\n").flatMap((line) => {
    const [name, , id] = line.split(":");
    return name !== undefined && id !== undefined && mine.has(Number(id)) ? [name] : [];
  });
}

function systemOf(text: string): HostFacts["os"] {
  const field = (name: string): string => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  const id = field("ID");
  const whole = field("VERSION_ID");
  // Alpine counts three parts, and supports by two of them.
  const version = id === "alpine" ? whole.split(".").slice(0, 2).join(".") : whole;
  return { id, version, name: field("PRETTY_NAME") };
}

function isWritable(path: string): boolean {
  if (statOf(path)?.isSocket() !== true) return false;
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

/** Rules of the kernel cannot be read without rights; what sets them up at each start can. */
function firewallSigns(at: (path: string) => string, running: ReadonlySet<string>): readonly string[] {
  const signs: string[] = [];
  if (/^ENABLED=yes/m.test(textOf(at("etc/ufw/ufw.conf")) ?? "")) signs.push("ufw");
  if (running.has("firewalld")) signs.push("firewalld");
  for (const unit of ["nftables.service", "iptables.service", "netfilter-persistent.service", "shorewall.service"]) {
    const wanted = ["multi-user.target.wants", "sysinit.target.wants"].map((folder) =>
      at(`etc/systemd/system/${folder}/${unit}`),
    );
    if (wanted.some((path) => statOf(path) !== undefined)) signs.push(unit);
  }
  return signs;
}

function timeSynced(at: (path: string) => string, running: ReadonlySet<string>, inContainer: boolean): boolean | null {
  const services = ["chronyd", "ntpd", "openntpd", "systemd-timesyn", "ptp4l", "phc2sys"];
  if (services.some((name) => running.has(name))) return true;
  if (statOf(at("run/systemd/timesync/synchronized")) !== undefined) return true;
  // The clock is the machine's; its keeper is not seen from inside.
  return inContainer || statOf(at("run/systemd/system")) === undefined ? null : false;
}

function updates(
  at: (path: string) => string,
): Pick<HostFacts, "automaticUpdates" | "updatesCheckedMs" | "updatesPending"> {
  const stamp = [
    "var/lib/apt/periodic/update-success-stamp",
    "var/lib/apt/lists/partial",
    "var/lib/apt/lists",
    "var/cache/dnf",
    "var/lib/dnf/history.sqlite",
  ]
    .map((path) => statOf(at(path))?.mtimeMs)
    .find((time) => time !== undefined);
  const isDebian = statOf(at("etc/apt")) !== undefined;
  const periodic = textOf(at("etc/apt/apt.conf.d/20auto-upgrades")) ?? "";
  const automatic =
    /Unattended-Upgrade\s+"[1-9]/.test(periodic) ||
    statOf(at("etc/systemd/system/timers.target.wants/dnf-automatic.timer")) !== undefined;
  const offered = textOf(at("var/lib/update-notifier/updates-available")) ?? "";
  const security =
    /(\d+) (?:of these updates (?:is|are)|updates? (?:is|are|can be applied).*) .*security|(\d+) .*security updates?/i.exec(
      offered,
    );
  return {
    automaticUpdates: isDebian || automatic ? automatic : null,
    updatesCheckedMs: stamp ?? null,
    updatesPending: security === null ? null : Number(security[1] ?? security[2]),
  };
}

function vulnerabilities(folder: string): readonly string[] {
  return namesIn(folder).flatMap((name) => {
    const says = textOf(join(folder, name))?.trim() ?? "";
    return says.startsWith("Vulnerable") ? [`${name}: ${says}`] : [];
  });
}

function securityModules(at: (path: string) => string): readonly string[] {
  const listed = (textOf(at("sys/kernel/security/lsm")) ?? "").split(",");
  const found = listed.filter((name) => ["apparmor", "selinux", "smack", "tomoyo"].includes(name.trim()));
  const isOn = textOf(at("sys/module/apparmor/parameters/enabled"))?.trim() === "Y";
  return isOn && !found.includes("apparmor") ? [...found, "apparmor"] : found;
}

/** Where it is started only when somebody comes, as newer systems do, no process of it is there before. */
const SSH_UNITS = [
  "sockets.target.wants/ssh.socket",
  "sockets.target.wants/sshd.socket",
  "multi-user.target.wants/ssh.service",
  "multi-user.target.wants/sshd.service",
].map((name) => `etc/systemd/system/${name}`);

function isServed(at: (path: string) => string, running: ReadonlySet<string>): boolean {
  return running.has("sshd") || SSH_UNITS.some((unit) => statOf(at(unit)) !== undefined);
}

/** The first word for each key counts, as sshd reads it; `Match` blocks speak of some people only. */
function sshdOf(at: (path: string) => string, running: ReadonlySet<string>): HostFacts["sshd"] {
  const main = textOf(at("etc/ssh/sshd_config"));
  if (main === undefined || !isServed(at, running)) return null;
  const folder = at("etc/ssh/sshd_config.d");
  const included = /^\s*Include\s+\/etc\/ssh\/sshd_config\.d/im.test(main)
    ? namesIn(folder)
        .filter((name) => name.endsWith(".conf"))
        .map((name) => textOf(join(folder, name)) ?? "")
    : [];
  const found = new Map<string, string>([]);
  for (const text of [...included, main]) {
    for (const line of (text.split(/^\s*Match\s/im)[0] ?? "").split("\n")) {
      const [, key, value] = /^\s*([A-Za-z]+)(?:\s*=\s*|\s+)"?([^\s"]+)/.exec(line) ?? [];
      if (key !== undefined && value !== undefined && !found.has(key.toLowerCase()))
        found.set(key.toLowerCase(), value.toLowerCase());
    }
  }
  // What is not said: passwords are taken.
  if (!found.has("passwordauthentication")) found.set("passwordauthentication", "yes");
  return found;
}
