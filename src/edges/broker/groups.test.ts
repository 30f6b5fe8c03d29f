import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import * as fc from "fast-check";
import { type Cgroup, type CgroupHome, findCgroups, makeCgroup } from "./cgroup.ts";
import { openGroups } from "./groups.ts";

const HOME: CgroupHome = { version: 2, folders: [], cpu: null };

type Fake = {
  readonly group: Cgroup;
  readonly cpus: number | null;
  state: "empty" | "used" | "full";
  removed: boolean;
};

function open() {
  const made: Fake[] = [];
  const groups = openGroups(HOME, (_, __, cpus = null) => {
    const one: Fake = {
      group: {
        doors: [],
        limit: () => undefined,
        renew: () => one.state === "empty",
        remove() {
          one.removed = true;
          return Promise.resolve();
        },
      },
      cpus,
      state: "empty",
      removed: false,
    };
    made.push(one);
    return one.group;
  });
  return { made, groups };
}

test("R-BOX-3: INVARIANT(groups-empty): a group is given to one sandbox at a time, and only new or found empty", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const step = fc.record({
    what: fc.constantFrom("take", "take", "back", "back", "back full", "twice", "drain", "end", "later"),
    cpus: fc.constantFrom(null, 1, 2),
    at: fc.nat(7),
  });
  let again = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
      const { made, groups } = open();
      const lent: Fake[] = [];
      for (const { what, cpus, at } of steps) {
        const one = lent[at % Math.max(lent.length, 1)];
        if (what === "take") {
          const before = made.length;
          const group = groups.take(cpus);
          const found = made.find((each) => each.group === group);
          assert.ok(found && !found.removed && !lent.includes(found), "in use, or removed");
          assert.equal(found.cpus, cpus);
          assert.equal(found.state, "empty");
          if (made.length === before) again += 1;
          found.state = "used";
          lent.push(found);
        } else if (what === "later") t.mock.timers.tick(1000);
        else if (what === "drain") for (const each of made) each.state = lent.includes(each) ? "used" : "empty";
        else if (one !== undefined) {
          lent.splice(lent.indexOf(one), 1);
          one.state = what === "back full" ? "full" : "empty";
          if (what === "end") await groups.end(one.group);
          else groups.giveBack(one.group);
          if (what === "twice") groups.giveBack(one.group);
          if (what === "end") assert.ok(one.removed);
        }
        assert.ok(made.filter((each) => !each.removed).length - lent.length <= 8, "more than eight are kept");
      }
      t.mock.timers.tick(1000);
      for (const each of made) assert.ok(each.state !== "full" || each.removed, "what is not empty is not kept");
      await groups.clear();
      for (const each of made) assert.equal(each.removed, !lent.includes(each));
    }),
  );
  assert.ok(again > 0, "none was used again");
});

test("R-BOX-3: eight groups are kept, and no more", async () => {
  const { made, groups } = open();
  const taken = Array.from({ length: 12 }, () => groups.take(null));
  for (const group of taken) groups.giveBack(group);
  assert.equal(made.filter(({ removed }) => removed).length, 4);
  for (let i = 0; i < 8; i++) groups.take(null);
  assert.equal(made.length, 12);
  groups.take(null);
  assert.equal(made.length, 13);
  await groups.clear();
});

const folders: string[] = [];
after(() => {
  for (const folder of folders) fs.rmSync(folder, { recursive: true });
});

type Made = { readonly group: Cgroup; readonly files: string; readonly put: (name: string, text: string) => void };

/** What the kernel shows of an empty group, in files that stay what they are. */
function fake2(cpus: number | null = null): Made {
  const root = fs.mkdtempSync(join(tmpdir(), "vambrace-groups-"));
  folders.push(root);
  const group = makeCgroup({ version: 2, folders: [root], cpu: cpus === null ? null : root }, "1", cpus);
  const files = join(root, `vambrace-${process.pid}-1`);
  const put = (name: string, text: string): void => fs.writeFileSync(join(files, name), text);
  put("cgroup.procs", "");
  put("cgroup.events", "populated 0\nfrozen 0\n");
  put("pids.current", "0\n");
  put("memory.current", "40960\n");
  put("memory.swap.max", "max\n");
  put("memory.oom.group", "0\n");
  return { group, files, put };
}

test("R-BOX-3: version 2: an emptied group has no limit of the job before, until its own is set", () => {
  const { group, files, put } = fake2(2);
  const read = (name: string): string => fs.readFileSync(join(files, name), "utf8").trim();
  const all = (): string[] =>
    ["pids.max", "memory.max", "memory.swap.max", "memory.oom.group", "cpu.max"].map((name) => read(name));
  group.limit({ memoryBytes: 1000, processes: 7 });
  assert.deepEqual(all(), ["7", "1000", "0", "1", "200000 100000"]);
  put("cpu.max", "max 100000"); // the limit of processor time is set anew as well
  assert.ok(group.renew());
  assert.deepEqual(all(), ["max", "max", "max", "0", "200000 100000"]);
});

for (const [why, name, text] of [
  ["holds a process", "cgroup.procs", "17\n"],
  ["still counts one that ended", "pids.current", "1\n"],
  ["has one in a group below it", "cgroup.events", "populated 1\nfrozen 0\n"],
  ["stands still", "cgroup.events", "populated 0\nfrozen 1\n"],
  ["says nothing of being empty", "cgroup.events", ""],
  ["counts much memory of before", "memory.current", `${64 * 1024 * 1024}\n`],
  ["counts what is no number", "memory.current", "\n"],
  ["does not say what it counts", "memory.current", null],
  ["does not say how many it holds", "pids.current", null],
  ["does not say whom it holds", "cgroup.procs", null],
] as const)
  test(`R-BOX-3: version 2: a group that ${why} is not used again`, () => {
    const { group, files, put } = fake2();
    if (text === null) fs.rmSync(join(files, name));
    else put(name, text);
    assert.equal(group.renew(), false);
  });

test("R-BOX-3: version 2: a group whose limit cannot be taken off is not used again", () => {
  const { group, files } = fake2();
  fs.mkdirSync(join(files, "pids.max"));
  assert.equal(group.renew(), false);
});

const here = findCgroups();

test("R-BOX-3: a group of this machine is used again, with a higher and a lower limit, and not while something is in it", {
  skip: here === null ? "no control groups can be made here" : false,
}, async () => {
  assert.ok(here);
  const group = makeCgroup(here, `test-${Date.now()}`);
  try {
    for (const mb of [64, 512, 16]) {
      group.limit({ memoryBytes: mb * 1024 * 1024, processes: mb });
      assert.ok(group.renew());
    }
    const child = spawn("/bin/sleep", ["60"]);
    const ended = once(child, "exit");
    for (const door of group.doors) fs.writeFileSync(door, String(child.pid));
    assert.equal(group.renew(), false);
    child.kill("SIGKILL");
    await ended;
    assert.ok(group.renew());
  } finally {
    await group.remove();
  }
});
