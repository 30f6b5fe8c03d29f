/**
 * Containers as a back-end of the broker. Loaded only where they are
 * configured.
 *
 * The engine is looked for when it is first needed and again for each job as
 * long as it is not there: a job is refused meanwhile, and nothing runs
 * elsewhere.
 *
 * @module
 */
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import type { ContainerConfig } from "../../../core/broker-wire.ts";
import { isArray, isObject } from "../../../core/json.ts";
import type { Backend, Workplace } from "../backend.ts";
import type { Shape } from "../bwrap-line.ts";
import { Refused } from "../refusal.ts";
import { identity } from "../system.ts";
import { engineSaid } from "./api.ts";
import { findPlaces, type Places, requireWritable, sameOf } from "./binds.ts";
import { makeContainer, type Shop } from "./box.ts";
import { type Engine, openEngine, text } from "./engine.ts";
import { openPool } from "./pool.ts";
import { LABEL, processesOf } from "./recipe.ts";

export function openContainers(config: ContainerConfig, { folder, system, nodePath }: Workplace): Backend {
  const places = findPlaces(system, nodePath);
  const own = join(folder, "containers");
  fs.rmSync(own, { recursive: true, force: true });
  fs.mkdirSync(own, { mode: 0o700 });
  const label = createHash("sha256").update(folder).digest("hex").slice(0, 24);
  const removals = new Set<Promise<void>>();
  const removing = (done: Promise<void>): void => {
    removals.add(done);
    void done.finally(() => removals.delete(done));
  };
  let opening: Promise<Shop> | null = null;
  async function open(): Promise<Shop> {
    opening ??= openShop(config, { folder, own, label, places, removing });
    try {
      return await opening;
    } catch (error) {
      opening = null;
      throw error;
    }
  }
  const pool = openPool(config.warm, (shape: Shape) => {
    if (shape.cpus !== null)
      throw new Refused("JOB_MALFORMED", "a container has `container.cpus`", "report it: this is a bug");
    requireWritable(shape, identity());
    const same = sameOf(shape);
    const { memoryBytes, processes, fileBytes } = shape.limits ?? NO_LIMITS;
    const limits = { memoryBytes, processes: processesOf(processes, shape.egress !== null), fileBytes };
    return open().then((shop) => makeContainer(shop, { shape, limits, same }));
  });
  return {
    sources: { memory: "cgroup", processes: "cgroup", fileBytes: "rlimit" },
    shapeFor: ({ memoryBytes, processes, fileBytes, cpus }) => ({
      node: null,
      // Refused below: a container's processors are the engine's to limit, and are configured there.
      cpus: cpus ?? null,
      live: false,
      beginning: "container",
      limits: { memoryBytes, processes, fileBytes },
    }),
    take: (shape, key) => pool.take(shape, key),
    restock: (shape, key) => pool.restock(shape, key),
    warmUp: () => void open().catch(() => undefined), // each job tries again and says what is wrong
    async clear() {
      await pool.clear();
      await Promise.all(removals);
    },
  };
}

/** A limit of nothing is refused by the engine, and by what looks at the container afterwards. */
const NO_LIMITS = { memoryBytes: 0, processes: 0, fileBytes: 0 };

type Means = Pick<Shop, "label" | "places" | "removing"> & { readonly folder: string; readonly own: string };

async function openShop(config: ContainerConfig, means: Means): Promise<Shop> {
  const { label, places, removing } = means;
  const engine = await openEngine(config, means.folder);
  await sweep(engine, label);
  return { engine, label, folder: means.own, hatches: means.folder, places: places satisfies Places, removing };
}

/** What a broker that was killed left: by then every program in them has ended, and nobody else uses this label. */
async function sweep(engine: Engine, label: string): Promise<void> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`${LABEL}=${label}`] }));
  const answer = await engine.api.call("GET", `/containers/json?all=true&filters=${filters}`);
  if (answer.status !== 200 || !isArray(answer.body)) throw engineSaid("list containers", answer);
  for (const one of answer.body) {
    const id = isObject(one) ? text(one["Id"]) : "";
    if (id !== "") await engine.api.call("DELETE", `/containers/${id}?force=true&v=true`);
  }
}
