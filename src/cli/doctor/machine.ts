/** The machine: Node, sandbox, clock, disk. @module */
import { existsSync, readFileSync, statfsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ContainerConfig } from "../../core/broker-wire.ts";
import { stateFolder } from "../../app/config/environment.ts";
import { loadConfig } from "../../app/config/load.ts";
import { containerSettings } from "../../app/config/settings.ts";
import { BWRAP_PATHS } from "../../app/helpers.ts";
import { statOf } from "../../app/audit/paths.ts";
import { homeAt, INSTALLATION } from "../../app/home.ts";
import { proveAlone } from "../../app/proving.ts";
import { systemClock, systemRandom } from "../../app/system.ts";
import { toFault } from "../../core/fault.ts";
import { verdictOf } from "../../core/proof.ts";
import { findProgram, PROGRAMS } from "../../edges/browser/launch.ts";
import type { Io } from "../command.ts";
import { fail, failed, type Line, ok, warn } from "./line.ts";

const NODE_FLOOR = 24;
const MB = 1024 * 1024;

export async function* machineLines(io: Io): AsyncGenerator<Line> {
  yield nodeLine(process.versions.node);
  yield platformLine();
  yield bubblewrapLine();
  yield* engineLines(io);
  yield browserLine(PROGRAMS);
  yield namespacesLine(readNumber);
  yield await sandboxLine(io);
  yield clockLine(io, systemClock.wallMs());
  yield diskLine(io);
}

export function nodeLine(version: string): Line {
  const major = Number(version.split(".")[0]);
  if (major >= NODE_FLOOR) return ok("node", `Node ${version}`);
  return fail(
    "node",
    `Node ${version} is too old`,
    `\`npm run setup\` in the repository brings Node ${NODE_FLOOR}, or install it`,
  );
}

function platformLine(): Line {
  const { platform, arch } = process;
  if (platform !== "linux")
    return fail("platform", `${platform} has no sandbox that is known here`, "run it on Linux, or in a container");
  if (arch !== "x64" && arch !== "arm64")
    return warn("platform", `linux on ${arch}`, "the system-call filter is made for x64 and arm64");
  return ok("platform", `linux on ${arch}`);
}

function bubblewrapLine(): Line {
  const path = BWRAP_PATHS.find((each) => existsSync(each));
  if (path !== undefined) return ok("bubblewrap", path);
  return fail(
    "bubblewrap",
    `bubblewrap is not installed (looked for ${BWRAP_PATHS.join(", ")})`,
    "install it: `apt-get install bubblewrap`, `dnf install bubblewrap` or `apk add bubblewrap`",
  );
}

/** A configuration that cannot be read has a line of its own. */
function configuredContainer(io: Io): ContainerConfig | null {
  return containerSettings(loadConfig({ home: stateFolder(io.env), env: io.env }).config);
}

/** The container engine, where commands run in it; whether it holds is the sandbox's line. */
function* engineLines(io: Io): Generator<Line> {
  const id = "containers";
  try {
    const container = configuredContainer(io);
    if (container === null) return;
    if (statSync(container.socket, { throwIfNoEntry: false })?.isSocket() === true)
      yield ok(
        id,
        `${container.socket}, ${container.image}${container.runtime === null ? "" : `, ${container.runtime}`}`,
      );
    else
      yield fail(
        id,
        `there is no socket \`${container.socket}\``,
        "start the engine (`systemctl start podman.socket` or `docker`), or write `backend: bubblewrap`",
      );
  } catch (thrown) {
    yield failed(id, thrown);
  }
}

/** Only the browser tools need it. */
export function browserLine(programs: readonly string[]): Line {
  const id = "chromium";
  try {
    return ok(id, findProgram(programs));
  } catch (thrown) {
    const { message, hint } = toFault(thrown);
    return warn(id, message, hint);
  }
}

