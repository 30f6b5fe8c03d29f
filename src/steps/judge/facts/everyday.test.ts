import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, fakeFinder } from "./testing.ts";

const find = fakeFinder();

/** By the program's bare name: what is not everyday, and beside it what is. */
const FORMS: readonly (readonly [program: string, not: string, everyday: string])[] = [
  ["git", "git clean -fd", "git clean -nd"],
  ["git", "git reset --hard", "git reset HEAD a.txt"],
  ["git", "git reset --har", "git reset --soft HEAD~1"],
  ["git", "git checkout -f main", "git checkout main"],
  ["git", "git checkout -- a.txt", "git checkout -b topic"],
  ["git", "git checkout .", "git checkout main"],
  ["git", "git switch --discard-changes main", "git switch main"],
  ["git", "git stash drop", "git stash list"],
  ["git", "git --no-pager stash clear", "git --no-pager stash list"],
  ["git", "git branch -D topic", "git branch -v"],
  ["git", "git tag -d v1", "git tag v1"],
  ["git", "git reflog expire --all", "git reflog"],
  ["git", "git gc --prune=now", "git gc"],
  ["git", "git commit", "git commit -m done"],
  ["git", "git commit -a", "git commit -am done"],
  ["git", "git log --help", "git log -h"],
  ["git", "git notes edit", "git notes add -m x"],
  ["awk", "awk 'BEGIN { ARGV[1] = \"../x\"; ARGC = 2 } { print }'", "awk '{ print $1 }' a.txt"],
  ["yq", "yq 'load(\"../x.yaml\")' a.txt", "yq '.load.average' a.txt"],
  ["yq", "yq '.a = system(\"id\")' a.txt", "yq '.system.cpu' a.txt"],
  ["jq", "jq 'import \"x\" as x; .' a.txt", "jq '.import' a.txt"],
  ["ar", "ar --plugin ./x.so t a.txt", "ar t a.txt"],
  ["pip", "pip list --python ./x", "pip list --format json"],
  ["pip3.12", "pip3.12 list -i http://example.org", "pip3.12 show x"],
  ["fzf", "fzf --preview id", "fzf --version"],
  ["grc", "grc id", "grc --version"],
  ["journalctl", "journalctl -u x", "journalctl --no-pager -u x"],
  ["dotnet", "dotnet run", "dotnet --version"],
];

for (const [program, not, everyday] of FORMS) {
  test(`R-EXEC-2: approving \`${program}\` approves \`${everyday}\` and not \`${not}\``, async () => {
    const allow = asked([program, "ls"]);
    assert.notDeepEqual((await find(not, allow)).unlisted, []);
    const { unlisted, opaque } = await find(everyday, allow);
    assert.deepEqual({ unlisted, opaque }, { unlisted: [], opaque: [] });
  });
}

test("R-EXEC-2: an entry that spells out a form of git that loses work approves that form", async () => {
  assert.deepEqual((await find("git stash drop", asked(["git stash drop"]))).unlisted, []);
});

test("R-EXEC-2: git starts with what keeps it from the settings of strangers, or is asked", async () => {
  const allow = asked(["git", "env", "ls", "xargs", "echo"]);
  for (const command of [
    "env -i git status",
    "env -u GIT_CONFIG_COUNT git log",
    "exec -c git log",
    "echo git | env - xargs env",
  ])
    assert.notDeepEqual((await find(command, allow)).unlisted, [], command);
  for (const command of ["env -i ls", "env -u OTHER git log", "env TZ=UTC git log", "exec git log"])
    assert.deepEqual((await find(command, allow)).unlisted, [], command);
});

test("R-EXEC-5: an address in the place of a file is a host", async () => {
  const all = await find("pandoc http://one.example/a; ffmpeg -i rtmp://two.example/b c; cat a.txt", asked());
  assert.deepEqual(all.hosts, ["one.example", "two.example"]);
});
