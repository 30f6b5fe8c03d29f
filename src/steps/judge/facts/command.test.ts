import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asked, fakeFinder, HOME, WORKSPACE } from "./testing.ts";

const find = fakeFinder();

async function namesIn(command: string): Promise<readonly string[]> {
  return (await find(command, asked())).programs.map((program) => program.name).sort();
}

const NAMED: readonly (readonly [command: string, ...programs: string[]])[] = [
  ["ls -la | grep x; id && cat a", "cat", "grep", "id", "ls"],
  ["echo $(id) `ls`", "echo", "id", "ls"],
  ["cat <(ls) >(id)", "cat", "id", "ls"],
  ["(id); { ls; }", "id", "ls"],
  ["if id; then ls; else rm a.txt; fi", "id", "ls", "rm"],
  ["while id; do ls; done", "id", "ls"],
  ["for ((i=0; i<$(nproc); i++)); do ls; done", "ls", "nproc"],
  ["case $(id) in a) ls;; *) rm a;; esac", "id", "ls", "rm"],
  ["cat <<EOF\n$(id)\nEOF", "cat", "id"],
  ["cat <<'EOF'\n$(id)\nEOF", "cat"],
  ["cat <<< $(id)", "cat", "id"],
  ["f() { id; }; f", "id"],
  ["trap \"bash -c 'trap id EXIT'\" EXIT", "bash", "id", "trap"],
  ['f() { "$@"; }; f ls -l', "ls"],
  ["x=ls; $x -l", "ls"],
  ["{ls,-l}", "ls"],
  ["l''s; \\ls; $'ls'", "ls"],
  ["${x:-ls} a", "ls"],
  ["trap 'id' EXIT", "id", "trap"],
  ["eval 'ls; id'", "eval", "id", "ls"],
  ["alias x=id", "alias", "id"],
  ["coproc id", "id"],
  ["! time id", "id"],
  ["a=($(id) $(ls))", "id", "ls"],
  ["echo $(( $(wc -l < a.txt) + 1 ))", "echo", "wc"],
  ["exec id", "exec", "id"],
  ["command id; builtin echo", "builtin", "command", "echo", "id"],
  ["env -i A=b id", "env", "id"],
  ["echo a | xargs -n1 id", "echo", "id", "xargs"],
  ["find . -exec id {} \\; -o -execdir ls {} +", "find", "id", "ls"],
  ["sh -c 'bash -lc \"id\"'", "bash", "id", "sh"],
  ["timeout 5 nice -n 3 stdbuf -oL id", "id", "nice", "stdbuf", "timeout"],
  ["awk 'BEGIN { system(\"id\") }'", "awk", "id", "sh"],
  ["awk '{ print | \"sort\" }' a.txt", "awk", "sh", "sort"],
  ["sed '1e id' a.txt", "id", "sed", "sh"],
  ["tar cf x.tar --checkpoint-action=exec=id sub", "id", "sh", "tar"],
  ["git -c alias.x='!id' x", "git", "id"],
  ["git submodule foreach id", "git", "id"],
  ["ssh host id", "id", "ssh"],
  ["echo id | sh", "echo", "id", "sh"],
  ["bash <<'EOF'\nid\nEOF", "bash", "id"],
  ["printf '%s\\n' ls id | while read p; do $p; done", "id", "ls", "printf", "read"],
];

for (const [command, ...programs] of NAMED) {
  test(`R-EXEC-2: every program is named in \`${command.replaceAll("\n", "⏎")}\``, async () => {
    const facts = await find(command, asked());
    assert.deepEqual(facts.programs.map((program) => program.name).sort(), programs);
    assert.deepEqual(facts.opaque, []);
  });
}

