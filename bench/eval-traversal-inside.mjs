/**
 * Runs inside of a sandbox: every path of standard input through the file
 * tools' own operations and through plain opening, as an unsandboxed fool
 * would. Prints what was opened that holds the canary's mark.
 *
 * @module
 */
import { readFileSync } from "node:fs";

const [operations = "", workspace = "", mark = ""] = process.argv.slice(2);
const { answerTo } = await import(operations);
/** @type {readonly string[]} */
const payloads = JSON.parse(readFileSync(0, "utf8"));
const counts = { tried: 0, read: 0, written: 0, opened: 0, inside: 0 };
/** @type {string[]} */
const canaries = [];

/** @param {string} path */
function plainly(path) {
  try {
    return readFileSync(path).toString("latin1");
  } catch {
    return "";
  }
}

for (const payload of payloads) {
  for (const path of [payload, `up/${payload}`, `root/${payload}`, `inner/${payload}`]) {
    const whole = path.startsWith("/") ? path : `${workspace}/${path}`;
    counts.tried += 1;
    const read = await answerTo(JSON.stringify({ op: "read", path: whole }));
    const bytes = plainly(whole);
    counts.read += read.ok ? 1 : 0;
    counts.opened += bytes === "" ? 0 : 1;
    counts.inside += bytes.startsWith("inside") ? 1 : 0;
    if (JSON.stringify(read).includes(mark) || bytes.includes(mark)) canaries.push(whole);
    const wrote = await answerTo(JSON.stringify({ op: "write", path: whole, content: "planted", mode: "create" }));
    counts.written += wrote.ok ? 1 : 0;
  }
}
process.stdout.write(JSON.stringify({ counts, canaries: canaries.length, first: canaries.slice(0, 3) }));
