/**
 * Backups of a state folder of some size, through the real files: a first one,
 * one where nothing changed, verifying, restoring; each beside `cp -r` of the
 * same tree with a sync, on the same disk, in turn with it. Memory is the
 * most that the process took beyond what it had before.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { verifierKey, type SigningKey } from "../src/ledger/note.ts";
import { createBackup } from "../src/ops/backup/create.ts";
import { folderDepot } from "../src/ops/backup/depot.ts";
import { newIdentity, opener } from "../src/ops/backup/envelope.ts";
import { openRun } from "../src/ops/backup/open-run.ts";
import { readChain } from "../src/ops/backup/repository.ts";
import { restoreBackup } from "../src/ops/backup/restore.ts";
import { sourceOf } from "../src/ops/backup/source.ts";
import { verifyBackups } from "../src/ops/backup/verify.ts";
import { type Figure, median, spreadOf } from "./figure.ts";

const RUNS = 3;
const LARGE = 4;
const LARGE_BYTES = 64 * 1024 * 1024;
const SMALL = 2_000;
const SMALL_BYTES = 16 * 1024;
const MB = (LARGE * LARGE_BYTES + SMALL * SMALL_BYTES) / 1e6;

export async function measureBackup(): Promise<readonly Figure[]> {
  // Not below /tmp: that may be memory.
  const dir = mkdtempSync(join(process.cwd(), ".cache", "backup-bench-"));
  try {
    const home = makeTree(join(dir, "home"));
    // What was written a moment ago is read again by the next backup, which is not what is measured.
    await wait(2_500);
    const times = {
      copy: [] as number[],
      first: [] as number[],
      again: [] as number[],
      verify: [] as number[],
      restore: [] as number[],
    };
    const before = process.memoryUsage().rss;
    let most = before;
    const watching = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
    for (let run = 0; run < RUNS; run++) await once(dir, home, times, run);
    clearInterval(watching);
    const rates = Object.fromEntries(
      Object.entries(times).map(([name, all]) => [name, all.map((ms) => (MB / ms) * 1000)]),
    );
    const copy = median(rates["copy"] ?? []);
    const rate = (name: string, says: string): Figure => figure(says, "MB/s", rates[name] ?? [], copy);
    return [
      { ...rate("first", "backup, everything new"), target: "disk speed" },
      rate("verify", "backup, verified without a key"),
      { ...rate("restore", "backup, restored"), target: "disk speed" },
      figure("backup, nothing new", "ms", times.again, median(times.copy)),
      { ...figure("backup, memory taken", "MB", [(most - before) / 1e6], MB), target: "bounded" },
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

type Times = {
  readonly copy: number[];
  readonly first: number[];
  readonly again: number[];
  readonly verify: number[];
  readonly restore: number[];
};

async function once(dir: string, home: string, times: Times, run: number): Promise<void> {
  const at = (name: string): string => join(dir, `${name}-${run}`);
  const { identity, recipient } = await newIdentity();
  const depot = folderDepot(at("depot"));
  const key = signingKey();
  let catalogue: string | undefined;
  const make = () =>
    createBackup({
      depot,
      source: sourceOf({
        home,
        workspaces: new Map(),
        copyDatabase: async (file) => file,
        copyLedger: async () => undefined,
      }),
      lockTo: { kind: "recipients", recipients: [recipient] },
      key,
      catalogue: { load: () => catalogue, save: (text) => void (catalogue = text) },
      clock: { wallMs: () => Date.now() },
      random: { bytes: (count) => randomBytes(count), uniform: () => 0.5 },
      keep: { last: 9, daily: 0, weekly: 0, monthly: 0 },
      full: false,
      facts: {},
    });
  times.copy.push(
    await timed(async () => void execFileSync("sh", ["-c", 'cp -r "$1" "$2" && sync -f "$2"', "sh", home, at("copy")])),
  );
  times.first.push(await timed(make));
  times.again.push(await timed(make));
  times.verify.push(await timed(() => verifyBackups(depot)));
  const [note] = (await readChain(depot, key.verifier)).notes.slice(-1);
  if (note === undefined) throw new Error("no backup was made");
  const open = opener({ kind: "identities", identities: [identity] });
  times.restore.push(
    await timed(async () => {
      const opened = await openRun(depot, note, { open, origin: key.verifier.name });
      await restoreBackup({
        depot,
        run: opened,
        open,
        target: { root: "home", folder: at("back") },
        replace: false,
        stamp: "b",
      });
    }),
  );
  for (const name of ["depot", "copy", "back"]) rmSync(at(name), { recursive: true, force: true });
}

function makeTree(home: string): string {
  mkdirSync(home, { recursive: true });
  for (let i = 0; i < LARGE; i++) writeFileSync(join(home, `large-${i}`), randomBytes(LARGE_BYTES));
  for (let i = 0; i < SMALL; i++) writeFileSync(join(home, `small-${i}`), randomBytes(SMALL_BYTES));
  return home;
}

function signingKey(): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x = "" } = publicKey.export({ format: "jwk" });
  return { privateKey, verifier: verifierKey("vambrace-backup/bench", Buffer.from(x, "base64url")) };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

function figure(name: string, unit: string, values: readonly number[], reference: number): Figure {
  const value = median(values);
  return { name, value, unit, reference, ratio: value / reference, spread: spreadOf(values) };
}
