/**
 * The read-only system that a sandbox sees: `/usr` and an `/etc` of the
 * broker's own making. The real `/etc` is never mounted; what programs need
 * of it (the linker's cache, certificates, alternatives, the time zone) is
 * copied, and users, groups and name services are synthetic.
 *
 * @module
 */
import * as fs from "node:fs";
import { join } from "node:path";

const COPIED = [
  "alternatives",
  "ca-certificates.conf",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "mime.types",
  "pki/tls/certs",
  "protocols",
  "services",
  "ssl/certs",
  "ssl/openssl.cnf",
];

/** Where a browser's helper says, inside its own sandbox, what the browser is to trust beside the web's authorities. */
const BROWSER_POLICIES = "/tmp/browser/policies";

/** Counts up where what is made here changes. */
const LAYOUT = 1;
const COPY = /^etc-[A-Za-z0-9]{6}$/;
/** Beside a copy that is whole: what it was made of. */
const STAMP = ".stamp";

/** Of the kernel's own files, what Docker hides too. */
const HIDDEN = ["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug", "/proc/timer_list"];

/** The identity inside; a root outside is an ordinary user inside. */
export function identity(): { readonly uid: number; readonly gid: number } {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return { uid: uid === 0 ? 1000 : uid, gid: gid === 0 ? 1000 : gid };
}

export type SystemView = {
  /** The folder to mount as `/etc`, made again where the machine's own files changed since, or it was started anew. */
  etc(): string;
  /** Top-level links that this system has instead of folders: `/bin` → `usr/bin`. */
  readonly links: readonly (readonly [target: string, path: string])[];
  /** Of the kernel's own files, those of `HIDDEN` that this kernel has. */
  readonly hidden: readonly string[];
  /** Top-level folders that are not links: mounted read-only. */
  readonly folders: readonly string[];
};

export function openSystemView(folder: string, systemPaths: readonly string[]): SystemView {
  const links: [string, string][] = [];
  const folders = ["/usr", ...systemPaths];
  for (const path of ["/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"]) {
    const stat = fs.lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isSymbolicLink() === true) links.push([fs.readlinkSync(path), path]);
    else if (stat?.isDirectory() === true) folders.push(path);
  }
  let made: { readonly stamp: string; readonly path: string } | null = null;
  return {
    links,
    folders,
    hidden: HIDDEN.filter((path) => fs.existsSync(path)),
    etc() {
      const stamp = stampOf();
      if (made?.stamp !== stamp) made = { stamp, path: wholeCopy(folder, stamp) ?? makeEtc(folder, stamp) };
      return made.path;
    },
  };
}

/** Of what is copied, who is inside, and this run of the machine: what power took away is not taken for whole. */
function stampOf(): string {
  const times = COPIED.map((name) => fs.statSync(join("/etc", name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
  const boot = fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return JSON.stringify([LAYOUT, boot, identity(), times]);
}

/** The copy that an earlier broker finished, of the same files: some thousand of them need not be copied again. */
function wholeCopy(folder: string, stamp: string): string | undefined {
  const name = fs.readdirSync(folder).find((one) => COPY.test(one) && readStamp(join(folder, one)) === stamp);
  return name === undefined ? undefined : join(folder, name);
}

function readStamp(etc: string): string | undefined {
  try {
    return fs.readFileSync(`${etc}${STAMP}`, "utf8");
  } catch {
    return undefined; // not finished, or one of another version: it is not used
  }
}

function makeEtc(folder: string, stamp: string): string {
  const etc = fs.mkdtempSync(join(folder, "etc-"));
  fs.chmodSync(etc, 0o755);
  for (const name of COPIED) {
    const from = join("/etc", name);
    if (!fs.existsSync(from)) continue;
    fs.cpSync(from, join(etc, name), { recursive: true, verbatimSymlinks: true });
  }
  const { uid, gid } = identity();
  const files: Record<string, string> = {
    passwd: `agent:x:${uid}:${gid}:agent:/tmp:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n`,
    group: `agent:x:${gid}:\nnogroup:x:65534:\n`,
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    hosts: "127.0.0.1 localhost sandbox\n::1 localhost\n",
    hostname: "sandbox\n",
    // Names are resolved by the egress proxy; inside, nobody answers.
    "resolv.conf": "",
    "machine-id": "",
  };
  for (const [name, text] of Object.entries(files)) fs.writeFileSync(join(etc, name), text);
  copyZone(etc);
  fs.mkdirSync(join(etc, "chromium/policies"), { recursive: true });
  fs.symlinkSync(BROWSER_POLICIES, join(etc, "chromium/policies/managed"));
  // Last: only what is whole has it.
  fs.writeFileSync(`${etc}${STAMP}`, stamp, { mode: 0o600 });
  return etc;
}

function copyZone(etc: string): void {
  const zone = fs.lstatSync("/etc/localtime", { throwIfNoEntry: false });
  if (zone !== undefined) fs.copyFileSync(fs.realpathSync("/etc/localtime"), join(etc, "localtime"));
}

/** Removes the copies that earlier brokers left, but one that can still be used. */
export function sweepSystemViews(folder: string): void {
  const kept = wholeCopy(folder, stampOf());
  for (const name of fs.readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.startsWith("etc-") || path === kept || path === `${kept}${STAMP}`) continue;
    fs.rmSync(path, { recursive: true, force: true });
  }
}
