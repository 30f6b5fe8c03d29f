/**
 * `npm run requirements`: which rows of `docs/requirements.md` are named by a
 * test, and which are not. `--check`: fails where a row that is marked as
 * built has none, or a test names a row that does not exist.
 *
 * @module
 */
import { globSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { check: { type: "boolean", default: false }, json: { type: "boolean", default: false } },
});

const ROW = /^\| (R-[A-Z]+-\d+) \| (.*?) \| (yes|part|no) \|$/gm;
const TITLE = /\b(?:test|rule)\(\s*[`"']((?:R-[A-Z]+-\d+(?:, )?)+)/g;

const rows = new Map<string, { readonly what: string; readonly built: string; tests: number }>();
for (const [, id = "", what = "", built = ""] of readFileSync("docs/requirements.md", "utf8").matchAll(ROW))
  rows.set(id, { what, built, tests: 0 });

const unknown: string[] = [];
for (const file of globSync(["src/**/*.test.ts", "test/**/*.test.ts"])) {
  for (const [, ids = ""] of readFileSync(file, "utf8").matchAll(TITLE)) {
    for (const id of ids.split(", ").filter((one) => one !== "")) {
      const row = rows.get(id);
      if (row === undefined) unknown.push(`${id} in ${file}`);
      else row.tests += 1;
    }
  }
}

const without = [...rows].filter(([, row]) => row.tests === 0);
const broken = without.filter(([, row]) => row.built !== "no").map(([id]) => id);
if (values.json) {
  console.log(JSON.stringify([...rows].map(([id, row]) => ({ id, ...row }))));
} else {
  for (const [id, row] of rows)
    console.log(
      `${id.padEnd(14)} ${String(row.tests).padStart(4)} tests  built: ${row.built.padEnd(4)}  ${row.what.slice(0, 90)}`,
    );
  console.log(
    `${rows.size} rows, ${rows.size - without.length} named by a test; without one: ${without.map(([id]) => id).join(" ") || "none"}`,
  );
}
for (const one of unknown) console.error(`error: no such row: ${one}`);
for (const id of broken) console.error(`error: ${id} is said to be built, and no test names it`);
if (rows.size === 0) console.error("error: no row was read");
if (values.check && (unknown.length > 0 || broken.length > 0 || rows.size === 0)) process.exitCode = 1;
