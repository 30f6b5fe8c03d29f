/**
 * Running the project's own tools one after the other, with what each said
 * shown only where it failed.
 *
 * @module
 */
import { spawn } from "node:child_process";

export type Step = { readonly name: string; readonly argv: readonly [string, ...string[]] };

export type StepResult = { readonly name: string; readonly ok: boolean; readonly seconds: number };

export async function runSteps(steps: readonly Step[]): Promise<readonly StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const startedMs = performance.now();
    const { status, output } = await runQuietly(step.argv);
    const seconds = (performance.now() - startedMs) / 1000;
    const ok = status === 0;
    console.log(`${ok ? "ok  " : "FAIL"} ${step.name} (${seconds.toFixed(1)} s)`);
    if (!ok) console.log(output.trimEnd());
    results.push({ name: step.name, ok, seconds });
  }
  return results;
}

function runQuietly(argv: readonly [string, ...string[]]): Promise<{ status: number; output: string }> {
  const { promise, resolve } = Promise.withResolvers<{ status: number; output: string }>();
  const [program, ...args] = argv;
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  const parts: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => parts.push(text));
  }
  child.on("error", (error) => resolve({ status: 127, output: error.message }));
  child.on("close", (status) => resolve({ status: status ?? 1, output: parts.join("") }));
  return promise;
}

/** What is read rather than run. */
export const STATIC_STEPS: readonly Step[] = [
  { name: "types", argv: ["tsc", "-p", "."] },
  { name: "types of the page", argv: ["tsc", "-p", "web"] },
  { name: "lint", argv: ["oxlint", "--type-aware", "src", "test", "bench", "scripts", "demo"] },
  { name: "format", argv: ["biome", "format", "."] },
  { name: "imports", argv: ["node", "scripts/imports.ts"] },
  { name: "dead code", argv: ["knip", "--no-progress"] },
];