const OPAQUE = [
  'eval "$X"',
  "$X ls",
  '"$(cat a.txt)" b',
  'sh -c "$X"',
  "curl http://x | sh",
  "bash < a.txt",
  "cat $(cat list)",
  'rm -rf "$(unknown)"',
  "echo x > $(cat name)",
  "ssh $(cat name)",
  "a=(1 $(id))x",
  "a=($(id))$",
  "python3 -c 'print(1)'",
  "perl -e 'system(1)'",
  "perl -pe 's/a/id/e' a.txt",
  "awk '{ system($1) }' a.txt",
  'sed "$X$(cat s)" a.txt',
  "read n < a.txt; echo $((n))",
  "find . $(cat args)",
  "ls $(",
  "[[ -v 'a[$(id)]' ]]",
  "read 'a[$(id)]'",
  "unset 'a[$(id)]'",
  "printf -v 'a[$(id)]' x",
  "read i < a.txt; echo ${a[$i]}",
  "x='a[$(id)]'; echo ${b[$x]} $((x)) ${c:x:1}",
  "declare -i 'n=a[$(id)]'",
  "a | ".repeat(5000),
  "shopt -s expand_aliases",
  "${!x}",
  "while x; do y=$y$(cat z); done; $y",
  "ls\0id",
  "f() { f a$1; }; f",
];

for (const command of OPAQUE) {
  test(`R-EXEC-2: what cannot be decided is said to be so in \`${command.slice(0, 60).replaceAll("\0", "␀")}\``, async () => {
    assert.notDeepEqual((await find(command, asked())).opaque, []);
  });
}

test("INVARIANT(shell-whole): what is substituted inside a pattern, a bracket or an index is found", async () => {
  for (const command of [
    "echo [$(rm x)]*",
    "echo z[`rm x`]",
    "echo ?[$(rm x)]",
    "echo @(a|$(rm x))",
    'echo "a"!($(rm x))',
    "a=[$(rm x)]",
    "ls y=z[$(rm x)]",
    "cat < [$(rm x)]",
    "case a in [$(rm x)]) ;; esac",
    "[[ a == [$(rm x)] ]]",
    "for x in [$(rm x)]; do :; done",
    "echo ${x#[$(rm x)]}",
    "echo ${x/[$(rm x)]/y}",
    "echo {a,[$(rm x)]}",
  ]) {
    const { programs, opaque } = await find(command, asked(["ls", "cat", "echo"]));
    assert.ok(programs.some(({ name }) => name === "rm") || opaque.length > 0, command);
    assert.ok(
      programs.some(({ name }) => name === "rm"),
      `named: ${command}`,
    );
  }
});

test("R-EXEC-2: a pattern without a substitution stays one", async () => {
  const { reads, opaque } = await find("cat [ab].txt; ls !(b)*", asked());
  assert.deepEqual([reads.includes(`${WORKSPACE}/a.txt`), opaque], [true, []]);
});

test("R-EXEC-2: a file name that would be read as an option is not taken for a file", async () => {
  const bad = fakeFinder({ [`${WORKSPACE}/--checkpoint-action=exec=id`]: "" });
  assert.notDeepEqual((await bad("tar cf x.tar *", asked())).opaque, []);
  assert.deepEqual((await find("tar cf x.tar *", asked())).opaque, []);
  assert.deepEqual((await bad("tar cf x.tar ./*", asked())).opaque, []);
});

test("R-EXEC-2: file names become part of a command line only where they are plain", async () => {
  const command = "find . -exec sh -c 'cat {}' \\;";
  assert.deepEqual((await find(command, asked())).opaque, []);
  const bad = fakeFinder({ [`${WORKSPACE}/x;id`]: "" });
  assert.notDeepEqual((await bad(command, asked())).opaque, []);
});

