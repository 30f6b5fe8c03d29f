/** Checks of the machine: user, updates, firewall, disk, time, remote login. @module */
import type { Check, Family } from "../check.ts";
import type { Installation } from "../installation.ts";
import { need } from "../known.ts";
import { isWide } from "../addresses.ts";
import { kernel } from "./kernel.ts";
import { rulesInPlace } from "./rules.ts";

const DAY_MS = 86_400_000;

/** Groups whose members are root whenever they like. */
const ROOT_GROUPS: ReadonlySet<string> = new Set(["docker", "lxd", "incus", "libvirt", "disk", "kmem", "shadow"]);
const ADMIN_GROUPS: ReadonlySet<string> = new Set(["sudo", "wheel", "admin"]);

/** Last day of security fixes without a paid contract. */
const OS_ENDS: Readonly<Record<string, string>> = {
  "debian 10": "2024-06-30",
  "debian 11": "2026-08-31",
  "debian 12": "2028-06-30",
  "debian 13": "2030-06-30",
  "ubuntu 18.04": "2023-05-31",
  "ubuntu 20.04": "2025-05-31",
  "ubuntu 22.04": "2027-04-30",
  "ubuntu 24.04": "2029-05-31",
  "ubuntu 24.10": "2025-07-31",
  "ubuntu 25.04": "2026-01-31",
  "ubuntu 25.10": "2026-07-31",
  "fedora 40": "2025-05-13",
  "fedora 41": "2025-12-15",
  "fedora 42": "2026-05-13",
  "centos 7": "2024-06-30",
  "centos 8": "2021-12-31",
  "alpine 3.19": "2025-11-01",
  "alpine 3.20": "2026-04-01",
};

function uidOfGateway(at: Installation): number {
  const { own, here } = need(at.processes);
  return own.find(({ kind }) => kind === "gateway")?.uid ?? here.uid;
}

const isReachable = (at: Installation): boolean =>
  need(at.listeners).some(({ owner, address }) => owner?.kind === "gateway" && isWide(address));

const user: readonly Check[] = [
  {
    id: "host.root",
    severity: "high",
    title: "the gateway runs as root",
    why: "A hole in it, in the sandbox or in the kernel's filter is then the whole machine.",
    fix: "make a user for it: `useradd --create-home --shell /usr/sbin/nologin vambrace`",
    references: ["ASI03", "CWE-250"],
    look: (at) => (uidOfGateway(at) === 0 ? ["user 0"] : []),
  },
  {
    id: "host.groups.root",
    severity: "high",
    title: "the user of the gateway is in a group that is root",
    why: "Members of `docker` and its like get root with one command.",
    fix: "`gpasswd -d USER GROUP`; use rootless Podman",
    references: ["ASI03", "CWE-250", "CWE-269"],
    look: (at) => need(at.host).groups.filter((name) => ROOT_GROUPS.has(name)),
  },
  {
    id: "host.groups.admin",
    severity: "low",
    title: "the user of the gateway may become root",
    why: "Malware that gets out as this user needs your password only, and can wait for it.",
    fix: "give the gateway a user of its own",
    references: ["ASI03", "CWE-250"],
    look: (at) => (need(at.host).uid === 0 ? [] : need(at.host).groups.filter((name) => ADMIN_GROUPS.has(name))),
  },
  {
    id: "host.engine-socket",
    severity: "medium",
    title: "the user of the gateway can use a container engine that runs as root",
    why: "Its socket is root on this machine. No sandbox of ours sees it; whatever gets out does.",
    fix: "take the user out of its group; use rootless Podman",
    references: ["ASI05", "CWE-250"],
    look: (at) => need(at.host).engineSockets,
  },
];

