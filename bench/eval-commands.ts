/**
 * How well commands are understood, measured on the evaluation data where it
 * is present. Nothing of the data is kept or printed but counts.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { filePort } from "../src/app/world.ts";
import { findersFor } from "../src/app/gateway/kits.ts";
import { openQuestions, type Questions } from "../src/cli/questions.ts";
import { ACTING, BUILTINS } from "../src/steps/judge/facts/builtins.ts";
import { pathFinder } from "../src/steps/judge/facts/paths.ts";
import { inHome, shippedGround } from "./eval-gate.ts";
import { staysHere } from "./eval-stays.ts";

export type Row = { readonly what: string; readonly value: string; readonly target: string; readonly met: boolean };

const HOME = "/home/person";
const WORKSPACE = `${HOME}/vambrace`;
const paths = pathFinder(filePort(), {
  workspace: WORKSPACE,
  home: HOME,
  workspaceOnly: true,
  allowedPaths: [],
  blockedPaths: [],
  forbiddenPaths: [`${HOME}/.vambrace`],
});

/** The gate itself, as `check command` asks it, over the configuration that ships and a workspace with nothing in it. */
type Gate = { readonly questions: Questions; analysisMs(command: string): Promise<number> };

async function withGate<T>(use: (gate: Gate) => Promise<T>): Promise<T> {
  return inHome(async (home) => {
    const ground = shippedGround(home);
    const questions = await openQuestions(ground);
    const finders = findersFor(ground.posture);
    const cwd = ground.posture.fs.workspace;
    const once = async (command: string): Promise<number> => {
      const start = performance.now();
      await finders().command(command, { cwd, allow: [], block: [] });
      return performance.now() - start;
    };
    // The faster of two runs: the other one may have waited for the machine.
    return use({ questions, analysisMs: async (command) => Math.min(await once(command), await once(command)) });
  });
}

/** @param folder the folder of the evaluation data; rows only for what is there. */
export async function evalCommands(folder: string): Promise<readonly Row[]> {
  return withGate(async (gate) => [
    ...(await ifThere(posix.join(folder, "gtfobins/commands.jsonl"), (lines) => gtfobins(lines, gate))),
    ...(await ifThere(posix.join(folder, "benign-shell/nl2bash.jsonl"), (lines) => benign(lines, gate))),
    ...(await ifThere(posix.join(folder, "benign-shell/tldr.jsonl"), (lines) => benign(lines, gate), "optional")),
    ...(await ifThere(
      posix.join(folder, "benign-shell/agent-skill-commands.jsonl"),
      (lines) => benign(lines, gate),
      "optional",
    )),
    ...(await ifThere(posix.join(folder, "command-injection/payloads.jsonl"), (lines) => injection(lines, gate))),
    ...(await ifThere(posix.join(folder, "path-traversal/payloads.jsonl"), traversal)),
  ]);
}

type Line = Readonly<Record<string, unknown>>;

async function ifThere(
  file: string,
  measure: (lines: readonly Line[]) => Promise<readonly Row[]>,
  need: "wanted" | "optional" = "wanted",
): Promise<readonly Row[]> {
  if (!existsSync(file) && need === "optional") return [];
  if (!existsSync(file))
    return [{ what: `${posix.basename(posix.dirname(file))}: not here`, value: "skipped", target: "", met: true }];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return measure(lines.map((line) => JSON.parse(line) as Line));
}

const STARTS: ReadonlySet<string> = new Set(["shell", "command", "reverse-shell", "bind-shell"]);

/** Ids of what passed, for whoever improves the table: by function. */
export const passed: string[] = [];

async function gtfobins(lines: readonly Line[], { questions }: Gate): Promise<readonly Row[]> {
  const counts = new Map<string, { all: number; unasked: number }>();
  for (const line of lines) {
    const { bin, code, id } = line;
    const kind = line["function"];
    if (typeof bin !== "string" || typeof code !== "string" || typeof kind !== "string") continue;
    const { verdict } = await questions.command({ command: code, allow: [bin] });
    const count = counts.get(kind) ?? { all: 0, unasked: 0 };
    count.all += 1;
    if (verdict === "allow") {
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

async function benign(lines: readonly Line[], gate: Gate): Promise<readonly Row[]> {
  const commands = lines.map((line) => line["command"]).filter((command) => typeof command === "string");
  const accepts = acceptedByBash(commands);
  let accepted = 0;
  let understood = 0;
  const stay = { looks: { all: 0, unasked: 0 }, changes: { all: 0, unasked: 0 } };
  const times: number[] = [];
  for (const [i, command] of commands.entries()) {
    if (accepts[i] !== true) continue;
    accepted += 1;
    times.push(await gate.analysisMs(command));
    const { facts } = await gate.questions.command({ command });
    if (facts.opaque.length === 0) understood += 1;
    const where = staysHere(command);
    if (where === "no") continue;
    stay[where].all += 1;
    const allow = facts.programs.map((program) => program.name);
    if ((await gate.questions.command({ command, allow })).verdict === "allow") stay[where].unasked += 1;
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1] ?? 0;
  const all = { all: stay.looks.all + stay.changes.all, unasked: stay.looks.unasked + stay.changes.unasked };
  const understands = { all: accepted, unasked: understood };
  return [
    share("ordinary commands understood", understands, 97),
    share("of those that read or stay: not asked", all, 90),
    share("  that only look", stay.looks, 90),
    share("  that change files of the workspace", stay.changes, 90),
    { what: "analysis, median", value: `${median.toFixed(3)} ms`, target: "0.3 ms", met: median < 0.3 },
    {
      what: "analysis, 99th of 100",
      value: `${(times[Math.floor(times.length * 0.99)] ?? 0).toFixed(3)} ms`,
      target: "",
      met: true,
    },
  ];
}

function share(what: string, { all, unasked }: { all: number; unasked: number }, least: number): Row {
  return { what, value: percent(unasked, all), target: `${least} %`, met: unasked * 100 >= all * least };
}

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

/** Ways in which a text that somebody else wrote comes into a command. */
const AROUND: readonly (readonly [before: string, after: string])[] = [
  ["ls ", ""],
  ["ls x", ""],
  ['ls "', '"'],
  ["ls '", "'"],
];

async function injection(lines: readonly Line[], { questions }: Gate): Promise<readonly Row[]> {
  let unasked = 0;
  let all = 0;
  for (const line of lines) {
    const payload = line["payload"];
    if (typeof payload !== "string") continue;
    for (const [before, after] of AROUND) {
      all += 1;
      const { facts, verdict } = await questions.command({ command: before + payload + after, allow: ["ls"] });
      const others = facts.programs.filter(
        ({ name }) => !/^(?:\/bin\/)?ls$/.test(name) && !(BUILTINS.has(name) && !ACTING.has(name)),
      );
      if (others.length > 0 && verdict === "allow") unasked += 1;
    }
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
