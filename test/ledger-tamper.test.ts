import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test, type TestContext } from "node:test";
import { environmentOf } from "../src/app/config/environment.ts";
import { logVerify } from "../src/cli/log.ts";
import { splitRecords, TILE_WIDTH } from "../src/ledger/layout.ts";
import { verifyLedger, type VerifyReport } from "../src/ledger/verify.ts";
import { seeded, temporaryFolder, WHOLE } from "./ledger-kit.ts";
import { apply, type Change, makeWorld, type World } from "./ledger-tamper-kit.ts";
import { drawFrom, isMaybeUnfinished, WAYS } from "./ledger-tamper-ways.ts";

const SEED = Number(process.env["VAMBRACE_SEED"] ?? Date.now() % 1_000_000);
const RUNS = Number(process.env["VAMBRACE_RUNS"] ?? (WHOLE ? 100_000 : 600));

/** Published records, and those that are only in the journal. */
const SIZES = [
  [560, 12],
  [300, 0],
  [90, 7],
  [770, 3],
] as const;

/** The first record that is not the one that was written, where one bundle was changed and nothing else. */
function firstChanged({ files, size }: World, change: Change): number | undefined {
  const [[path, put] = [], more] = [...change];
  const [, index, width] = /^tile\/entries\/([0-9]{3})(?:\.p\/([0-9]+))?$/.exec(path ?? "") ?? [];
  if (path === undefined || index === undefined || more !== undefined || !(put instanceof Buffer)) return undefined;
  const is = Number(width ?? TILE_WIDTH);
  if (width !== undefined && is !== size % TILE_WIDTH) return undefined;
  const [before, after] = [splitRecords(files.get(path) ?? put).records, splitRecords(put).records];
  const first = before.findIndex((record, i) => after[i]?.equals(record) !== true);
  return Number(index) * TILE_WIDTH + (first < 0 ? is - 1 : first);
}

type Done = { readonly name: string; readonly change: Change };

function judge(world: World, { name, change }: Done, report: VerifyReport): "found" | "unfinished" {
  if (report.intact !== true) {
    assert.equal(report.intact, false);
    assert.ok((report.problem ?? "").length > 10, "no words");
    const first = firstChanged(world, change);
    if (first !== undefined) assert.equal(report.firstBadEntry, first, report.problem);
    return "found";
  }
  assert.ok(isMaybeUnfinished(name, change), "taken for intact");
  assert.ok(report.entries >= world.size, "records that were kept elsewhere are gone");
  assert.equal(report.rootHex, world.roots[report.entries], "other records than those that were written");
  return "unfinished";
}

test("R-LOG-3: INVARIANT(nothing-passes): random tamperings of a ledger are found with key and checkpoint kept elsewhere", async (t) => {
  const worlds = SIZES.map(([published, journalled]) => makeWorld(t, published, journalled));
  const draw = drawFrom(seeded(SEED));
  const ways = [...WAYS];
  const counted = new Map<string, { found: number; unfinished: number }>();
  for (let run = 0; run < RUNS; run++) {
    const world = draw.pick(worlds);
    const [name, way] = ways[run % ways.length] ?? draw.pick(ways);
    const change = way(world, draw);
    if (change === undefined || change.size === 0) continue;
    const { undo } = apply(world, change);
    try {
      const count = counted.get(name) ?? { found: 0, unfinished: 0 };
      counted.set(name, count);
      count[judge(world, { name, change }, await verifyLedger(world.dir, world.kept))] += 1;
    } catch (error) {
      const where = [...change.keys()].slice(0, 5).join(", ");
      throw new Error(`seed ${SEED}, run ${run}: ${name} in ${where} (${world.size} records)`, { cause: error });
    } finally {
      undo();
    }
  }
  t.diagnostic(`seed ${SEED}: ${JSON.stringify(Object.fromEntries(counted))}`);
  // A way that was never found was never tried.
  for (const [name] of ways) {
    const { found, unfinished } = counted.get(name) ?? { found: 0, unfinished: 0 };
    assert.ok(found > 0 || (unfinished > 0 && isMaybeUnfinished(name, new Map())), `nothing was found of: ${name}`);
  }
  for (const world of worlds) await isWell(world);
});

/** The honest twin. */
async function isWell({ dir, kept, roots }: World): Promise<void> {
  const report = await verifyLedger(dir, kept);
  assert.deepEqual([report.intact, report.rootHex, report.problem], [true, roots.at(-1), undefined]);
}

test("R-LOG-3: a ledger that went on since any checkpoint that was kept is intact", async (t) => {
  const world = makeWorld(t, 700, 9);
  for (const { checkpoint } of world.older.map((files) => ({ checkpoint: files.get("checkpoint") }))) {
    await isWell({ ...world, kept: { ...world.kept, checkpoint: checkpoint?.toString("utf8") ?? "" } });
  }
});

async function verified(t: TestContext, { dir, kept }: World): Promise<{ code: number; said: string }> {
  const elsewhere = temporaryFolder(t);
  const checkpoint = join(elsewhere, "checkpoint");
  writeFileSync(checkpoint, kept.checkpoint);
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const code = await logVerify.run(
    [dir],
    { key: kept.publicKey.trim(), checkpoint },
    {
      out: say,
      err: say,
      write: say,
      stdin: Readable.from([]),
      isTerminal: false,
      env: environmentOf({ HOME: elsewhere }),
      signal: new AbortController().signal,
    },
  );
  return { code, said: said.join("\n") };
}

test("R-LOG-3: `log verify` ends with 4 for each way of tampering, and with 0 for the honest ledger", async (t) => {
  const world = makeWorld(t, 300, 5);
  const draw = drawFrom(seeded(SEED));
  assert.equal((await verified(t, world)).code, 0);
  for (const [name, way] of WAYS) {
    for (let tries = 0; tries < 200; tries++) {
      const change = way(world, draw);
      if (change === undefined || change.size === 0 || isMaybeUnfinished(name, change)) continue;
      const { undo } = apply(world, change);
      const { code, said } = await verified(t, world);
      undo();
      assert.equal(code, 4, `${name}: ${said}`);
      assert.match(said, /problem: /, name);
      break;
    }
  }
  assert.equal((await verified(t, world)).code, 0);
});
