/**
 * What a sandbox costs: the broker against the bare program and against bare
 * bubblewrap, each started from a process as small as the broker, in one run,
 * taking turns.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bwrapLine, type Shape } from "../src/edges/broker/bwrap-line.ts";
import { openSystemView } from "../src/edges/broker/system.ts";
import { fileJob } from "../src/edges/executors/files.ts";
import { tryEngine } from "../test/container-kit.ts";
import { type Kit, startBroker, tempRoot } from "../test/sandbox-kit.ts";

export type Measure = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: number;
  readonly ratio: number;
  /** First and third quartile. */
  readonly spread: readonly [number, number];
  readonly target?: string;
};

const ROUNDS = 30;
const WARM_UP = 5;
/** Resolves at the program's first output, or at its end. */
type Start = (argv: readonly string[], until: "first" | "last") => Promise<void>;

const STARTER = fileURLToPath(new URL("sandbox-starter.ts", import.meta.url));
const BARE_BWRAP =
  "bwrap --unshare-all --die-with-parent --new-session --cap-drop ALL --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --dev /dev --tmpfs /tmp";

export async function measureSandbox(): Promise<Measure[]> {
  const root = tempRoot("bench");
  const kit = await startBroker({ under: asTheAppDoes(join(root, "compiled")) });
  const bare = startStarter();
  const server = createServer((socket) => socket.end()).listen(join(kit.state, "..", "egress.sock"));
  try {
    return [
      ...(await measure(kit, bare.start)),
      ...(await measureThroughput(kit, bare.start)),
      ...(await measureContainers(kit, bare.start)),
    ];
  } finally {
    server.close();
    bare.child.kill();
    await kit.close();
    fs.rmSync(root, { recursive: true });
  }
}

/** What `app/lifecycle.ts` gives the broker: what a process has in memory is part of what it costs to start another. */
function asTheAppDoes(compiled: string): string[] {
  const flags = "NODE_OPTIONS=--max-old-space-size=32 --max-semi-space-size=1";
  const pools = ["MALLOC_MMAP_THRESHOLD_=32768", "MALLOC_TRIM_THRESHOLD_=32768"];
  return ["/usr/bin/env", flags, ...pools, `NODE_COMPILE_CACHE=${compiled}`];
}

async function measure(kit: Kit, start: Start): Promise<Measure[]> {
  const egressSocket = join(fs.realpathSync(join(kit.state, "..")), "egress.sock");
  fs.writeFileSync(join(kit.workspace, "note"), "x\n");
  const mounts = [{ path: kit.workspace, access: "write" }] as const;
  const file = fileJob({ op: "read", path: join(kit.workspace, "note") }, { mounts, wallMs: 10_000, fileBytes: 1e6 });
  let other = 0;
  const words = await inTurn({
    bare: () => start(["/bin/echo", "x"], "first"),
    bwrap: () => start([...BARE_BWRAP.split(" "), "/bin/echo", "x"], "first"),
    again: () => firstWord(kit),
  });
  const whole = await inTurn({
    bare: () => start(["/bin/true"], "last"),
    bwrap: () => start([...BARE_BWRAP.split(" "), "/bin/true"], "last"),
    // The ordinary case: one more call in the same workspace.
    again: () => kit.run(),
    // A workspace that no call was in lately: nothing waits for it.
    first: () => kit.run({ mounts: [...mounts, freshMount(kit, ++other)] }),
    egress: () => kit.run({ egressSocket }),
    file: () => kit.run(file),
  });
  return [
    summarise("sandboxed program, call to first word, against the bare program", words("again"), words("bare")),
    summarise("sandboxed program, call to first word, against bare bubblewrap", words("again"), words("bwrap")),
    summarise("sandboxed program, call to end, against the bare program", whole("again"), whole("bare")),
    summarise("sandboxed program, call to end, against bare bubblewrap", whole("again"), whole("bwrap")),
    summarise(
      "first sandboxed program in a workspace, call to end, against bare bubblewrap",
      whole("first"),
      whole("bwrap"),
    ),
    summarise(
      "sandboxed program with egress attached, call to end, against bare bubblewrap",
      whole("egress"),
      whole("bwrap"),
    ),
    summarise("one file operation, against bare bubblewrap", whole("file"), whole("bwrap")),
  ];
}

/** Starts a second with nothing in between, so that no sandbox waits ready for long: two callers, and two of bare bubblewrap. */
async function measureThroughput(kit: Kit, start: Start): Promise<Measure[]> {
  const [runs, bare, ours] = [new Array<number>(), new Array<number>(), new Array<number>()];
  const line = ourBwrap(kit);
  for (let round = 0; round < 7; round++) {
    bare.push(await perSecond(() => start(BARE_TRUE, "last")));
    ours.push(await perSecond(() => start(line, "last")));
    runs.push(await perSecond(() => kit.run()));
  }
  const name = "sandboxes started and ended, two callers without a pause";
  return [
    { ...summarise(name, runs, bare), unit: "/s", target: "at least 100/s on two cores" },
    { ...summarise(`${name}, against bare bubblewrap with our mounts and filter`, runs, ours), unit: "/s" },
    { ...summarise("bare bubblewrap with our mounts and filter, against bare bubblewrap", ours, bare), unit: "/s" },
  ];
}

