/** Processes, as /proc has them: the gateway, and what it started. @module */
import { join } from "node:path";
import type { OwnProcess, ProcessFacts } from "../../ops/audit/facts-host.ts";
import { scanSecrets } from "../../steps/outbound/scan/scan.ts";
import { surveyEnvironment } from "../config/environment.ts";
import type { Home } from "../home.ts";
import { isGateway, readRunning, type Running } from "../running.ts";
import { namesIn, textOf } from "./paths.ts";

const PROC = "/proc";
/** Of /proc/PID/stat; the same on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

const isSecret = (text: string): boolean => scanSecrets(text).length > 0;

type Row = { readonly pid: number; readonly parent: number; readonly startTicks: number };

/** What only the gateway itself can say. */
export type Answer = { readonly version: string; readonly halted: boolean; readonly unready: readonly string[] };

export async function gatherProcesses(
  home: Home,
  read: readonly string[],
  ask: () => Promise<Answer | null>,
): Promise<ProcessFacts> {
  const rows = processRows();
  const found = readRunning(home);
  const running = found !== undefined && isGateway(found) ? found : undefined;
  const below = running === undefined ? [] : descendants(rows, running.pid);
  const me = surveyEnvironment(read, undefined, isSecret);
  return {
    gateway: running === undefined ? null : gatewayOf(running, { rows, below, answer: await ask() }),
    own: below.map((one) => ownProcess(one.pid, kindOf(one, running?.pid ?? 0), read)),
    others: rows.map(({ pid }) => pid).filter((pid) => pid !== running?.pid && isGateway({ url: "", pid })),
    here: {
      uid: process.getuid?.() ?? -1,
      strangeSecrets: me.secrets,
      loaders: me.loaders,
      coreBytes: coreLimit(process.pid),
    },
  };
}

type Seen = { readonly rows: readonly Row[]; readonly below: readonly Row[]; readonly answer: Answer | null };

function gatewayOf({ pid, url, readMs }: Running, { rows, below, answer }: Seen): NonNullable<ProcessFacts["gateway"]> {
  return {
    pid,
    url,
    startedMs: readMs ?? startedMs(rows.find((row) => row.pid === pid)),
    version: answer?.version ?? null,
    halted: answer?.halted ?? null,
    unready: answer?.unready ?? [],
    helpers: below.flatMap((one) => helperName(one.pid) ?? []),
  };
}

function processRows(): readonly Row[] {
  return namesIn(PROC)
    .filter((name) => /^[0-9]+$/.test(name))
    .flatMap((name) => {
      const stat = textOf(join(PROC, name, "stat"));
      // The name in brackets may hold anything, brackets too.
      const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields === undefined) return [];
      return [{ pid: Number(name), parent: Number(fields[1]), startTicks: Number(fields[19]) }];
    });
}

function descendants(rows: readonly Row[], root: number): readonly Row[] {
  const found = rows.filter((row) => row.pid === root);
  for (const row of found) found.push(...rows.filter((one) => one.parent === row.pid));
  return found;
}

function kindOf(row: Row, gateway: number): OwnProcess["kind"] {
  if (row.pid === gateway) return "gateway";
  return row.parent === gateway ? "helper" : "sandbox";
}

/** `broker` of `…/edges/broker/main.ts`, `writer-main` of `…/ledger/writer-main.ts`. */
function helperName(pid: number): string | undefined {
  const words = textOf(join(PROC, String(pid), "cmdline"))?.split("\0") ?? [];
  for (const word of words) {
    const [, folder, name] = /\/([a-z-]+)\/([a-z-]+)\.[tj]s$/.exec(word) ?? [];
    if (folder !== undefined && name !== undefined && folder !== "cli") return name === "main" ? folder : name;
  }
  return undefined;
}

export function ownProcess(pid: number, kind: OwnProcess["kind"], read: readonly string[]): OwnProcess {
  const folder = join(PROC, String(pid));
  const survey = surveyEnvironment(read, variablesIn(textOf(join(folder, "environ")) ?? ""), isSecret);
  const words = (textOf(join(folder, "cmdline")) ?? "").replaceAll("\0", " ");
  const uid = Number(/^Uid:\s+(\d+)/m.exec(textOf(join(folder, "status")) ?? "")?.[1] ?? -1);
  return {
    pid,
    kind,
    uid,
    strangeSecrets: survey.secrets,
    loaders: kind === "gateway" ? survey.loaders : [],
    secretInArguments: isSecret(words),
    coreBytes: coreLimit(pid),
  };
}

function variablesIn(block: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    block.split("\0").flatMap((one) => {
      const at = one.indexOf("=");
      return at < 1 ? [] : [[one.slice(0, at), one.slice(at + 1)]];
    }),
  );
}

/** What a core file of it would hold: nothing, where the process asked the kernel to leave its memory out. */
function coreLimit(pid: number): number | null {
  if (Number.parseInt(textOf(join(PROC, String(pid), "coredump_filter")) ?? "", 16) === 0) return 0;
  const [, soft] = /^Max core file size\s+(\S+)/m.exec(textOf(join(PROC, String(pid), "limits")) ?? "") ?? [];
  if (soft === undefined) return null;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
}

function startedMs(row: Row | undefined): number | null {
  const boot = /^btime (\d+)/m.exec(textOf(join(PROC, "stat")) ?? "")?.[1];
  if (row === undefined || boot === undefined) return null;
  return Number(boot) * 1_000 + (row.startTicks / TICKS_PER_SECOND) * 1_000;
}

/** Names of variables that a gateway which runs has; undefined where none runs or it may not be read. */
export function variablesOfGateway(home: Home): ReadonlySet<string> | undefined {
  const running = readRunning(home);
  if (running === undefined || !isGateway(running)) return undefined;
  const block = textOf(join(PROC, String(running.pid), "environ"));
  return block === undefined ? undefined : new Set(Object.keys(variablesIn(block)));
}