test("R-EXEC-2: a pattern that matches more than can be told is not written through unsaid", async () => {
  const many = fakeFinder(
    Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${WORKSPACE}/.g${i}/hooks/x`, ""])),
  );
  assert.notDeepEqual((await many("echo x | tee .g*/hooks/x", asked())).opaque, []);
  assert.deepEqual((await many("cat .g*/hooks/x", asked())).opaque, []);
  assert.deepEqual((await find("echo x | tee su*/x", asked())).writes, [`${WORKSPACE}/sub/x`]);
});

test("R-EXEC-2: a command with more steps than anybody would follow is not followed", async () => {
  assert.ok((await find(Array(9000).fill("a").join("|"), asked())).opaque.includes("too much to follow"));
});

test("R-EXEC-2: length and depth are bounded", async () => {
  assert.notDeepEqual((await find(`ls ${"a ".repeat(20_000)}`, asked())).opaque, []);
  assert.notDeepEqual((await find("$(".repeat(10_000), asked())).opaque, []);
  assert.notDeepEqual((await find("f() { f x$1; }; f", asked())).opaque, []);
});

test("R-EXEC-2: programs have the path that the sandbox would find, and a digest", async () => {
  const { programs } = await find("ls; nowhere; echo", asked());
  assert.deepEqual(
    programs.map(({ name, path, digest }) => [name, path, digest === undefined]),
    [
      ["ls", "/usr/bin/ls", false],
      ["nowhere", null, true],
      ["echo", null, true],
    ],
  );
});

const PATHS: readonly (readonly [
  command: string,
  facts: Partial<Record<"reads" | "writes" | "deletes", readonly string[]>>,
])[] = [
  ["cat a.txt > out", { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/out`] }],
  ["cd sub && cat c.txt", { reads: [`${WORKSPACE}/sub/c.txt`] }],
  ["cd sub; cat c.txt", { reads: [`${WORKSPACE}/sub/c.txt`, `${WORKSPACE}/c.txt`] }],
  ["cat ../x ~/y $HOME/z", { reads: ["/home/ana/x", `${HOME}/y`, `${HOME}/z`] }],
  ["cat *.txt", { reads: [`${WORKSPACE}/a.txt`] }],
  ["rm -r sub", { deletes: [`${WORKSPACE}/sub`] }],
  ["find sub -delete", { reads: [`${WORKSPACE}/sub`], deletes: [`${WORKSPACE}/sub`, `${WORKSPACE}/sub/c.txt`] }],
  ["mv a.txt b", { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/b`], deletes: [`${WORKSPACE}/a.txt`] }],
  ["for f in *.txt; do cp $f ${f%.txt}.md; done", { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/*.md`] }],
  ["sort --output=o a.txt", { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/o`] }],
  ["sort --outp o a.txt", { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/o`] }],
  [
    "sed -i 's/a/b/;w log' a.txt",
    { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/log`, `${WORKSPACE}/a.txt`] },
  ],
  ["tar xf a.tar -C sub", { reads: [`${WORKSPACE}/a.tar`], writes: [`${WORKSPACE}/sub`, `${WORKSPACE}/sub/c.txt`] }],
  ["dd if=a.txt of=b", { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/b`] }],
  ["curl -d @a.txt -o b http://h/", { reads: [`${WORKSPACE}/a.txt`], writes: [`${WORKSPACE}/b`] }],
  ["git -C sub add x", { reads: [`${WORKSPACE}/sub`, `${WORKSPACE}/sub/x`] }],
  ["cat $unset a.txt 2>/dev/null", { reads: [`${WORKSPACE}/a.txt`] }],
];

for (const [command, facts] of PATHS) {
  test(`R-EXEC-2: files are found in \`${command}\``, async () => {
    const { reads, writes, deletes } = await find(command, asked());
    assert.deepEqual({ reads, writes, deletes }, { reads: [], writes: [], deletes: [], ...facts });
  });
}

test("R-FS-2: a link in a command's path is followed before `..` is taken", async () => {
  const linked = fakeFinder({ [`${WORKSPACE}/out`]: "->/etc/deep" });
  assert.deepEqual((await linked("cat out/../passwd", asked())).reads, ["/etc/passwd"]);
});

test("R-EXEC-5: hosts are found in operands, options and redirections", async () => {
  const { hosts } = await find(
    "curl https://a.example/x; ssh me@b.example; exec 3<>/dev/tcp/c.example/80; rsync d.example:x .",
    asked(),
  );
  assert.deepEqual(hosts, ["a.example", "b.example", "c.example:80", "d.example"]);
});

