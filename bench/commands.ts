/**
 * How fast commands are understood and judged: the analysis alone, and
 * `check command --jsonl` as people script it. Reference: the grammar alone,
 * and a program that only reads and writes the same lines.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { parse } from "unbash";
import { parseConfig } from "../src/app/config/load.ts";
import { toPosture } from "../src/app/config/posture.ts";
import { findersFor } from "../src/app/gateway/kits.ts";
import { type Figure, median, spreadOf } from "./figure.ts";

const COMMANDS = [
  "ls -la",
  "cat notes.md | head -20",
  'grep -rn "TODO" src --include=*.ts',
  "find . -name '*.md' -exec wc -l {} +",
  "git log --oneline -20 | grep fix",
  "mkdir -p out && cp notes.md out/notes.txt",
  'for f in *.txt; do echo "$f"; done',
  "sort names.txt | uniq -c | sort -rn | head",
  "tar czf backup.tgz docs",
  "sed -i 's/a/b/g' notes.md",
  "awk '{print $2}' table.csv",
  "du -sh * | sort -h",
  "python3 -c 'print(1)'",
  "curl -s https://example.org/a.json",
  'test -f notes.md && echo yes || echo "no $HOME"',
  "xargs -n1 basename < list.txt",
] as const;
const LINES = 4000;

export async function measureCommands(): Promise<readonly Figure[]> {
  const home = mkdtempSync(join(tmpdir(), "vambrace-bench-"));
  try {
    return [await analysis(home), await lines(home)];
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

async function analysis(home: string): Promise<Figure> {
  const env = { variable: (name: string) => (name === "HOME" ? home : undefined) };
  const loaded = parseConfig("", { home: join(home, ".vambrace"), env });
  const posture = toPosture(loaded.config, loaded.places);
  const finders = findersFor(posture);
  const [whole, grammar]: [number[], number[]] = [[], []];
  for (let round = 0; round < 60; round++) {
    for (const command of COMMANDS) {
      const begin = performance.now();
      parse(command);
      const between = performance.now();
      await finders().command(command, { cwd: posture.fs.workspace, allow: ["ls", "cat"], block: [] });
      if (round < 20) continue;
      grammar.push(between - begin);
      whole.push(performance.now() - between);
    }
  }
  const [value, reference] = [median(whole), median(grammar)];
  const figure = { name: "analysis of a command, median", value, unit: "ms", reference, ratio: value / reference };
  return { ...figure, spread: spreadOf(whole), target: "under 0.3 ms" };
}

async function lines(home: string): Promise<Figure> {
  const env = { ...process.env, HOME: home, VAMBRACE_HOME: join(home, ".vambrace") };
  const node = ["--max-semi-space-size=4"];
  const check = [...node, "src/cli/main.ts", "check", "command", "--jsonl"];
  const [judged, copied] = [[], []] as [number[], number[]];
  for (let run = 0; run < 3; run++) {
    judged.push(await rate(check, env));
    copied.push(await rate(["-e", "process.stdin.pipe(process.stdout)"], env));
  }
  const [value, reference] = [median(judged), median(copied)];
  const figure = { name: "check command --jsonl", value, unit: "lines/s", reference, ratio: value / reference };
  return { ...figure, spread: spreadOf(judged), target: "thousands a second" };
}

/** From the first answer to the last: starting is another figure. */
async function rate(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "ignore"], env });
  const asked = Array.from({ length: LINES }, (_, i) => ({ id: `${i}`, command: COMMANDS[i % COMMANDS.length] }));
  child.stdin.end(`${asked.map((one) => JSON.stringify(one)).join("\n")}\n`);
  let [first, seen] = [0, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== "" && seen++ === 0) first = performance.now();
  }
  if (seen !== LINES) throw new Error(`${seen} answers to ${LINES} questions`);
  return ((LINES - 1) * 1000) / (performance.now() - first);
}
