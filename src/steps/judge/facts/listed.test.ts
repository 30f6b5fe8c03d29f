import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEFAULT_ALLOW } from "./default-allow.ts";
import { TABLES } from "./programs/index.ts";
import { grammarOf } from "./options.ts";
import { SPECIAL } from "./special/index.ts";
import { asked, fakeFinder, WORKSPACE } from "./testing.ts";

const find = fakeFinder({ [`${WORKSPACE}/run.sh`]: "#!/bin/sh" });

async function unlisted(command: string, ...allow: string[]): Promise<readonly string[]> {
  return (await find(command, asked(allow))).unlisted;
}

const NOT_EVERYDAY: readonly (readonly [command: string, ...allow: string[]])[] = [
  ["ls", "cat"],
  ["ls | rm x", "ls"],
  ["echo $(id)", "echo"],
  ["git -c core.pager=id log", "git"],
  ["git --exec-path=. x", "git"],
  ["git rebase --exec id main", "git", "sh"],
  ["git commit", "git push"],
  ["git grep -O x", "git"],
  ["find . -exec id {} +", "find"],
  ["tar xf a --to-command=id", "tar", "id"],
  ["tar xf a -I id", "tar", "sh"],
  ["sort --compress-prog=id a", "sort", "sh"],
  ["sed 's/a/b/e' a", "sed"],
  ["awk -f a.txt b", "awk"],
  ["env LD_PRELOAD=./x.so ls", "env", "ls"],
  ["PAGER=id git log", "git"],
  ["PATH=.; ls", "ls"],
  ["sh run.sh", "sh"],
  ["./run.sh", "ls"],
  ["bash", "bash"],
  ["python3 x.py", "python3"],
  ["make", "make"],
  ["npm run x", "npm"],
  ["vim a.txt", "vim"],
  ["sudo ls", "sudo", "ls"],
  ["docker run x id", "docker", "id"],
  ["crontab a", "crontab"],
  ["nc -l 80", "nc"],
  ["ssh h id", "ssh", "id"],
  ["scp -S id a h:", "scp", "sh"],
  ["rsync -e 'id' a h:", "rsync", "sh"],
  ["curl -K a http://h", "curl"],
  ["source a.sh", "ls"],
  ["ls; echo x > y", "ls"],
  ["ls | printf x", "ls"],
  ["ls; kill 1", "ls"],
  ["ls $(pwd)", "ls"],
  ["export PAGER=id; git log", "git"],
  ["mount /dev/sda /mnt", "mount"],
  ["crontab -l -r", "crontab"],
  ["crontab -", "crontab"],
  ["perl -lne 'system(1)'", "perl"],
  ["perl -l0 x.pl", "perl"],
  ["perl -v x.pl", "perl"],
  ["python3 -V x.py", "python3"],
  ["stranger --exec=id", "stranger"],
  ["stranger /bin/sh", "stranger"],
  ["stranger run.sh", "stranger"],
  ["stranger 'a b; c'", "stranger"],
  ["echo x | stranger", "stranger"],
];

for (const [command, ...allow] of NOT_EVERYDAY) {
  test(`R-EXEC-2: \`${command}\` is no everyday form where ${allow.join(", ")} is allowed`, async () => {
    assert.notDeepEqual(await unlisted(command, ...allow), []);
  });
}

