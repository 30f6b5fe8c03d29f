/**
 * `npm run bench`: every figure that the project states, each beside a
 * reference of the same run. Nothing is judged here; a busy machine shows in
 * the spread.
 *
 * @module
 */
import { cpus, release, totalmem } from "node:os";
import { measureAudit } from "./audit.ts";
import { measureBackup } from "./backup.ts";
import { measureCommands } from "./commands.ts";
import type { Figure } from "./figure.ts";
import { measureJudge } from "./judge.ts";
import { measureLedger } from "./ledger.ts";
import { measureMillion } from "./million.ts";
import { measureSandbox } from "./sandbox.ts";
import { measureScan } from "./scan.ts";
import { measureWatch } from "./watch.ts";
import { measureDependencies, measureStart } from "./start.ts";

console.error(
  `node ${process.version}, linux ${release()}, ${cpus().length} × ${cpus()[0]?.model ?? "?"}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
);
const parts: readonly [string, () => Promise<readonly Figure[]> | readonly Figure[]][] = [
  ["start", measureStart],
  ["judge", measureJudge],
  ["commands", measureCommands],
  ["scan", measureScan],
  ["sandbox", measureSandbox],
  ["ledger", measureLedger],
  ["audit", measureAudit],
  ["backup", measureBackup],
  ["watch", measureWatch],
  ["million", measureMillion],
  ["dependencies", measureDependencies],
];
const wanted = process.argv.slice(2);
for (const [name, measure] of parts) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const figure of await measure()) {
    const { value, unit, reference, ratio, spread, target } = figure;
    const range = spread.map((one) => one.toPrecision(3)).join("–");
    console.log(
      `${figure.name}: ${value.toPrecision(3)} ${unit} (${range}); reference ${reference.toPrecision(3)}, ratio ${ratio.toPrecision(3)}${target === undefined ? "" : `; asked: ${target}`}`,
    );
  }
}
