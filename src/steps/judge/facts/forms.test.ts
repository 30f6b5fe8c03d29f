import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asked, fakeFinder, WORKSPACE } from "./testing.ts";

const find = fakeFinder({ [`${WORKSPACE}/run.sh`]: "#!/bin/sh", [`${WORKSPACE}/package.json`]: "{}" });

async function unlisted(command: string, ...allow: string[]): Promise<readonly string[]> {
  return (await find(command, asked(allow))).unlisted;
}

async function blocked(command: string, ...block: string[]): Promise<readonly string[]> {
  return (await find(command, asked([], block))).blocked;
}

const APPROVED: readonly (readonly [command: string, ...allow: string[]])[] = [
  ["npm test", "npm test"],
  ["npm run build:web", "npm run *"],
  ["npm run build:web", "npm run build:*"],
  ["git commit -m 'all of it'", "git commit -m *"],
  ["git commit -e --amend", "git commit **"],
  ["git commit -m x", "git commit"],
  ["make", "make **"],
  ["make -j4 all", "make **"],
  ["cd sub && npm 'test'", "npm test"],
  ["python3 tools/count.py a.txt", "python3 tools/count.py *"],
  [`${WORKSPACE}/run.sh build`, `${WORKSPACE}/run.sh build`],
  ["./run.sh build", `${WORKSPACE}/run.sh build`],
  ["nice npm test", "nice", "npm test"],
  ["sh -c 'npm test'", "sh -c 'npm test'", "npm test"],
];

for (const [command, ...allow] of APPROVED) {
  test(`R-EXEC-2: \`${allow.join("`, `")}\` approves the form \`${command}\``, async () => {
    assert.deepEqual(await unlisted(command, ...allow), []);
  });
}

const NOT_APPROVED: readonly (readonly [command: string, ...allow: string[]])[] = [
  ["npm test -- --watch", "npm test"],
  ["npm install", "npm test"],
  ["npm --prefix / test", "npm test"],
  ["npm run", "npm run *"],
  ["npm run a b", "npm run *"],
  ["npm run --script-shell=./x", "npm run *"],
  ["npm run test", "npm run build:*"],
  ["npm $X", "npm test"],
  ["npm t*", "npm test"],
  ["npm $(echo test) --x", "npm test"],
  ["PATH=. npm test", "npm test"],
  ["PATH=.; npm test", "npm test"],
  ["NODE_OPTIONS=--require=./x npm test", "npm test"],
  ["./npm test", "npm test"],
  ["npm test; npm install", "npm test"],
  ["npm test | sh", "npm test"],
  ["env npm test", "npm test"],
  ["sh -c 'npm test'", "npm test"],
  ["sh -c 'npm test'", "sh -c 'npm test'"],
  ["git push", "git commit **"],
  ["git -c core.editor=./x commit", "git commit **"],
  ["./run.sh build", "./run.sh build"],
  ["make clean", "make all"],
];

for (const [command, ...allow] of NOT_APPROVED) {
  test(`R-EXEC-2: \`${allow.join("`, `")}\` does not approve \`${command}\``, async () => {
    assert.notDeepEqual(await unlisted(command, ...allow), []);
  });
}

test("R-EXEC-2: approving one form of a program approves nothing else of it", async () => {
  const word = fc.constantFrom("test", "run", "x", "-x", "--yes", "install", "a b", "");
  await fc.assert(
    fc.asyncProperty(
      fc.array(word, { maxLength: 4 }),
      fc.array(word, { minLength: 1, maxLength: 3 }),
      async (given, form) => {
        const quoted = (words: readonly string[]): string => words.map((one) => `'${one}'`).join(" ");
        const same = JSON.stringify(given) === JSON.stringify(form);
        const against = await unlisted(`make ${quoted(given)}`, `make ${quoted(form)}`);
        assert.equal(against.length === 0, same, `make ${quoted(given)} by make ${quoted(form)}`);
      },
    ),
  );
});

test("R-EXEC-2: what an approved form may touch beyond what it names is said", async () => {
  const facts = await find("npm test", asked(["npm test"]));
  assert.deepEqual(facts.approved, ["npm: runs what the project says"]);
  assert.deepEqual((await find("git log", asked(["git log"]))).approved, []);
});

test("R-EXEC-2: a command that is not on the list says what of it is not", async () => {
  assert.deepEqual(await unlisted("npm test", "npm"), ["npm: runs what the project says"]);
  assert.deepEqual(await unlisted("npm test", "npm run *"), ["npm: only `npm run *`"]);
  assert.deepEqual(await unlisted("npm test", "ls"), ["npm"]);
});

const BLOCKED: readonly (readonly [command: string, block: string])[] = [
  ["git push --force", "git push --force"],
  ["git push origin main --force", "git push --force"],
  ["git push --forc", "git push --force"],
  ["git push --force=yes", "git push --force"],
  ["git -C sub push --force", "git push --force"],
  ["rm -rf sub", "rm -rf"],
  ["rm -fr sub", "rm -rf"],
  ["rm -r -f sub", "rm -rf"],
  ["rm sub -vrf", "rm -rf"],
  ["/bin/rm -rf sub", "rm -rf"],
  ["env nice rm -rf sub", "rm -rf"],
  ["find . -exec rm -rf {} +", "rm -rf"],
  ["bash -lc 'sh -c \"rm -rf sub\"'", "rm -rf"],
  ["npm install left-pad", "npm install *"],
  ["npm install", "npm **"],
  ["x=rm; $x -rf sub", "rm"],
];

for (const [command, block] of BLOCKED) {
  test(`R-EXEC-2: \`${block}\` on the blocklist blocks \`${command}\``, async () => {
    assert.deepEqual(await blocked(command, block), [block]);
  });
}

test("R-EXEC-2: a blocked form leaves the program's other forms alone", async () => {
  for (const [command, block] of [
    ["git push origin main", "git push --force"],
    ["git log --force", "git push --force"],
    ["rm -r sub", "rm -rf"],
    ["rm sub", "rm -rf"],
    ["echo rm -rf sub", "rm -rf"],
    ["npm test", "npm install *"],
  ] as const) {
    assert.deepEqual(await blocked(command, block), [], command);
  }
});

test("R-EXEC-2: the blocklist wins over a form that is approved", async () => {
  const facts = await find("npm test", asked(["npm test"], ["npm"]));
  assert.deepEqual([facts.unlisted, facts.blocked], [[], ["npm"]]);
});
