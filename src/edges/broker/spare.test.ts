import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { Shape } from "./bwrap-line.ts";
import type { Sandbox, Workshop } from "./sandbox.ts";
import { openSpares } from "./spare.ts";

const SHOP: Workshop = {
  bwrap: "",
  launcher: {
    start() {
      throw new Error("nothing is started here");
    },
    close: () => undefined,
  },
  system: { etc: () => "", links: [], folders: [], hidden: [] },
  seccompFile: "",
  groups: null,
  pipes: {
    take() {
      throw new Error("nothing is started here");
    },
  },
  script: () => "",
  hatches: "",
};

const shapeOf = (beginning: string): Shape => ({
  mounts: [],
  gitFolders: [],
  readOnly: [],
  egress: null,
  scratch: null,
  node: null,
  live: false,
  beginning,
  cpus: null,
  limits: null,
});

type Made = { readonly sandbox: Sandbox; readonly beginning: string; ended: boolean; break(): void };

function open() {
  const made: Made[] = [];
  const spares = openSpares(SHOP, (_, { beginning }) => {
    const exit = Promise.withResolvers<number>();
    const flow = { flow: () => undefined, pause: () => undefined, resume: () => undefined };
    const sandbox: Sandbox = {
      stdout: flow,
      stderr: flow,
      ready: Promise.resolve(true),
      exited: exit.promise,
      limit: () => undefined,
      admit: () => undefined,
      feed: () => Promise.resolve(),
      input: () => true,
      gone() {
        one.ended = true;
        return Promise.resolve();
      },
      broken: () => {
        throw new Error("not asked");
      },
    };
    const one: Made = { sandbox, beginning, ended: false, break: () => exit.resolve(1) };
    made.push(one);
    return sandbox;
  });
  const waiting = (): number => made.filter(({ ended }) => !ended).length;
  return { made, spares, waiting };
}

test("R-BOX-1: INVARIANT(spares-once): each job gets a sandbox of its shape that no other job had", async () => {
  const step = fc.record({
    what: fc.constantFrom("take", "restock", "break"),
    key: fc.constantFrom("a", "b", "c", "d"),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const { made, spares, waiting } = open();
      const given = new Set<Sandbox>();
      for (const { what, key } of steps) {
        if (what === "restock") spares.restock(shapeOf(key), key);
        else if (what === "break") made.findLast((one) => one.beginning === key && !given.has(one.sandbox))?.break();
        else {
          const taken = spares.take(shapeOf(key), key);
          const found = made.find(({ sandbox }) => sandbox === taken);
          assert.ok(!given.has(taken), "given twice");
          assert.equal(found?.beginning, key);
          assert.equal(found.ended, false);
          given.add(taken);
        }
        await Promise.resolve();
        assert.ok(waiting() - given.size <= 4, "more than four wait");
      }
      await spares.clear();
      for (const { sandbox, ended } of made) assert.equal(ended, !given.has(sandbox));
    }),
  );
});

test("R-BOX-1: one waits for a shape; where jobs of it come together, two", () => {
  const { made, spares } = open();
  const shape = shapeOf("a");
  spares.take(shape, "a");
  spares.restock(shape, "a");
  spares.restock(shape, "a");
  assert.equal(made.length, 2, "one waits");
  spares.take(shape, "a");
  spares.take(shape, "a"); // nothing waits for this one
  assert.equal(made.length, 3);
  for (let i = 0; i < 4; i++) spares.restock(shape, "a");
  assert.equal(made.length, 5, "two wait");
});
