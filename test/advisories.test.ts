/** That every published advisory of the evaluation data has a test that plays it. @module */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const DATA = join(HERE, "../../shared/eval/dev/openclaw-cves/advisories.jsonl");

/** The ids that stand in the titles of tests; a comment that names one counts for nothing. */
function played(): ReadonlyMap<string, readonly string[]> {
  const byId = new Map<string, string[]>();
  for (const name of readdirSync(HERE).filter((file) => /^advisories-.*\.test\.ts$/.test(file))) {
    for (const [, title = ""] of readFileSync(join(HERE, name), "utf8").matchAll(/^test\("([^"]+)"/gm)) {
      const id = /\bCVE-\d{4}-\d+\b/.exec(title)?.[0];
      assert.ok(id !== undefined && /^R-[A-Z]+-\d+/.test(title), `${name}: ${title}`);
      byId.set(id, [...(byId.get(id) ?? []), name]);
    }
  }
  return byId;
}

test("R-FS-2: each published advisory is played by a test that has its id", (t) => {
  const ids = played();
  assert.ok(ids.size >= 35, `only ${ids.size} advisories are played`);
  if (!existsSync(DATA)) return t.skip("the evaluation data is absent");
  const published = readFileSync(DATA, "utf8")
    .trim()
    .split("\n")
    .map((line): string => JSON.parse(line).id);
  assert.ok(published.length > 0);
  assert.deepEqual(
    published.filter((id) => !ids.has(id)),
    [],
  );
  assert.deepEqual(
    [...ids.keys()].filter((id) => !published.includes(id)),
    [],
    "no test names one that there is not",
  );
});
