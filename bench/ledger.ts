/**
 * The ledger, through the real writer process and the real client: durable
 * records a second with 64 callers, one caller alone, the writer's memory when
 * nothing happens, and the verifier.
 *
 * Reference of the first two is a bare fdatasync of the same folder's disk,
 * measured in turn with them: 400 bytes written over ones that are there, as
 * the journal does.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fdatasyncSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { type LedgerClient, openLedgerClient } from "../src/ledger/client.ts";
import { leafHash } from "../src/ledger/merkle.ts";
import { verifyLedger } from "../src/ledger/verify.ts";
import { type Figure, median, spreadOf } from "./figure.ts";

const RUNS = 5;
const CALLERS = 64;
const RECORDS = 20_000;
const ALONE = 300;
const WRITER = fileURLToPath(new URL("../src/ledger/writer-main.ts", import.meta.url));
/** As the gateway starts its helpers. */
const FLAGS = ["--max-old-space-size=32", "--max-semi-space-size=1", "--disable-warning=ExperimentalWarning"];

type Writer = { readonly child: ChildProcess; readonly client: LedgerClient };

export async function measureLedger(): Promise<readonly Figure[]> {
  // Not below /tmp: that may be memory, where an fdatasync costs nothing.
  const dir = mkdtempSync(join(process.cwd(), ".cache", "ledger-bench-"));
  try {
    await idle(dir, "first"); // fills the cache of compiled code, as a first start does
    const memory = await idle(dir, "second");
    const { client } = start(dir, "log");
    const rates: number[] = [];
    const alone: number[] = [];
    const syncs: number[] = [];
    await together(client);
    for (let run = 0; run < RUNS; run++) {
      syncs.push(bareSync(dir));
      rates.push(await together(client));
      alone.push(await oneByOne(client));
    }
    const size = (await client.head()).size;
    await client.close();
    const sync = median(syncs);
    return [
      { ...figure("ledger, 64 callers", "durable records/s", rates, 1000 / sync), target: "at least 20,000" },
      { ...figure("ledger, one caller, p50", "ms", alone, sync), target: "under 3 ms" },
      { ...memory, target: "kept small" },
      ...(await verification(join(dir, "log"), size)),
    ];
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function figure(name: string, unit: string, values: readonly number[], reference: number): Figure {
  return { name, value: median(values), unit, reference, ratio: median(values) / reference, spread: spreadOf(values) };
}

function start(dir: string, name: string): Writer {
  const args = [...FLAGS, WRITER, "--dir", join(dir, name), "--origin", "vambrace.bench/ledger"];
  const env = { NODE_COMPILE_CACHE: join(dir, "compiled") };
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "pipe"], env });
  return { child, client: openLedgerClient({ socket: child.stdio[3] as Duplex, dir: join(dir, name) }) };
}

function record(i: number): LedgerEntry {
  return {
    kind: "call",
    who: "owner",
    what: "call.decided",
    target: "exec",
    result: "ok",
    session: "ses_0123456789abcdefghjkmnpqrs",
    turn: "trn_0123456789abcdefghjkmnpqrs",
    call: "call_0123456789abcdefghjkmnpqrs",
    data: {
      i,
      effect: "exec",
      because: ["flow.exec", "config.allow"],
      facts: { programs: ["git"], writes: [], hosts: [] },
    },
  };
}

async function together(client: LedgerClient): Promise<number> {
  let next = 0;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: CALLERS }, async () => {
      while (next < RECORDS) await client.append(record(next++));
    }),
  );
  return RECORDS / ((performance.now() - from) / 1000);
}

async function oneByOne(client: LedgerClient): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < ALONE; i++) {
    const from = performance.now();
    await client.append(record(i));
    times.push(performance.now() - from);
  }
  return median(times);
}

function bareSync(dir: string): number {
  const file = openSync(join(dir, "bare"), "w");
  const bytes = Buffer.alloc(400, 65);
  writeSync(file, Buffer.alloc(ALONE * bytes.length));
  fsyncSync(file);
  const times: number[] = [];
  for (let i = 0; i < ALONE; i++) {
    const from = performance.now();
    writeSync(file, bytes, 0, bytes.length, i * bytes.length);
    fdatasyncSync(file);
    times.push(performance.now() - from);
  }
  closeSync(file);
  return median(times);
}

/** Proportional memory of a writer that has recorded a little; reference: an empty Node process beside it. */
async function idle(dir: string, name: string): Promise<Figure> {
  const { child, client } = start(dir, name);
  const empty = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"], { stdio: "ignore", env: {} });
  for (let i = 0; i < 20; i++) await client.append(record(i));
  await pause(1500);
  const samples = Array.from({ length: RUNS }, () => pssMb(child));
  const reference = pssMb(empty);
  empty.kill();
  await client.close();
  return figure("ledger writer, idle (PSS)", "MB", samples, reference);
}

function pssMb({ pid }: ChildProcess): number {
  const [, kb] = /^Pss:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid ?? 0}/smaps_rollup`, "utf8")) ?? [];
  return Number(kb) / 1024;
}

/** By the wall clock, and for each second of processor time, which a busy machine spoils less. Reference: the leaf hash alone. */
async function verification(dir: string, size: number): Promise<readonly Figure[]> {
  const rates: number[] = [];
  const ofProcessor: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const [from, before] = [performance.now(), process.cpuUsage()];
    const { consistent, entries } = await verifyLedger(dir);
    const used = process.cpuUsage(before);
    if (!consistent || entries !== size) throw new Error("the ledger that was just written does not verify");
    rates.push(entries / ((performance.now() - from) / 1000));
    ofProcessor.push(entries / ((used.user + used.system) / 1e6));
  }
  const bytes = Buffer.from(JSON.stringify(record(0)));
  const [from, before] = [performance.now(), process.cpuUsage()];
  for (let i = 0; i < 100_000; i++) leafHash(bytes);
  const used = process.cpuUsage(before);
  const leaves = 100_000 / ((performance.now() - from) / 1000);
  const leavesOfProcessor = 100_000 / ((used.user + used.system) / 1e6);
  return [
    { ...figure("ledger verification", "records/s", rates, leaves), target: "at least 300,000" },
    figure("ledger verification, of processor time", "records/s", ofProcessor, leavesOfProcessor),
  ];
}
