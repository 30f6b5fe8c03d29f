/** Pages for people: what they name is there, and they stay short. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { COMMANDS } from "../src/cli/commands.ts";
import { PERMISSIONS } from "../src/core/person.ts";

const PAGES = ["docs/for-people.md", "docs/no-vulnerability.md", "SECURITY.md", "docs/operations.md"];
const textOf = (page: string): string => readFileSync(page, "utf8");

/** Links that lead nowhere: of files, and of headings in them. */
function lostLinks(page: string, text: string): readonly string[] {
  return [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)].flatMap(([, path = "", heading]) => {
    const target = path === "" ? page : join(dirname(page), path);
    if (!existsSync(target)) return [target];
    if (heading === undefined) return [];
    const headings = [...textOf(target).matchAll(/^#+ (.*)$/gm)].map(([, words = ""]) => slug(words));
    return headings.includes(heading) ? [] : [`${target}#${heading}`];
  });
}

const slug = (words: string): string =>
  words
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .trim()
    .replaceAll(/\s/g, "-");

/** `vambrace WORDS` of which no command begins so. */
function lostCommands(text: string): readonly string[] {
  const known = Object.keys(COMMANDS);
  return [...text.matchAll(/vambrace ((?:[a-z]+ ?){1,3})/g)].flatMap(([, words = ""]) => {
    const said = words.trim().split(" ");
    const isKnown = known.some((name) => name.split(" ").every((word, i) => said[i] === word));
    const isGroup = known.some((name) => name.startsWith(`${said.join(" ")} `));
    return isKnown || isGroup ? [] : [words.trim()];
  });
}

test("R-OPS-6: every link, command, button and permission that the pages name is there", () => {
  for (const page of PAGES) {
    assert.deepEqual(lostLinks(page, textOf(page)), [], page);
    assert.deepEqual(lostCommands(textOf(page)), [], page);
  }
  const people = textOf("docs/for-people.md");
  for (const button of ["Stop this turn", "Stop everything"]) {
    assert.ok(people.includes(button));
    assert.ok(textOf("web/index.html").includes(`>${button}</button>`), button);
  }
  assert.ok(people.includes("`operate`") && PERMISSIONS.some((one) => one === "operate"));
  // The twins: what is looked for is found where it is missing.
  assert.deepEqual(lostCommands("`vambrace who everybody`"), ["who everybody"]);
  assert.deepEqual(lostLinks("docs/x.md", "[a](nowhere.md) [b](flow.md#labels) [c](flow.md#none)"), [
    "docs/nowhere.md",
    "docs/flow.md#none",
  ]);
});

test("R-OPS-6: what is by design no vulnerability says for each row why, and where it becomes one; SECURITY.md leads there", () => {
  const rows = textOf("docs/no-vulnerability.md")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !line.startsWith("| what you see"));
  assert.ok(rows.length >= 12, `${rows.length} rows`);
  for (const row of rows) {
    const cells = row.split("|").slice(1, -1);
    assert.equal(cells.length, 3, row);
    for (const cell of cells) assert.ok(cell.trim().split(" ").length >= 4, row);
  }
  assert.match(textOf("SECURITY.md"), /\(docs\/no-vulnerability\.md\)/);
  assert.match(textOf("README.md"), /\(docs\/for-people\.md\)/);
});

test("R-OPS-6: the guide for people who share an agent is one page: read in ten minutes, with an exercise and what to do when it is odd", () => {
  const text = textOf("docs/for-people.md");
  assert.ok(text.split(/\s+/).length < 900, `${text.split(/\s+/).length} words`);
  for (const heading of ["## Five habits", "## Something is odd", "## Try it"])
    assert.ok(text.includes(heading), heading);
});
