/**
 * Brings the real programs that tests use. Only where `CI=true` or the person
 * says so with `VAMBRACE_INSTALL=yes`; elsewhere the tests that need one say
 * what they skipped.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { bringOpenClaw, OPENCLAW_PROGRAM } from "./openclaw.ts";

/** Each program with the Debian package that has it. */
const PROGRAMS: readonly { readonly program: string; readonly packages: string }[] = [
  { program: "bwrap", packages: "bubblewrap" },
  { program: "podman", packages: "podman" },
  { program: "runc", packages: "runc" },
  { program: "busybox", packages: "busybox-static" },
  { program: "chromium", packages: "chromium" },
  { program: "age", packages: "age" },
  { program: "prometheus", packages: "prometheus" },
  { program: "aiosmtpd", packages: "python3-aiosmtpd" },
  { program: "nft", packages: "nftables" },
  { program: "fail2ban-regex", packages: "fail2ban" },
  { program: "auditctl", packages: "auditd" },
  { program: "systemd-analyze", packages: "systemd" },
];

/** A mirror that hangs must not hold the tests up for ever. */
const MOST_MS = 600_000;

export async function bringServers(): Promise<void> {
  const mayInstall = process.env["CI"] === "true" || process.env["VAMBRACE_INSTALL"] === "yes";
  if (mayInstall && !existsSync(OPENCLAW_PROGRAM)) {
    console.log("fetching openclaw");
    if (!bringOpenClaw()) console.log("openclaw could not be fetched");
  }
  const missing = PROGRAMS.filter(({ program }) => !isInstalled(program));
  if (missing.length === 0) return;
  const packages = missing.map((one) => one.packages).join(" ");
  if (!mayInstall || process.getuid?.() !== 0) {
    console.log(
      `not installed: ${packages} (tests that need them are skipped; VAMBRACE_INSTALL=yes as root installs them)`,
    );
    return;
  }
  console.log(`installing ${packages}`);
  // Run level 1: no package starts a service of its own; tests start what they need and end it.
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" };
  const options = { stdio: "ignore" as const, env, timeout: MOST_MS };
  const args = ["install", "-y", "--no-install-recommends", ...packages.split(" ")];
  if (spawnSync("apt-get", args, options).status === 0) return;
  spawnSync("apt-get", ["update"], options);
  if (spawnSync("apt-get", args, options).status !== 0) console.log(`could not be installed: ${packages}`);
}

function isInstalled(program: string): boolean {
  for (const folder of ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]) {
    try {
      accessSync(`${folder}/${program}`, constants.X_OK);
      return true;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return false;
}
