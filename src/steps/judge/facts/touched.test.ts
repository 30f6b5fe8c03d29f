import assert from "node:assert/strict";
import { test } from "node:test";
import { asked, fakeFinder, type Tree, WORKSPACE } from "./testing.ts";

/** What of the workspace may be gone afterwards, by its name in it. */
async function lost(command: string, tree: Tree = {}): Promise<readonly string[]> {
  const { writes, deletes, keeps } = await fakeFinder(tree)(command, asked());
  const gone = new Set([...writes, ...deletes]);
  for (const path of keeps) gone.delete(path);
  return [...gone].map((path) => path.replace(`${WORKSPACE}/`, "")).sort();
}

const LOSES_NOTHING = [
  "echo x >> a.txt",
  "echo x | tee -a a.txt",
  "touch a.txt",
  "mkdir -p sub sub/deeper",
  "chmod +x a.txt",
  "chmod -R u+w sub",
  "find . -type f -exec chmod 644 {} +",
  "install -d sub",
  "find sub -name '*.o' -delete",
  "find . -name '*.pyc' -exec rm -f {} +",
  "rm -f sub/*.o",
];

for (const command of LOSES_NOTHING) {
  test(`R-FS-1: nothing that is there is lost by \`${command}\``, async () => {
    const there = ["a.txt", "sub", "sub/c.txt"];
    assert.deepEqual(
      (await lost(command)).filter((path) => there.includes(path)),
      [],
    );
  });
}

const LOSES: readonly (readonly [command: string, ...paths: string[]])[] = [
  ["echo x > a.txt", "a.txt"],
  ["echo x >| a.txt", "a.txt"],
  ["echo x | tee a.txt", "a.txt"],
  ["truncate -s 0 a.txt", "a.txt"],
  ["echo x >> a.txt; rm a.txt", "a.txt"],
  ["find sub -delete", "sub/c.txt"],
  ["find . -name '*.txt' -delete", "a.txt", "sub/c.txt"],
  ["find . -type f -exec sed -i s/a/b/ {} +", "a.txt", "sub/c.txt"],
  ["cp a.txt sub", "sub/a.txt"],
  ["cp a.txt sub/c.txt", "sub/c.txt"],
  ["cp sub/*.txt .", "c.txt"],
  ["mv a.txt sub/", "a.txt", "sub/a.txt"],
  ["tar xf x.tar", "a.txt", "sub/c.txt"],
];

for (const [command, ...paths] of LOSES) {
  test(`R-FS-1: what may be lost is named in \`${command}\``, async () => {
    const tree = { [`${WORKSPACE}/sub/a.txt`]: "of mine", [`${WORKSPACE}/c.txt`]: "of mine" };
    const gone = await lost(command, tree);
    for (const path of paths) assert.ok(gone.includes(path), `${path} in ${gone.join()}`);
  });
}

test("R-FS-1: what git keeps its copies in is lost with the files", async () => {
  assert.ok(
    (await lost("find . -type f -delete", { [`${WORKSPACE}/.git/objects/ab/cd`]: "x" })).includes(".git/objects/ab/cd"),
  );
});

test("R-FS-1: a link counts for what it leads to", async () => {
  const tree = { [`${WORKSPACE}/links/l`]: `->${WORKSPACE}/a.txt` };
  assert.ok((await lost("find -L links -type f -exec sed -i s/a/b/ {} +", tree)).includes("a.txt"));
});

test("R-FS-1: where more would be lost than anybody can look at, the folder stands for all of it", async () => {
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, i) => [`${WORKSPACE}/many/${i}.txt`, ""]));
  assert.deepEqual(await lost("find many -name '*.txt' -delete", many), ["many"]);
});
