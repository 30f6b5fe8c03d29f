/**
 * One container as a sandbox: made, looked at, waiting; then the job's
 * program; then gone. It runs one job and is thrown away.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import type { Duplex } from "node:stream";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { isObject, type JsonObject } from "../../../core/json.ts";
import type { Shape } from "../bwrap-line.ts";
import { firstProcess } from "../first-process.ts";
import { type Hatch, makeHatch } from "../hatch.ts";
import { Refused } from "../refusal.ts";
import type { Sandbox } from "../sandbox.ts";
import { identity } from "../system.ts";
import { engineSaid } from "./api.ts";
import { bindsOf, coversOf, type Places } from "./binds.ts";
import { type Engine, number, text } from "./engine.ts";
import { containerScript, END, endMark, GO, setMark, waiting } from "./inside.ts";
import { containerBody, type Recipe } from "./recipe.ts";
import { readStreams, type Streams } from "./streams.ts";
import { requireThere, type Same, verifyGroups, verifyKernel, verifyWord } from "./verify.ts";

export type Shop = {
  readonly engine: Engine;
  readonly label: string;
  /** Where each container's own folder is made. */
  readonly folder: string;
  /** Where hatches are made. */
  readonly hatches: string;
  readonly places: Places;
  /** Told of each removal that goes on after its job has ended. */
  readonly removing: (done: Promise<void>) => void;
};

/** How long an engine may take to let go of a container whose first process has ended. */
const PATIENCE_MS = 2000;

export type Wanted = {
  readonly shape: Shape;
  readonly limits: Recipe["limits"];
  /** Known before anything was awaited: the descriptors of what was checked were open then. */
  readonly same: readonly Same[];
};

/** What one container has on this machine beside itself. */
type Belongings = { readonly folder: string; readonly hatch: Hatch | null; drop(): void };

/** Open to whoever runs inside; what is above of them is the broker's alone. */
function openBelongings(shop: Shop, hasEgress: boolean): Belongings {
  const folder = fs.mkdtempSync(join(shop.folder, "job-"));
  fs.chmodSync(folder, 0o755);
  const hatch = hasEgress ? makeHatch(shop.hatches) : null;
  if (hatch !== null) fs.chmodSync(hatch.path, 0o755);
  const drop = (): void => {
    fs.rmSync(folder, { recursive: true, force: true });
    hatch?.remove();
  };
  return { folder, hatch, drop };
}

/** @throws Refused where the engine says no, or the container is not as asked. */
export async function makeContainer(shop: Shop, { shape, limits, same }: Wanted): Promise<Sandbox> {
  const { engine, places } = shop;
  const own = openBelongings(shop, shape.egress !== null);
  const recipe: Recipe = {
    engine,
    label: shop.label,
    user: identity(),
    binds: bindsOf(shape, places, { folder: own.folder, hatch: own.hatch?.path ?? null }),
    covers: coversOf(shape),
    waiting: waiting(own.hatch === null ? null : places.forwarder),
    limits,
  };
  let id: string;
  try {
    requireThere(recipe, same);
    id = await create(engine, recipe);
  } catch (error) {
    own.drop();
    throw error;
  }
  const remove = async (): Promise<void> => {
    // What cannot be removed now is found by the next sweep.
    await engine.api.call("DELETE", `/containers/${id}?force=true&v=true`).catch(() => undefined);
    own.drop();
  };
  try {
    const secret = randomBytes(16).toString("hex");
    const socket = await engine.api.attach(id);
    const streams = readStreams(socket, { set: setMark(secret), end: endMark(secret) });
    const started = await engine.api.call("POST", `/containers/${id}/start`);
    if (started.status !== 204) throw engineSaid("start a container", started);
    // Until its shell speaks, the first process is the runtime's own and shows nothing of itself.
    if (!(await streams.here)) throw noShell();
    const pid = verify(await inspect(engine, id), recipe);
    if (engine.sharesKernel) verifyKernel(pid, recipe, same);
    return assemble({ shop, id, own, secret, socket, streams, pid, remove });
  } catch (error) {
    shop.removing(remove());
    throw error;
  }
}

