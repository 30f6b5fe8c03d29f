/**
 * The read-only system that a sandbox sees: `/usr` and an `/etc` of the
 * broker's own making. The real `/etc` is never mounted; what programs need
 * of it (the linker's cache, certificates, alternatives, the time zone) is
 * copied, and users, groups and name services are synthetic.
 *
 * @module
 */
import * as fs from "node:fs";
import { basename, join } from "node:path";

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

/** The identity inside; a root outside is an ordinary user inside. */
export function identity(): { readonly uid: number; readonly gid: number } {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return { uid: uid === 0 ? 1000 : uid, gid: gid === 0 ? 1000 : gid };
}

export type SystemView = {
  /** The folder to mount as `/etc`, made again where the machine's own files changed since. */
  etc(): string;
  /** Top-level links that this system has instead of folders: `/bin` → `usr/bin`. */
  readonly links: readonly (readonly [target: string, path: string])[];
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
    etc() {
      const stamp = stampOf(COPIED.map((name) => join("/etc", name)));
      if (made?.stamp !== stamp) made = { stamp, path: makeEtc(folder) };
      return made.path;
    },
  };
}

function stampOf(paths: readonly string[]): string {
  return paths.map((path) => fs.statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0).join();
}

function makeEtc(folder: string): string {
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
  return etc;
}

function copyZone(etc: string): void {
  const zone = fs.lstatSync("/etc/localtime", { throwIfNoEntry: false });
  if (zone !== undefined) fs.copyFileSync(fs.realpathSync("/etc/localtime"), join(etc, "localtime"));
}

/** Removes the copies that earlier brokers left. */
export function sweepSystemViews(folder: string): void {
  for (const name of fs.readdirSync(folder)) {
    if (basename(name).startsWith("etc-")) fs.rmSync(join(folder, name), { recursive: true, force: true });
  }
}