const care: readonly Check[] = [
  {
    id: "host.os.ended",
    severity: "high",
    title: "this version of the system gets no security fixes",
    why: "Holes of kernel and libraries stay open; the sandbox is as good as the kernel.",
    fix: "upgrade it",
    references: ["CWE-1104"],
    look(at) {
      const { id, version, name } = need(at.host).os;
      const ends = OS_ENDS[`${id} ${version}`];
      return ends !== undefined && at.nowMs > Date.parse(`${ends}T23:59:59Z`) ? [`${name}: ended on ${ends}`] : [];
    },
  },
  {
    id: "host.updates.pending",
    severity: "medium",
    title: "security updates are waiting",
    why: "Their holes are public from the day on which they are offered.",
    fix: "`apt-get upgrade`, or your system's own way",
    references: ["CWE-1104"],
    look(at) {
      const { updatesPending } = need(at.host);
      return updatesPending !== null && updatesPending > 0 ? [`${updatesPending}`] : [];
    },
  },
  {
    id: "host.updates.unchecked",
    severity: "medium",
    title: "nobody asked for updates for 30 days",
    why: "What is not asked for is not installed.",
    fix: "`apt-get update && apt-get upgrade`",
    references: ["CWE-1104"],
    look(at) {
      const { updatesCheckedMs } = need(at.host);
      if (updatesCheckedMs === null || at.nowMs - updatesCheckedMs <= 30 * DAY_MS) return [];
      return [`last on ${new Date(updatesCheckedMs).toISOString().slice(0, 10)}`];
    },
  },
  {
    id: "host.updates.manual",
    severity: "low",
    title: "updates are not installed by themselves",
    why: "A machine that nobody looks after for a month is a month behind.",
    fix: "`apt-get install unattended-upgrades`",
    references: ["CWE-1104"],
    look: (at) => (need(at.host).automaticUpdates === false ? ["no automatic updates configured"] : []),
  },
  {
    id: "host.reboot",
    severity: "medium",
    title: "the machine waits for a restart",
    why: "The kernel that runs is still the old one.",
    fix: "restart it",
    references: ["CWE-1104"],
    look: (at) => (need(at.host).rebootRequired ? ["/run/reboot-required"] : []),
  },
  {
    id: "host.time",
    severity: "medium",
    title: "the clock is not kept by the network",
    why: "Tokens, permits, deadlines and records live by it; a wrong time makes evidence worthless.",
    fix: "`timedatectl set-ntp true`",
    references: ["CWE-367", "CWE-778"],
    look: (at) => (need(at.host).timeSynced === false ? ["no time service runs"] : []),
  },
  {
    id: "host.swap",
    severity: "low",
    title: "memory is swapped to a disk that is not encrypted",
    why: "Keys and conversations are in memory, and stay on that disk.",
    fix: "encrypt the swap, or use zram",
    references: ["CWE-311", "CWE-591"],
    look: (at) => need(at.host).plainSwap,
  },
];

const doors: readonly Check[] = [
  {
    id: "host.firewall",
    severity: "medium",
    title: "no firewall was seen on this machine",
    why: "Every port that a program opens by mistake is open to the network.",
    fix: "`vambrace harden --host DIR` writes rules for review",
    references: ["CWE-1327", "CWE-668"],
    look: (at) =>
      need(at.host).firewall.length === 0 && !need(at.host).inContainer
        ? ["neither nftables, ufw nor firewalld is set up"]
        : [],
  },
  {
    id: "host.fail2ban",
    severity: "low",
    title: "the gateway is reached from elsewhere, and nothing bans who guesses",
    why: "The gateway locks an address out for a quarter of an hour; a firewall can do so for a day.",
    fix: "`vambrace harden --host DIR` writes a filter for fail2ban",
    references: ["CWE-307"],
    look: (at) => (isReachable(at) && !need(at.host).fail2ban ? ["fail2ban does not run"] : []),
  },
  {
    id: "host.auditd",
    severity: "info",
    title: "the system does not record who touches the state folder",
    why: "The ledger records what the agent does, not what another program of yours does to it.",
    fix: "`vambrace harden --host DIR` writes rules for auditd",
    references: ["CWE-778"],
    look: (at) => (need(at.host).auditd || need(at.host).inContainer ? [] : ["auditd does not run"]),
  },
  sshd({
    id: "host.ssh.root",
    severity: "medium",
    title: "root may log in over SSH with a password",
    key: "permitrootlogin",
  }),
  sshd({ id: "host.ssh.password", severity: "low", title: "SSH takes passwords", key: "passwordauthentication" }),
  sshd({ id: "host.ssh.empty", severity: "critical", title: "SSH takes empty passwords", key: "permitemptypasswords" }),
];

function sshd({ key, ...words }: Pick<Check, "id" | "severity" | "title"> & { readonly key: string }): Check {
  return {
    ...words,
    why: "A machine on the network is guessed at all day; a password is what they guess.",
    fix: "keys only: `PasswordAuthentication no`, `PermitRootLogin prohibit-password` in /etc/ssh/sshd_config.d",
    references: ["AML.T0012", "CWE-307", "CWE-521"],
    look: (at) => (need(at.host).sshd?.get(key) === "yes" ? [`${key} yes`] : []),
  };
}

export const host: Family = {
  name: "host",
  says: "the machine: user, updates, firewall, disk, time, kernel",
  checks: [...user, ...care, ...doors, ...rulesInPlace, ...kernel],
};