/** What each distribution calls the switch; a file that is not there switches nothing off. */
export function namespacesLine(read: (path: string) => number | undefined): Line {
  const id = "user namespaces";
  if (process.getuid?.() === 0) return ok(id, "not needed: this runs as root");
  if (read("/proc/sys/user/max_user_namespaces") === 0)
    return fail(
      id,
      "the kernel allows none",
      "`sysctl -w user.max_user_namespaces=15000`, and keep it in /etc/sysctl.d",
    );
  if (read("/proc/sys/kernel/unprivileged_userns_clone") === 0)
    return fail(
      id,
      "only root may make them",
      "`sysctl -w kernel.unprivileged_userns_clone=1`, and keep it in /etc/sysctl.d",
    );
  if (read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") === 1)
    return warn(
      id,
      "AppArmor restricts them",
      "where the sandbox below fails, give /usr/bin/bwrap an AppArmor profile with `userns,`",
    );
  return ok(id, "this user may make them");
}

function readNumber(path: string): number | undefined {
  try {
    return Number(readFileSync(path, "utf8").trim());
  } catch {
    // This kernel has no such switch.
    return undefined;
  }
}

async function sandboxLine(io: Io): Promise<Line> {
  const id = "sandbox";
  const said: string[] = [];
  try {
    const home = homeAt(stateFolder(io.env));
    const log = (line: string): void => void said.push(line);
    const container = configuredContainer(io);
    const deps = { home, clock: systemClock, random: systemRandom, log, container } as const;
    const proof = await proveAlone({ ...deps, form: "short" });
    const { memory, processes } = proof.limits;
    const verdict = verdictOf(proof);
    const by = `${container === null ? "bubblewrap" : "containers"}, memory by ${memory}, processes by ${processes}`;
    if (verdict.holds) return ok(id, `${verdict.says} (${by})`);
    const [first] = verdict.broken;
    const says = first === undefined ? verdict.says : `${verdict.says} (${first.evidence})`;
    return fail(id, says, "`vambrace security prove` shows each; commands are refused until the sandbox works");
  } catch (thrown) {
    const line = failed(id, thrown);
    return said.length === 0 ? line : { ...line, says: `${line.says} (${said.join("; ")})` };
  }
}

/** Before this there was no such program. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);
const SLACK_MS = 5 * 60_000;

/** Tokens, permits and records live by the clock: one that is behind what was written already went back. */
export function clockLine(io: Io, nowMs: number): Line {
  const id = "clock";
  const says = new Date(nowMs).toISOString();
  if (nowMs < EARLIEST_MS)
    return fail(
      id,
      `${says} is before this program was made`,
      "set the clock, and let it be kept: `timedatectl set-ntp true`",
    );
  const { ledger, config, store, running } = homeAt(stateFolder(io.env));
  const written = [ledger, join(ledger, "checkpoint"), config, store, running].flatMap(
    (path) => statOf(path)?.mtimeMs ?? [], // what this user may not look at is a line of the state folder's
  );
  const newest = Math.max(0, ...written);
  if (newest <= nowMs + SLACK_MS) return ok(id, says);
  return warn(
    id,
    `${says} is before the newest change in the state folder (${new Date(newest).toISOString()}): the clock went back`,
    "set the clock, and let it be kept: `timedatectl set-ntp true`; restart the gateway afterwards",
  );
}

function diskLine(io: Io): Line {
  const id = "disk";
  let folder = stateFolder(io.env);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  const { bavail, bsize, ffree, files } = statfsSync(folder);
  const free = Math.floor((bavail * bsize) / MB);
  const says = `${free} MB free where the state folder is`;
  const hint = `make room on the disk of \`${folder}\`; a gateway whose ledger cannot write does nothing`;
  if (free < 100 || (files > 0 && ffree < 1000)) return fail(id, says, hint);
  return free < 1024 ? warn(id, says, hint) : ok(id, `${says}; program in ${INSTALLATION}`);
}
