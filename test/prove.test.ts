/**
 * The whole catalogue of break-outs against the real sandbox; and the sandbox
 * with one wall taken away, where the attempts that this wall stops must be
 * reported as not held.
 *
 * @module
 */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test, type TestContext } from "node:test";
import { FAMILIES } from "../src/core/break-out/catalogue.ts";
import type { Proof } from "../src/core/ports/executor.ts";
import { verdictOf } from "../src/core/proof.ts";
import { findCgroups } from "../src/edges/broker/cgroup.ts";
import { type Kit, type KitOptions, missing, startBroker } from "./sandbox-kit.ts";

const skip = missing();
const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-walls-")));
after(() => fs.rmSync(folder, { recursive: true, force: true }));

const all = FAMILIES.flatMap(({ attempts }) => attempts);
const isRoot = process.getuid?.() === 0;

async function open(t: TestContext, options: KitOptions = {}): Promise<Kit> {
  const kit = await startBroker(options);
  t.after(async () => {
    await kit.executor.stopAll();
    await kit.close();
  });
  return kit;
}

const stagesLeft = (kit: Kit): string[] =>
  fs.readdirSync(kit.config.folder).filter((name) => name.startsWith("stage-"));

test("R-BOX-5: the catalogue has at least sixty attempts, each with a name of its own and plain words", () => {
  assert.ok(all.length >= 60);
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.equal(new Set(all.map(({ says }) => says)).size, all.length);
  for (const { id, says } of all) assert.match(says, /^[a-z`].* .*[^.]$/, id);
});

test("R-BOX-5: nothing of the whole catalogue gets out of the sandbox, and each that counted got out without walls", {
  skip,
}, async (t) => {
  const kit = await open(t);
  const told: string[] = [];
  const proof = await kit.executor.prove("full", ({ id }) => told.push(id));
  assert.equal(verdictOf(proof).says, `held against ${proof.attempts.length} attempts`);
  assert.ok(proof.attempts.length >= 60);
  assert.equal(proof.attempts.length + proof.skipped.length, all.length);
  assert.equal(told.length, all.length);
  for (const { name } of FAMILIES)
    assert.ok(
      proof.attempts.some(({ family }) => family === name),
      `nothing of ${name} counted`,
    );
  for (const { evidence } of proof.attempts) assert.match(evidence, /^without walls it got out; in the sandbox/);
  for (const { why } of proof.skipped)
    assert.match(why, /^(it fails without walls too|this machine has not|memory for)/);
  assert.deepEqual(stagesLeft(kit), []);
});

test("R-BOX-5: the short form asks in one shell, and leaves nothing", { skip }, async (t) => {
  const kit = await open(t);
  const proof = await kit.executor.prove("short");
  assert.equal(verdictOf(proof).holds, true, verdictOf(proof).says);
  assert.deepEqual(stagesLeft(kit), []);
});

test("R-BOX-5: INVARIANT(nothing-tried-nothing-shown): too few attempts that counted are no proof", () => {
  const line = { id: "a", family: "f", says: "s", held: true, evidence: "e" };
  const proof = (attempts: Proof["attempts"], floor: number): boolean =>
    verdictOf({ form: "full", attempts, skipped: [], floor }).holds;
  assert.deepEqual(
    [proof([line, line], 2), proof([line, line], 3), proof([], 0), proof([line, { ...line, held: false }], 2)],
    [true, false, false, false],
  );
});

test("R-BOX-5: an attempt that fails without walls too does not count", { skip }, async (t) => {
  const kit = await open(t);
  // Nobody has a driver for a vehicle's bus and for the radio at once; where one is there, it counts and is held.
  const proof = await kit.executor.prove("full", undefined, ["socket-can", "socket-bluetooth", "file-secret"]);
  assert.equal(proof.attempts.length + proof.skipped.length, 3);
  assert.ok(proof.skipped.length >= 1);
  assert.equal(proof.attempts.find(({ id }) => id === "file-secret")?.held, true);
  assert.equal(verdictOf(proof).holds, false, "three are too few to be a proof");
});

/** Bubblewrap, with its words changed by a few lines of bash: each word stands in `$w`, the next in `$n`. */
function without(
  name: string,
  { cases = "", before = "" }: { readonly cases?: string; readonly before?: string },
): string {
  const path = join(folder, name);
  const text = `#!/bin/bash
${before}
out=()
while [ $# -gt 0 ]; do
  w=$1 n=$2; shift
  case "$w $n" in
${cases}
  *) out+=("$w") ;;
  esac
  if [ "$w" = -- ]; then out+=("$@"); break; fi
done
exec /usr/bin/bwrap "\${out[@]}"
`;
  fs.writeFileSync(path, text, { mode: 0o755 });
  return path;
}

const UNSHARE = [
  "--unshare-user",
  "--unshare-ipc",
  "--unshare-pid",
  "--unshare-net",
  "--unshare-uts",
  "--unshare-cgroup",
];
const unshareBut = (kind: string): string =>
  `"--unshare-all "*) out+=(${UNSHARE.filter((word) => word !== `--unshare-${kind}`).join(" ")}) ;;`;

/** A filter that allows everything: bubblewrap's bond is recognised by there being one. */
const allowAll = join(folder, "allow.bpf");
fs.writeFileSync(allowAll, Buffer.from([0x06, 0, 0, 0, 0, 0, 0xff, 0x7f]));

type Wall = {
  readonly name: string;
  readonly gone: Parameters<typeof without>[1];
  readonly open: readonly string[];
  readonly skip?: string | false;
};

const cgroups = findCgroups();
const WALLS: readonly Wall[] = [
  {
    name: "the filter of calls",
    gone: { cases: `"--seccomp "*) eval "exec $n<${allowAll}"; out+=("$w") ;;` },
    open: [
      "call-keyctl",
      "call-ptrace",
      "call-io_uring_setup",
      "call-clone3",
      "call-kcmp",
      "namespace-user",
      "namespace-clone",
      "netlink-generic",
      "terminal-discipline",
      "call-personality",
    ],
  },
  {
    name: "the network namespace",
    gone: { cases: unshareBut("net") },
    open: ["net-interfaces", "net-tcp", "net-udp", "net-abstract", "shares-net"],
  },
  {
    name: "the process namespace",
    gone: { cases: `${unshareBut("pid")}\n"--proc "*) shift; out+=(--bind /proc /proc) ;;` },
    open: ["process-see", "process-signal", "shares-pid"],
  },
  {
    name: "the name",
    gone: { cases: `${unshareBut("uts")}\n"--hostname "*) shift ;;` },
    open: ["shares-uts", "namespace-name"],
  },
  { name: "the namespace of shared memory", gone: { cases: unshareBut("ipc") }, open: ["shares-ipc"] },
  {
    name: "the folder of the state hidden",
    gone: { cases: `"--chdir "*) out+=(--bind ${folder} ${folder} "$w") ;;` },
    open: [
      "file-secret",
      "file-list",
      "file-write",
      "file-keys",
      "file-dots",
      "link-symbolic",
      "link-own-root",
      "link-swap",
      "leaves-startup",
      "leaves-hook",
    ],
  },
  {
    name: "a /tmp of its own",
    gone: {
      cases: `"--tmpfs /tmp") shift; out+=(--dir /tmp --bind /tmp /tmp) ;;\n"--perms 1777") shift ;;\n"--size "*) shift ;;`,
    },
    open: ["file-tmp", "leaves-tmp", "leaves-for-next"],
  },
  {
    name: "the size of memory files",
    gone: { cases: `"--size "*) shift ;;` },
    open: ["bomb-disk", "bomb-shared-memory"],
  },
  {
    name: "devices of its own",
    gone: { cases: `"--dev /dev") shift; out+=(--dev-bind /dev /dev) ;;\n"--remount-ro /dev") shift ;;` },
    open: isRoot ? ["device-tun", "device-loop", "device-folder", "device-disk"] : ["device-disk"],
  },
  {
    name: "/proc read-only",
    gone: { cases: `"--remount-ro /proc") shift ;;` },
    open: ["kernel-core-pattern", "kernel-printk"],
    skip: !isRoot && "an ordinary user may not write there anyway",
  },
  {
    name: "capabilities dropped",
    gone: { cases: `"--cap-drop ALL") out+=(--cap-add) ;;` },
    open: ["rights-bounding"],
  },
  {
    name: "the environment cleared",
    gone: { before: "export GATEWAY_KEY=canary", cases: `"--clearenv "*) ;;` },
    open: ["inherits-environment", "inherits-first-environment"],
  },
  { name: "files closed", gone: { before: "exec 9</etc/hosts" }, open: ["inherits-files"] },
  {
    name: "limits of the shell",
    gone: { cases: `"-- "*) out+=(-- "$2" -c 'ulimit() { :; }; '"$4"); break ;;` },
    open: ["bomb-file", "bomb-file-limit", "bomb-processor"],
  },
  {
    name: "the control group",
    gone: { before: (cgroups?.folders ?? []).map((each) => `echo $$ >${each}/cgroup.procs`).join("\n") },
    open: ["bomb-memory", "bomb-processes", "bomb-fork"],
    skip: cgroups === null && "this machine has no control groups for it",
  },
];

for (const wall of WALLS) {
  test(`R-BOX-5: without ${wall.name} the attempts that it stops are reported`, {
    skip: skip || (wall.skip ?? false),
  }, async (t) => {
    const kit = await open(t, {
      root: fs.mkdtempSync(join(folder, "root-")),
      config: { bwrapPaths: [without(wall.name.replaceAll(/\W/g, "-"), wall.gone)] },
    });
    const proof = await kit.executor.prove("full", undefined, wall.open);
    const stillHeld = proof.attempts.filter(({ held }) => held).map(({ id, evidence }) => `${id}: ${evidence}`);
    assert.deepEqual(stillHeld, []);
    assert.deepEqual(proof.attempts.map(({ id }) => id).sort(), [...wall.open].sort(), JSON.stringify(proof.skipped));
    assert.match(verdictOf(proof).says, /^did not hold: /);
  });
}
