/**
 * How well commands are understood, measured on the evaluation data where it
 * is present. Nothing of the data is kept or printed but counts.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import type { CommandFacts } from "../src/core/call.ts";
import { filePort } from "../src/app/world.ts";
import { BUILTINS } from "../src/steps/judge/facts/builtins.ts";
import { commandFinder } from "../src/steps/judge/facts/command.ts";
import { pathFinder } from "../src/steps/judge/facts/paths.ts";
import type { CommandWorld } from "../src/steps/judge/facts/types.ts";

export type Row = { readonly what: string; readonly value: string; readonly target: string; readonly met: boolean };

const HOME = "/home/person";
const WORKSPACE = `${HOME}/vambrace`;
const FILES = filePort();

const WORLD: CommandWorld = {
  files: FILES,
  home: HOME,
  workspace: WORKSPACE,
  path: ["/usr/local/bin", "/usr/bin", "/bin"],
  environment: new Map([
    ["HOME", HOME],
    ["PATH", "/usr/local/bin:/usr/bin:/bin"],
    ["LANG", "C.UTF-8"],
    ["TERM", "dumb"],
  ]),
};

const find = commandFinder(WORLD);
const paths = pathFinder(FILES, {
  workspace: WORKSPACE,
  home: HOME,
  workspaceOnly: true,
  allowedPaths: [],
  blockedPaths: [],
  forbiddenPaths: [`${HOME}/.vambrace`],
});

/** The private /tmp of the sandbox, and the folders of the system that every sandbox has read-only. */
const SANDBOX_READS = /^\/(?:tmp|usr|bin|sbin|lib|lib32|lib64)(?:\/|$)/;

/**
 * What the judge answers under `security: "allowlist"`, `ask: "on-miss"` with nothing designated: `pass` only where
 * every program is listed in its everyday form, nothing is opaque, and every path lies in the workspace.
 */
export async function commandVerdict(facts: CommandFacts): Promise<"pass" | "ask" | "deny"> {
  if (facts.destructive || facts.privileged || facts.blocked.length > 0) return "deny";
  if (facts.opaque.length > 0 || facts.unlisted.length > 0 || facts.hosts.length > 0) return "ask";
  const reads = await zonesOf(
    facts.reads.filter((path) => !SANDBOX_READS.test(path)),
    "read",
  );
  const writes = await zonesOf(
    facts.writes.filter((path) => !path.startsWith("/tmp/")),
    "write",
  );
  if (reads.some((zone) => zone === "blocked") || writes.some((zone) => zone === "blocked" || zone === "protected"))
    return "deny";
  if (reads.some((zone) => zone === "outside") || writes.some((zone) => zone === "outside")) return "ask";
  return facts.deletes.length > 0 ? "ask" : "pass";
}

async function zonesOf(list: readonly string[], access: "read" | "write"): Promise<readonly string[]> {
  const zones: string[] = [];
  for (const path of list) zones.push((await paths(path, access, "", WORKSPACE)).zone);
  return zones;
}

/** @param folder the folder of the evaluation data; rows only for what is there. */
export async function evalCommands(folder: string): Promise<readonly Row[]> {
  return [
    ...(await ifThere(posix.join(folder, "gtfobins/commands.jsonl"), gtfobins)),
    ...(await ifThere(posix.join(folder, "benign-shell/nl2bash.jsonl"), benign)),
    ...(await ifThere(posix.join(folder, "command-injection/payloads.jsonl"), injection)),
    ...(await ifThere(posix.join(folder, "path-traversal/payloads.jsonl"), traversal)),
  ];
}

type Line = Readonly<Record<string, unknown>>;

async function ifThere(
  file: string,
  measure: (lines: readonly Line[]) => Promise<readonly Row[]>,
): Promise<readonly Row[]> {
  if (!existsSync(file))
    return [{ what: `${posix.basename(posix.dirname(file))}: not here`, value: "skipped", target: "", met: true }];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return measure(lines.map((line) => JSON.parse(line) as Line));
}

const STARTS: ReadonlySet<string> = new Set(["shell", "command", "reverse-shell", "bind-shell"]);

/** Ids of what passed, for whoever improves the table: by function. */
export const passed: string[] = [];

async function gtfobins(lines: readonly Line[]): Promise<readonly Row[]> {
  const counts = new Map<string, { all: number; unasked: number }>();
  for (const line of lines) {
    const { bin, code, id } = line;
    const kind = line["function"];
    if (typeof bin !== "string" || typeof code !== "string" || typeof kind !== "string") continue;
    const facts = await find(code, { cwd: WORKSPACE, allow: [bin], block: [] });
    const count = counts.get(kind) ?? { all: 0, unasked: 0 };
    count.all += 1;
    if ((await commandVerdict(facts)) === "pass") {
      count.unasked += 1;
      passed.push(String(id));
    }
    counts.set(kind, count);
  }
  const rows: Row[] = [];
  let rest = { all: 0, unasked: 0 };
  for (const [kind, count] of counts) {
    if (STARTS.has(kind)) {
      rows.push({
        what: `GTFOBins ${kind}: pass unasked`,
        value: `${count.unasked} of ${count.all}`,
        target: "0",
        met: count.unasked === 0,
      });
    } else rest = { all: rest.all + count.all, unasked: rest.unasked + count.unasked };
  }
  const met = rest.unasked <= rest.all * 0.02;
  return [
    ...rows,
    { what: "GTFOBins, all else: pass unasked", value: `${rest.unasked} of ${rest.all}`, target: "at most 2 %", met },
  ];
}

