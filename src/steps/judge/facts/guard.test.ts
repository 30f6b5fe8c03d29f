import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGuarded } from "./guard.ts";

const HIDDEN = [
  "a=(1 $(two))x",
  "a=($(two))$",
  "a=($(two))${x}",
  "a=(`two`)x",
  "echo $((id) )$((id\n))",
  "((ls); id)",
  "ls $(",
  "echo $(if)",
  'echo "$(ls |)"',
  `${"$(".repeat(100)}id${")".repeat(100)}`,
  "ls `id",
  'echo "',
];

for (const source of HIDDEN) {
  test(`INVARIANT(shell-whole): \`${source.slice(0, 40).replaceAll("\n", "⏎")}\` is not taken for understood`, () => {
    assert.equal(parseGuarded(source).ok, false);
  });
}

const SHOWN = [
  "a=(1 $(two)) x",
  "echo '$(x)' \"\\$(x)\" \\$\\(x",
  "echo a # $(b)\nls",
  "cat <<'E'\n$(x)\nE",
  "echo `a \\`b\\``",
  'echo "a <(b)"',
  "( (ls) )",
  "echo $(( 1 + $(id) ))",
];

for (const source of SHOWN) {
  test(`INVARIANT(shell-whole): \`${source.replaceAll("\n", "⏎")}\` is understood`, () => {
    assert.deepEqual(parseGuarded(source).ok, true);
  });
}