async function create(engine: Engine, recipe: Recipe): Promise<string> {
  const answer = await engine.api.call("POST", "/containers/create", containerBody(recipe));
  const id = isObject(answer.body) ? text(answer.body["Id"]) : "";
  if (answer.status !== 201 || id === "") throw engineSaid("make a container", answer);
  return id;
}

/** @returns the first process's number, as this machine counts. @throws Refused */
function verify(inspected: JsonObject, recipe: Recipe): number {
  verifyWord(inspected, recipe);
  const state = inspected["State"];
  const pid = isObject(state) ? number(state["Pid"]) : 0;
  if (pid <= 1) throw noShell();
  verifyGroups(pid, recipe);
  return pid;
}

async function inspect(engine: Engine, id: string): Promise<JsonObject> {
  const answer = await engine.api.call("GET", `/containers/${id}/json`);
  if (answer.status !== 200 || !isObject(answer.body)) throw engineSaid("describe a container", answer);
  return { ...answer.body, ...(await engine.runtimeOf(id)) };
}

function noShell(): Refused {
  return new Refused(
    "SANDBOX_BROKEN",
    "the container ended before its shell waited for the job",
    "the image needs `sh` and `env`; try it with `docker run --rm -i IMAGE sh -c 'env -i sh -c true'`",
  );
}

type Parts = {
  readonly shop: Shop;
  readonly id: string;
  readonly own: Belongings;
  readonly secret: string;
  readonly socket: Duplex;
  readonly streams: Streams;
  readonly pid: number;
  readonly remove: () => Promise<void>;
};

function assemble({ shop, id, own, secret, socket, streams, pid, remove }: Parts): Sandbox {
  const { engine } = shop;
  const { folder, hatch } = own;
  const first = firstProcess(pid);
  let fed = false;
  const exited = streams.ended.then((status) => status ?? exitOf(engine, id));
  return {
    stdout: streams.stdout,
    stderr: streams.stderr,
    ready: streams.set,
    exited,
    // They are part of the container; a job with others gets another one.
    limit: () => undefined,
    admit(socket) {
      if (hatch === null) throw new Refused("SANDBOX_BROKEN", "the sandbox has no hatch", "run the job again");
      hatch.admit(socket);
    },
    // Browsers run in bubblewrap: no job of a container takes input after its beginning.
    input: () => false,
    feed(job) {
      if (fed) throw new Refused("SANDBOX_BROKEN", "the sandbox was used already", "run the job again");
      fed = true;
      fs.writeFileSync(join(folder, "stdin"), job.stdin, { mode: 0o644 });
      fs.writeFileSync(join(folder, "script"), containerScript(job, secret), { mode: 0o644 });
      socket.write(GO);
      return Promise.resolve();
    },
    async gone() {
      streams.hurry();
      // The shell is told to end, and its process is ended: with the first process everything goes.
      if (!socket.destroyed) socket.end(END);
      if (engine.sharesKernel) await first.end();
      const isClosed = streams.closed.then(() => true);
      if (!(await Promise.race([isClosed, sleep(PATIENCE_MS, false, { ref: false })]))) await kill(engine, id);
      await isClosed;
      await first.end();
      shop.removing(remove());
    },
    broken: (status, words) =>
      new Refused(
        "SANDBOX_BROKEN",
        `the container did not become the job's program (status ${status}): ${words.slice(0, 400) || "it said nothing"}`,
        "the image needs `sh`, `env` and the working folder's mount; `vambrace doctor` tries the sandbox",
      ),
  };
}

async function kill(engine: Engine, id: string): Promise<void> {
  const answer = await engine.api.call("POST", `/containers/${id}/kill?signal=KILL`);
  // 404 and 409: it is not there or does not run any more.
  if (![204, 404, 409].includes(answer.status)) throw engineSaid("end a container", answer);
}

/** Where the container ended without a word of its shell: killed from outside, or for want of memory. */
async function exitOf(engine: Engine, id: string): Promise<number> {
  const answer = await engine.api.call("GET", `/containers/${id}/json`).catch(() => null);
  const state = isObject(answer?.body) ? answer.body["State"] : undefined;
  const code = isObject(state) ? number(state["ExitCode"]) : 0;
  return code === 0 ? 137 : code;
}
