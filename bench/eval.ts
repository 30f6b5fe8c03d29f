/**
 * `npm run eval -- FOLDER`: how well the product does on the evaluation data.
 * Prints counts and nothing of the data; what is not there is skipped, saying
 * so.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { judgeOn } from "../src/cli/judging.ts";
import { evalCommands, printRows, type Row } from "./eval-commands.ts";
import { evalEgress } from "./eval-egress.ts";
import { evalPaths, evalUrls, inHome, shippedGround } from "./eval-gate.ts";
import { evalSafeClaw } from "./eval-safeclaw.ts";
import { evalInjection, evalPersonal, evalRedaction, evalSecrets } from "./eval-scan.ts";
import { evalToolCalls } from "./eval-toolcalls.ts";
import { evalTraversal, payloadsOf } from "./eval-traversal.ts";
import { evalAgentDojo, evalInjecAgent, passed } from "./eval-sessions.ts";

const [given, ...only] = process.argv.slice(2);
if (given === undefined || !existsSync(given)) {
  console.error("error: say where the evaluation data is");
  console.error(
    "hint: npm run eval -- FOLDER [commands|urls|egress|paths|toolcalls|agentdojo|injecagent|safeclaw|secrets|personal|redaction|injection]…",
  );
  process.exit(2);
}
const folder = resolve(given);

const PARTS: readonly (readonly [string, () => Promise<readonly Row[]> | readonly Row[]])[] = [
  ["commands", () => evalCommands(folder)],
  ["urls", () => evalUrls(folder)],
  ["egress", () => evalEgress(folder)],
  ["paths", async () => [...(await evalPaths(folder)), ...(await evalTraversal(payloadsOf(folder)))]],
  ["toolcalls", () => evalToolCalls(folder)],
  ["agentdojo", () => inHome(async (home) => evalAgentDojo(folder, await judgeOn(shippedGround(home))))],
  ["injecagent", () => inHome(async (home) => evalInjecAgent(folder, await judgeOn(shippedGround(home))))],
  [
    "safeclaw",
    () => inHome(async (home) => evalSafeClaw(folder, await judgeOn(shippedGround(home)), join(home, "vambrace"))),
  ],
  ["secrets", () => evalSecrets(folder)],
  ["personal", () => evalPersonal(folder)],
  ["redaction", () => evalRedaction(folder)],
  ["injection", () => evalInjection(folder)],
];

for (const [name, measure] of PARTS) {
  if (only.length > 0 && !only.includes(name)) continue;
  const startedMs = performance.now();
  const rows = await measure();
  console.log(`\n${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
  console.log(printRows(rows));
}
if (passed.length > 0) console.error(`\npassed without a person: ${[...new Set(passed)].join(", ")}`);