const EVERYDAY: readonly (readonly [command: string, ...allow: string[]])[] = [
  ["ls -la | grep -n x", "ls", "grep"],
  ["/usr/bin/ls", "ls"],
  ["ls", "/usr/bin/ls"],
  ["git status", "git"],
  ["git -C sub log --oneline", "git log", "git"],
  ["git status --short", "git status"],
  ["sort -k2 -t, a.txt -o b", "sort"],
  ["sed -i 's/a/b/' a.txt", "sed"],
  ["awk '{ s += $1 } END { print s }' a.txt", "awk"],
  ["find . -name '*.ts' | xargs grep x", "find", "xargs", "grep"],
  ["env LC_ALL=C sort a.txt", "env", "sort"],
  ["tar czf x.tgz sub", "tar"],
  ["cd sub && test -f a; x=1; set -e; export LANG=C"],
  ["cd sub && echo hi", "echo"],
  ["sh run.sh", "sh", `${WORKSPACE}/run.sh`],
  ["./run.sh --fast", `${WORKSPACE}/run.sh`],
  ["perl -pe 's/a/b/' a.txt", "perl"],
  ["export PAGER=id"],
  ["mount -l -t ext4", "mount"],
  ["crontab -l -u ana", "crontab"],
  ["perl -lne 'print if /c|d|z/' a.txt", "perl"],
  ["perl -l40pe0 a.txt", "perl"],
  ["perl -v; python3 -V; node -v; php -m", "perl", "python3", "node", "php"],
  ["stranger --verbose a.txt", "stranger"],
];

for (const [command, ...allow] of EVERYDAY) {
  test(`R-EXEC-2: \`${command}\` is an everyday form`, async () => {
    assert.deepEqual(await unlisted(command, ...allow), []);
  });
}

test("R-EXEC-2: a program with an allowed name that lies elsewhere is another program", async () => {
  assert.notDeepEqual(await unlisted("./ls", "ls"), []);
  assert.notDeepEqual(await unlisted("/tmp/ls", "ls"), []);
});

test("R-EXEC-2: the blocklist finds a program however it is reached", async () => {
  for (const command of [
    "rm x",
    "/bin/rm x",
    "./sub/rm x",
    "\\rm x",
    "env rm x",
    "echo a | xargs rm",
    "sh -c 'rm x'",
    "x=rm; $x y",
    "find . -exec rm {} +",
  ]) {
    assert.deepEqual((await find(command, asked([], ["rm"]))).blocked, ["rm"], command);
  }
});

test("R-EXEC-2: a blocked form blocks that form only", async () => {
  assert.deepEqual((await find("git push --force x", asked([], ["git push --force"]))).blocked, ["git push --force"]);
  assert.deepEqual((await find("git push x", asked([], ["git push --force"]))).blocked, []);
  assert.deepEqual((await find("echo rm", asked([], ["rm"]))).blocked, []);
});

test("INVARIANT(listed): with an empty allowlist everything that starts a program is unlisted", async () => {
  const name = fc.constantFrom("ls", "git status", "sed p", "stranger", "/usr/bin/id", "./x", "env ls");
  await fc.assert(
    fc.asyncProperty(
      name,
      fc.constantFrom("%", "echo $(%)", "if %; then :; fi", "f() { %; }", "trap '%' EXIT"),
      async (program, around) => {
        assert.notDeepEqual(await unlisted(around.replace("%", program)), []);
      },
    ),
  );
});

test("R-EXEC-2: the default allowlist has everyday programs and nothing that leaves or removes", async () => {
  for (const command of [
    "ls -la",
    "git log --oneline",
    "grep -rn x .",
    "cat a.txt | sort | uniq -c",
    "mkdir -p x && touch x/y",
  ]) {
    assert.deepEqual(await unlisted(command, ...DEFAULT_ALLOW), [], command);
  }
  for (const command of [
    "rm x",
    "curl http://h",
    "git push",
    "git commit -m x",
    "python3 x.py",
    "sh x",
    "make",
    "mv a b",
    "chmod +x a",
  ]) {
    assert.notDeepEqual(await unlisted(command, ...DEFAULT_ALLOW), [], command);
  }
});

test("R-EXEC-2: every entry of the table can be read", () => {
  let entries = 0;
  for (const table of TABLES) {
    for (const [names, program] of Object.entries(table)) {
      assert.doesNotThrow(() => grammarOf(program), names);
      if (program.special !== undefined) assert.ok(SPECIAL.has(program.special), names);
      for (const command of Object.values(program.commands ?? {})) if (typeof command !== "string") grammarOf(command);
      entries += names.split(" ").length;
    }
  }
  assert.ok(entries > 500, `only ${entries}`);
});
