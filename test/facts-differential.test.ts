import assert from "node:assert/strict";
import { test } from "node:test";
import { existsSync, readFileSync } from "node:fs";
import { campaign, samples } from "./facts-campaign.ts";
import { ORDINARY } from "./facts-generator.ts";

const IS_WHOLE = process.env["VAMBRACE_CAMPAIGN"] === "full";
const SEED = Number(process.env["VAMBRACE_SEED"] ?? 20_261_120);
const DATA = new URL("../../shared/eval/dev/benign-shell/nl2bash.jsonl", import.meta.url);

test("R-EXEC-2: what bash starts is among the programs that the analysis names, or it says that it does not know", async (t) => {
  const result = await campaign([...ORDINARY, ...samples(IS_WHOLE ? 5000 : 110, SEED)]);
  if (result === null) {
    t.skip("bubblewrap is missing, or may not be used here");
    return;
  }
  assert.deepEqual(result.misses, []);
  assert.ok(result.ran > 90, `only ${result.ran} commands started something`);
  if (!IS_WHOLE) assert.ok(result.opaque < 100, `${result.opaque} commands were not understood`);
});

test("R-EXEC-2: so it is with commands that people wrote", async (t) => {
  if (!existsSync(DATA)) {
    t.skip("the evaluation data is absent");
    return;
  }
  const all = readFileSync(DATA, "utf8")
    .trim()
    .split("\n")
    .map((line) => String(JSON.parse(line).command));
  const commands = all.filter((_, i) => IS_WHOLE || (i + SEED) % 130 === 0);
  const result = await campaign(commands);
  if (result === null) {
    t.skip("bubblewrap is missing, or may not be used here");
    return;
  }
  assert.deepEqual(result.misses, []);
  assert.ok(result.ran > commands.length / 3, `only ${result.ran} of ${commands.length} commands started something`);
});

test("R-EXEC-2: the comparison finds an analysis that overlooks a program", async (t) => {
  const blind = async (): Promise<never> =>
    ({
      programs: [],
      reads: [],
      writes: [],
      deletes: [],
      keeps: [],
      hosts: [],
      wrappers: [],
      opaque: [],
      destructive: false,
      privileged: false,
      unlisted: [],
      blocked: [],
      approved: [],
    }) as never;
  const result = await campaign(ORDINARY.slice(0, 8), blind);
  if (result === null) {
    t.skip("bubblewrap is missing, or may not be used here");
    return;
  }
  assert.equal(result.misses.length, 8);
});