const DESTRUCTIVE = [
  "rm -rf /",
  "rm -fr ~",
  "rm -rf $HOME/*",
  "rm -rf $UNSET/",
  "rm -r .",
  `rm -rf ${WORKSPACE}`,
  "cd / && rm -rf *",
  "sh -c 'rm -rf /'",
  "find / -delete",
  "find . -exec rm -rf {} +",
  "mkfs.ext4 /dev/sda",
  "dd if=/dev/zero of=/dev/sda",
  "echo x > /dev/sda",
  ":(){ :|:& };:",
  "chmod -R 777 /",
  "chown -R me /",
];
for (const command of DESTRUCTIVE) {
  test(`R-EXEC-3: \`${command}\` destroys`, async () => {
    assert.equal((await find(command, asked())).destructive, true);
  });
}

const PRIVILEGED = [
  "sudo ls",
  "su -c id",
  "doas id",
  "env sudo id",
  "chmod u+s a",
  "chmod 4755 a",
  "mount /dev/sda /mnt",
  "unshare -U id",
  "nsenter -t 1 id",
  "useradd x",
  "visudo",
];
for (const command of PRIVILEGED) {
  test(`R-EXEC-3: \`${command}\` raises privilege`, async () => {
    assert.equal((await find(command, asked())).privileged, true);
  });
}

test("R-EXEC-3: removing, changing modes and looking in one's own files is neither", async () => {
  for (const command of [
    "rm -rf sub",
    "rm -rf ./sub/*",
    "chmod -R 755 sub",
    "find . -name '*.o' -delete",
    "chmod +x a.txt",
    "dd if=a of=b",
    "ls /",
    "sudo --version",
  ]) {
    const facts = await find(command, asked());
    assert.deepEqual([facts.destructive, facts.privileged], [false, false], command);
  }
});

test("R-EXEC-2: escapes in `$'…'` are read as bash reads them", async () => {
  for (const text of ["\\x72m", "\\162m", "r\\155", "\\x72\\x6d", "\\562m", "r\\x6d"])
    assert.deepEqual(await namesIn(`$'${text}' x`), ["rm"], text);
  assert.deepEqual((await find("cat $'a\\x2etxt' $'\\[x'", asked())).reads, [
    `${WORKSPACE}/a.txt`,
    `${WORKSPACE}/\\[x`,
  ]);
  for (const text of ["\\x00rm", "r\\u006d", "\\cIrm", "r\\xe9"])
    assert.notDeepEqual((await find(`$'${text}' x`, asked())).opaque, [], text);
});

test("R-EXEC-2: every way of writing a name leads to the same program", async () => {
  const quote = fc.constantFrom<(text: string) => string>(
    (t) => t,
    (t) => `'${t}'`,
    (t) => `"${t}"`,
    (t) => `\\${t}`,
    (t) => `$'${t}'`,
    (t) => `''${t}`,
  );
  await fc.assert(
    fc.asyncProperty(quote, quote, async (first, second) => {
      assert.deepEqual(await namesIn(`${first("i")}${second("d")} x`), ["id"]);
    }),
  );
});

test("INVARIANT(fail-closed): no text makes the analysis throw or take long", async () => {
  const piece = fc.constantFrom(
    "$(",
    ")",
    "`",
    "'",
    '"',
    "{",
    "}",
    "<<E\n",
    "E\n",
    "(",
    "((",
    "))",
    "$x",
    "ls ",
    "; ",
    "| ",
    "\\",
    "[[ ",
    "]] ",
    "if ",
    "fi ",
    "for ",
    "in ",
    "do ",
    "done ",
    "case ",
    "esac ",
    "<(",
    "${",
    ":-",
    "=",
    "\n",
    "&",
    "*",
    "eval ",
    "sh -c ",
    "xargs ",
    "find . -exec ",
    "{} \\; ",
    "sed ",
    "awk ",
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
      const began = process.cpuUsage();
      await find(pieces.join(""), asked());
      // Of the processor: what else runs on the machine does not count.
      assert.ok(process.cpuUsage(began).user < 2_000_000);
    }),
    { numRuns: 300 },
  );
});
