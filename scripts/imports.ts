/**
 * Who imports whom. Runs the rules over the sources, checks that every source
 * file was really seen, and plants one violation for each rule to show that it
 * bites. What an import graph cannot see (dynamic imports of computed names,
 * global `fetch`, reads of the environment) is looked for in the text.
 *
 * @module
 */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cruise, type ICruiseResult, type IForbiddenRuleType } from "dependency-cruiser";
import extractTSConfig from "dependency-cruiser/config-utl/extract-ts-config";
import { createRequire } from "node:module";

const config: { forbidden: IForbiddenRuleType[]; options: object } = createRequire(import.meta.url)(
  "../.dependency-cruiser.cjs",
);

/** One file for each rule that must be refused; `%` stands for the planted file's own name. */
const PLANTED: readonly { readonly rule: string; readonly file: string; readonly text: string }[] = [
  { rule: "core-is-pure", file: "src/core/planted.ts", text: 'import "../steps/run/run.ts";' },
  { rule: "core-has-no-npm", file: "src/core/planted.ts", text: 'import "zod";' },
  { rule: "steps-know-no-sibling", file: "src/steps/run/planted.ts", text: 'import "../approval/desk.ts";' },
  { rule: "edges-know-no-sibling", file: "src/edges/models/planted.ts", text: 'import "../store/open.ts";' },
  { rule: "steps-know-core-and-tools", file: "src/steps/run/planted.ts", text: 'import "../../edges/store/open.ts";' },
  { rule: "edges-know-core", file: "src/edges/models/planted.ts", text: 'import "../../tools/catalogue.ts";' },
  { rule: "ops-know-no-sibling", file: "src/ops/audit/planted.ts", text: 'import "../openclaw/catalogue.ts";' },
  { rule: "ops-know-core-ledger-and-wire", file: "src/ops/audit/planted.ts", text: 'import "../../gate.ts";' },
  { rule: "ledger-knows-core", file: "src/ledger/planted.ts", text: 'import "../tools/catalogue.ts";' },
  { rule: "tools-know-core", file: "src/tools/planted.ts", text: 'import "../gate.ts";' },
  { rule: "wire-knows-core", file: "src/wire/planted.ts", text: 'import "../gate.ts";' },
  { rule: "nothing-knows-app", file: "src/steps/run/planted.ts", text: 'import "../../app/world.ts";' },
  {
    rule: "programs-start-in-broker-and-lifecycle",
    file: "src/steps/run/planted.ts",
    text: 'import "node:child_process";',
  },
  { rule: "connections-in-net", file: "src/edges/models/planted.ts", text: 'import "node:net";' },
  { rule: "connections-in-net", file: "src/steps/run/planted.ts", text: 'await import("undici");' },
  { rule: "testing-in-tests-only", file: "src/steps/run/planted.ts", text: 'import "../../core/testing.ts";' },
];

/** What only text shows. `in` limits where it is refused. */
const TEXT_RULES: readonly {
  readonly name: string;
  readonly pattern: RegExp;
  readonly allowedIn: RegExp;
  readonly planted: string;
}[] = [
  {
    name: "environment",
    pattern: /process\.env\b/,
    allowedIn: /^src\/app\/config\//,
    planted: "const x = process.env.HOME;",
  },
  {
    name: "global fetch",
    pattern: /(?<![.\w])fetch\(|globalThis\.fetch\(/,
    allowedIn: /^src\/edges\/net\//,
    planted: 'await fetch("http://x");',
  },
  {
    name: "global WebSocket",
    pattern: /new WebSocket\(|new EventSource\(/,
    allowedIn: /^src\/(edges\/net|cli)\//,
    planted: 'new WebSocket("ws://x");',
  },
  {
    name: "computed import",
    pattern: /import\((?!\s*["'`][^$]*["'`]\s*\))/,
    allowedIn: /^$/,
    planted: "await import(name);",
  },
];

function sources(): string[] {
  return globSync(["src/**/*.ts", "demo/**/*.ts"]).sort();
}

async function read(files: readonly string[]): Promise<ICruiseResult> {
  const options = { ...config.options, ruleSet: { forbidden: config.forbidden }, validate: true };
  const result = await cruise([...files], options, undefined, { tsConfig: extractTSConfig("tsconfig.json") });
  if (typeof result.output === "string") throw new Error("the import check answered text");
  return result.output;
}

const problems: string[] = [];
const files = sources();
const result = await read(["src", "demo"]);
const seen = new Set(result.modules.map((module) => module.source));
for (const file of files) if (!seen.has(file)) problems.push(`not seen by the import check: ${file}`);
for (const violation of result.summary.violations)
  problems.push(`${violation.rule.name}: ${violation.from} -> ${violation.to}`);
problems.push(...textProblems(files));
await plant();
console.log(
  `${files.length} files, ${config.forbidden.length} import rules, ${TEXT_RULES.length} text rules, ${PLANTED.length + TEXT_RULES.length} planted violations`,
);
for (const problem of problems) console.log(`error: ${problem}`);
if (problems.length > 0 || files.length === 0) process.exitCode = 1;

function textProblems(paths: readonly string[]): string[] {
  return paths
    .filter((path) => !path.endsWith(".test.ts"))
    .flatMap((path) => {
      const text = readFileSync(path, "utf8").replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, "");
      return TEXT_RULES.filter((rule) => !rule.allowedIn.test(path) && rule.pattern.test(text)).map(
        (rule) => `${rule.name} in ${path}`,
      );
    });
}

/** Each violation in a file of its own beside the sources it breaks; git ignores them, should a crash leave one. */
async function plant(): Promise<void> {
  for (const rule of TEXT_RULES)
    if (!rule.pattern.test(rule.planted)) problems.push(`the text rule \`${rule.name}\` does not bite`);
  for (const { rule, file, text } of PLANTED) {
    const planted = file.replace("planted.ts", `planted-${process.pid}.ts`);
    mkdirSync(planted.slice(0, planted.lastIndexOf("/")), { recursive: true });
    writeFileSync(planted, `${text}\nexport {};\n`);
    try {
      const answer = await read([planted]);
      const bitten = answer.summary.violations.some((one) => one.rule.name === rule && one.from === planted);
      if (!bitten) problems.push(`the rule ${rule} does not bite: \`${text}\` in ${file}`);
    } finally {
      rmSync(planted);
    }
  }
}