/** What the broker's sandboxes are made of, started by nobody's broker: no control group, no limits, no end that is waited for. */
function ourBwrap({ config, workspace }: Kit): string[] {
  const { folder } = config;
  const filter = join(folder, "seccomp.bpf");
  // The descriptor of the workspace is handed down by the shell; its mount is made by path here.
  const { args, given } = bwrapLine(BARE_SHAPE, openSystemView(folder, []), { seccompFile: filter, hatch: null });
  for (const { fd } of given) fs.closeSync(fd);
  const at = args.indexOf("--remount-ro");
  const words = [...args.slice(0, at), "--bind", workspace, workspace, ...args.slice(at)];
  return ["/bin/sh", "-c", 'exec 7<"$1" 5>/dev/null; shift; exec "$@"', "sh", filter, "/usr/bin/bwrap", ...words];
}

const BARE_SHAPE: Shape = {
  mounts: [],
  gitFolders: [],
  readOnly: [],
  egress: null,
  scratch: null,
  node: null,
  live: false,
  beginning: "exec /bin/true",
  cpus: null,
  limits: null,
};

const EACH = 50;

async function perSecond(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  const caller = async (): Promise<void> => {
    for (let i = 0; i < EACH; i++) await run();
  };
  await Promise.all([caller(), caller()]);
  return (2 * EACH * 1000) / (performance.now() - begin);
}

const BARE_TRUE = [...BARE_BWRAP.split(" "), "/bin/true"];
/** A container is made ahead in that time, on a machine that does little else. */
const CONTAINER_PAUSE_MS = 600;

/** With an engine of its own, where this machine can run one. */
async function measureContainers(bubblewrap: Kit, start: Start): Promise<Measure[]> {
  const { engine, skip } = await tryEngine();
  if (engine === null) {
    console.error(`not measured: ${skip}`);
    return [];
  }
  const kit = await engine.broker();
  let other = 0;
  const whole = await inTurn(
    {
      bwrap: () => start(BARE_TRUE, "last"),
      bubblewrap: () => bubblewrap.run(),
      warm: () => kit.run(),
      // Another limit is another shape, for which nothing waits.
      cold: () => kit.run({ memoryBytes: 512 * 1024 * 1024 + 4096 * ++other }),
    },
    CONTAINER_PAUSE_MS,
  );
  await kit.close();
  await engine.close();
  return [
    {
      ...summarise("warm container, call to end, against bare bubblewrap", whole("warm"), whole("bwrap")),
      target: "p50 under 40 ms",
    },
    summarise("warm container, call to end, against a sandbox of bubblewrap", whole("warm"), whole("bubblewrap")),
    summarise("cold container, call to end, against bare bubblewrap", whole("cold"), whole("bwrap")),
  ];
}

/** Times each case once a round, so that what disturbs the machine disturbs all alike. */
async function inTurn(
  cases: Readonly<Record<string, () => Promise<unknown>>>,
  pauseMs = 80,
): Promise<(name: string) => number[]> {
  const times = new Map(Object.keys(cases).map((name) => [name, new Array<number>()]));
  for (let round = 0; round < ROUNDS + WARM_UP; round++) {
    for (const [name, run] of Object.entries(cases)) {
      const begin = performance.now();
      await run();
      if (round >= WARM_UP) times.get(name)?.push(performance.now() - begin);
      // What is made ahead for the next call is not this one's cost, nor the next one's; a model takes longer than this.
      await new Promise((resolve) => void setTimeout(resolve, pauseMs));
    }
  }
  return (name) => times.get(name) ?? [];
}

async function firstWord(kit: Kit): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    kit.run({ argv: ["/bin/echo", "x"] }, { onOutput: () => resolve() }).catch(reject);
  });
}

function freshMount(kit: Kit, n: number): { path: string; access: "read" } {
  const path = join(kit.state, "..", `other-${n}`);
  fs.mkdirSync(path);
  return { path: fs.realpathSync(path), access: "read" };
}

function summarise(name: string, times: readonly number[], reference: readonly number[]): Measure {
  const value = quantile(times, 0.5);
  const base = quantile(reference, 0.5);
  return {
    name,
    value,
    unit: "ms",
    reference: base,
    ratio: value / base,
    spread: [quantile(times, 0.25), quantile(times, 0.75)],
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * q)] ?? Number.NaN;
}

/** A small process that starts programs when told, as the broker would without any of its walls. */
function startStarter(): { child: ChildProcess; start: Start } {
  let last = 0;
  const child = spawn(process.execPath, [STARTER], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  return {
    child,
    start: (argv, until) =>
      new Promise((resolve, reject) => {
        const id = ++last;
        const hear = (word: unknown): void => {
          if (word !== `${id} ${until}` && word !== `${id} failed`) return;
          child.off("message", hear);
          // What did not run is no reference.
          if (word === `${id} failed`) reject(new Error(`it failed: ${argv.join(" ")}`));
          else resolve();
        };
        child.on("message", hear);
        child.send([String(id), ...argv]);
      }),
  };
}
