import assert from "node:assert/strict";
import { test } from "node:test";
import { campaign, samples } from "./facts-campaign.ts";
import { ORDINARY } from "./facts-generator.ts";

test("R-EXEC-2: what bash starts is among the programs that the analysis names, or it says that it does not know", async (t) => {
  const result = await campaign([...ORDINARY, ...samples(110, 20_261_120)]);
  if (result === null) {
    t.skip("bubblewrap is missing, or may not be used here");
    return;
  }
  assert.deepEqual(result.misses, []);
  assert.ok(result.ran > 90, `only ${result.ran} commands started something`);
  assert.ok(result.opaque < 100, `${result.opaque} commands were not understood`);
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