/** Programs that read, count, filter or rearrange, from general knowledge: the measure of "reads or stays in the workspace". */
const QUIET = new Set(
  "find ls cat grep egrep fgrep sort uniq wc head tail cut tr sed awk gawk paste join comm diff cmp echo printf tee mkdir touch cp ln du df stat file tree basename dirname readlink realpath date cal seq rev tac nl fold column od hexdump xxd md5sum sha1sum sha256sum split xargs which pwd true false test gzip gunzip bzip2 tar zip unzip zcat less more cd read set export for while if do done ps who whoami id uname hostname uptime env printenv history type jobs sleep yes shuf strings expr bc factor".split(
    " ",
  ),
);
const ELSEWHERE =
  /(?:^|[\s"'=:(])(?:~|\/(?!dev\/null|tmp\b|usr\/|bin\/|lib)|\.\.(?:\/|\s|$))|\$HOME|-delete|\$\(|`|\$\{?[A-Za-z]|-exec|xargs\s+(?:-\S+\s+)*(?:rm|mv|chmod|chown|sh|bash)/;

async function benign(lines: readonly Line[]): Promise<readonly Row[]> {
  let accepted = 0;
  let understood = 0;
  let quiet = 0;
  let unasked = 0;
  const times: number[] = [];
  const commands = lines.map((line) => line["command"]).filter((command) => typeof command === "string");
  const accepts = acceptedByBash(commands);
  for (const [i, command] of commands.entries()) {
    if (accepts[i] !== true) continue;
    accepted += 1;
    const { facts, ms } = await timed(command);
    times.push(ms);
    if (facts.opaque.length === 0) understood += 1;
    else notUnderstood.push(`${facts.opaque[0]} ## ${command}`);
    const names = facts.programs.map((program) => program.name);
    if (ELSEWHERE.test(command) || facts.deletes.length > 0 || !names.every((name) => QUIET.has(name))) continue;
    quiet += 1;
    const allowed = await find(command, { cwd: WORKSPACE, allow: names, block: [] });
    if ((await commandVerdict(allowed)) === "pass") unasked += 1;
    else
      asked.push(
        `${[...allowed.opaque, ...allowed.unlisted, ...allowed.reads, ...allowed.writes].join(" | ")} ## ${command}`,
      );
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1] ?? 0;
  return [
    {
      what: "ordinary commands understood",
      value: percent(understood, accepted),
      target: "97 %",
      met: understood >= accepted * 0.97,
    },
    {
      what: "of those that stay: not asked",
      value: percent(unasked, quiet),
      target: "90 %",
      met: unasked >= quiet * 0.9,
    },
    { what: "analysis, median", value: `${median.toFixed(3)} ms`, target: "0.3 ms", met: median < 0.3 },
    {
      what: "analysis, 99th of 100",
      value: `${(times[Math.floor(times.length * 0.99)] ?? 0).toFixed(3)} ms`,
      target: "",
      met: true,
    },
  ];
}

/** The faster of two runs: the other one may have waited for the machine. */
async function timed(command: string): Promise<{ readonly facts: CommandFacts; readonly ms: number }> {
  const once = async (): Promise<{ facts: CommandFacts; ms: number }> => {
    const start = performance.now();
    const facts = await find(command, { cwd: WORKSPACE, allow: [], block: [] });
    return { facts, ms: performance.now() - start };
  };
  const [first, second] = [await once(), await once()];
  return first.ms < second.ms ? first : second;
}

export const notUnderstood: string[] = [];
export const asked: string[] = [];

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} % of ${whole}`;
}

const CHECK = `while IFS= read -r -d '' command; do bash -n -c "$command" >/dev/null 2>&1 && echo yes || echo no; done`;

/** Which of the commands bash itself parses; nothing of them is run. */
function acceptedByBash(commands: readonly string[]): readonly boolean[] {
  const input = commands.map((command) => `${command.replaceAll("\0", "")}\0`).join("");
  const answer = execFileSync("bash", ["-c", CHECK], { input, maxBuffer: 1 << 26 }).toString();
  return answer
    .trim()
    .split("\n")
    .map((word) => word === "yes");
}

async function injection(lines: readonly Line[]): Promise<readonly Row[]> {
  let unasked = 0;
  let all = 0;
  for (const line of lines) {
    const payload = line["payload"];
    if (typeof payload !== "string") continue;
    all += 1;
    const facts = await find(`ls ${payload}`, { cwd: WORKSPACE, allow: ["ls"], block: [] });
    const others = facts.programs.filter(({ name }) => !/^(?:\/bin\/)?ls$/.test(name) && !BUILTINS.has(name));
    if (others.length > 0 && (await commandVerdict(facts)) === "pass") unasked += 1;
  }
  return [{ what: "injected commands: pass unasked", value: `${unasked} of ${all}`, target: "0", met: unasked === 0 }];
}

async function traversal(lines: readonly Line[]): Promise<readonly Row[]> {
  let out = 0;
  let all = 0;
  for (const line of lines) {
    const payload = line["payload"];
    if (typeof payload !== "string") continue;
    all += 1;
    const fact = await paths(payload, "read", "", WORKSPACE);
    const inside = fact.resolved === WORKSPACE || fact.resolved.startsWith(`${WORKSPACE}/`);
    if (fact.zone === "workspace" && !inside) out += 1;
  }
  return [
    { what: "traversal strings taken for the workspace", value: `${out} of ${all}`, target: "0", met: out === 0 },
  ];
}

export function printRows(rows: readonly Row[]): string {
  return rows
    .map((row) => `${row.met ? "  " : "! "}${row.what.padEnd(48)} ${row.value.padEnd(22)} ${row.target}`)
    .join("\n");
}
