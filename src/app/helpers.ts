/**
 * The three helpers as the rest of the gateway sees them: a ledger, an
 * executor, a way out; each started again where it is lost, and refusing until
 * then.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import type { BrokerConfig, ContainerConfig } from "../core/broker-wire.ts";
import { Fault } from "../core/fault.ts";
import { createJobSigner, createSelfTestMint } from "../core/job-token.ts";
import type { Digest } from "../core/json.ts";
import type { Clock } from "../core/ports/clock.ts";
import type {
  Connection,
  EgressGate,
  Executor,
  JobSigner,
  LastingEgress,
  LiveExecutor,
} from "../core/ports/executor.ts";
import type { Ledger } from "../core/ports/ledger.ts";
import type { Random } from "../core/ports/random.ts";
import { type EgressClient, type GivenCredential, openEgressClient } from "../edges/egress/client.ts";
import { type BubblewrapExecutor, openBubblewrapExecutor } from "../edges/executors/bubblewrap.ts";
import { type LedgerClient, openLedgerClient } from "../ledger/client.ts";
import { parseVerifierKey } from "../ledger/note.ts";
import { BWRAP_PATHS, PERL_PATH } from "./bwrap-paths.ts";
import { type Home, INSTALLATION, ownProgram } from "./home.ts";
import { type Helper, startHelper } from "./lifecycle.ts";
import { supervise, type Supervised } from "./supervise.ts";
import { readPlainText } from "./plain-file.ts";

export { BWRAP_PATHS };

export type Helpers = {
  readonly ledger: Ledger;
  /** Signs a digest with the ledger's key, together with the tree as it is now. */
  seal(digest: Digest): Promise<string>;
  readonly executor: Executor & LiveExecutor;
  readonly egress: EgressGate & LastingEgress;
  /** What the egress proxy may put into requests of calls that begin from now on; also the one that comes after it. */
  bindCredentials(credentials: readonly GivenCredential[]): void;
  /** For the permit office alone. */
  readonly signer: JobSigner;
  /** Which broker this is: another one has proved nothing yet. */
  broker(): object;
  /** Names of helpers that do not run now. */
  lost(): readonly string[];
  pids(): readonly number[];
  stop(): Promise<void>;
};

export type HelperParts = {
  readonly home: Home;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: { readonly warn: (line: string) => void; readonly error: (line: string) => void };
  readonly compileCache: string | undefined;
  /** Where commands run, known when the configuration is read; helpers boot meanwhile. Null: bubblewrap. */
  readonly container: Promise<ContainerConfig | null>;
  readonly onConnection: (
    connection: Connection,
    owner: { readonly call: string; readonly session: string },
  ) => Promise<void>;
  /** Told when one is lost, and when it runs again. */
  readonly onHelper: (name: string, state: "lost" | "back", why: string) => void;
};

/** All at once; nothing is done with any before every one of them is there, the writer too. @throws Fault where one cannot start */
export async function startHelpers(parts: HelperParts): Promise<Helpers> {
  const { home, clock } = parts;
  const { signer, publicKey } = createJobSigner({ clock });
  const writing = keep<LedgerClient>(parts, ledgerWriterSpec(home), (helper) =>
    openLedgerClient({ socket: helper.socket, dir: home.ledger }),
  );
  const brokerConfig = async (): Promise<BrokerConfig> => ({
    publicKey,
    folder: home.broker,
    forbiddenPaths: [home.root, INSTALLATION],
    nodePath: process.execPath,
    bwrapPaths: BWRAP_PATHS,
    perlPath: PERL_PATH,
    systemPaths: [],
    container: await parts.container,
  });
  const probe = { mint: createSelfTestMint({ signer, random: parts.random }) };
  let credentials: readonly GivenCredential[] = [];
  const starting = [
    writing,
    keep<BubblewrapExecutor>(parts, { name: "broker", heapMiB: 32, run: ["edges/broker/main.ts"] }, async (helper) =>
      openBubblewrapExecutor({ socket: helper.socket, config: await brokerConfig(), probe }),
    ),
    keepProxy(parts, () => credentials),
  ] as const;
  const [writer, broker, proxy] = await Promise.all(starting).catch(async (error: unknown) => {
    // Nobody will have them: what did start ends again, or it would hold the gateway's own end up.
    for (const one of await Promise.allSettled(starting)) if (one.status === "fulfilled") await one.value.stop();
    throw error;
  });
  const all: readonly [string, Supervised<unknown>][] = [
    ["ledger", writer],
    ["broker", broker],
    ["egress", proxy],
  ];
  return {
    ledger: ledgerOf(writer),
    seal: (digest) => writer.client().seal(digest),
    executor: executorOf(broker),
    egress: egressOf(proxy),
    bindCredentials(known) {
      credentials = known;
      // One that is lost is told when it is back.
      if (proxy.state() === "running") proxy.client().bind(known);
    },
    signer,
    broker: () => broker.client(),
    lost: () => all.filter(([, one]) => one.state() === "lost").map(([name]) => name),
    pids: () => all.map(([, one]) => one.pid()),
    async stop() {
      // The writer last: the others' ends are recorded too.
      await Promise.all([broker.stop(), proxy.stop()]);
      await writer.stop();
    },
  };
}

type Closing = { close(): Promise<void> };

function keep<Client extends Closing>(
  parts: HelperParts,
  spec: { readonly name: string; readonly heapMiB: number; readonly run: readonly [string, ...string[]] },
  open: (helper: Helper) => Client | Promise<Client>,
): Promise<Supervised<Client>> {
  const {
    name,
    heapMiB,
    run: [program, ...args],
  } = spec;
  const { log, compileCache, clock } = parts;
  return supervise<Client>({
    start: async () => {
      const helper = await startHelper({
        name,
        program: ownProgram(program),
        args,
        heapMiB,
        log: (line) => log.warn(`${name}: ${line}`),
        ...(compileCache === undefined ? {} : { compileCache }),
      });
      try {
        return { helper, client: await open(helper) };
      } catch (error) {
        await helper.stop();
        throw error;
      }
    },
    close: (client) => client.close(),
    clock,
    lost: (why) => {
      log.error(`helper lost: ${why}`);
      parts.onHelper(name, "lost", why);
    },
    back: () => {
      log.warn(`helper back: ${name}`);
      parts.onHelper(name, "back", "");
    },
  });
}

/** One that is started again is told what the one before it knew. */
function keepProxy(
  parts: HelperParts,
  credentials: () => readonly GivenCredential[],
): Promise<Supervised<EgressClient>> {
  const spec = { name: "egress proxy", heapMiB: 48, run: ["edges/egress/main.ts"] } as const;
  return keep<EgressClient>(parts, spec, ({ socket }) => {
    const client = openEgressClient({ socket, socketDir: parts.home.run, onConnection: parts.onConnection });
    client.bind(credentials());
    return client;
  });
}

function ledgerOf(writer: Supervised<LedgerClient>): Ledger {
  return {
    append: (entry) => writer.client().append(entry),
    gave: (receipt) => writer.client().gave(receipt),
    search: (query) => writer.client().search(query),
    head: () => writer.client().head(),
  };
}

function egressOf(proxy: Supervised<EgressClient>): Helpers["egress"] {
  return {
    open: (call) => proxy.client().open(call),
    openLasting: (owner) => proxy.client().openLasting(owner),
  };
}

function executorOf(broker: Supervised<BubblewrapExecutor>): Helpers["executor"] {
  return {
    run: (job, token, options) => broker.client().run(job, token, options),
    start: (job, token, onOutput) => broker.client().start(job, token, onOutput),
    prove: (form, tell) => broker.client().prove(form, tell),
    stopAll: () => broker.client().stopAll(),
  };
}

/** How the ledger's writer is started, by a gateway and by whoever needs it without one. */
export function ledgerWriterSpec(home: Home): { name: string; heapMiB: number; run: [string, ...string[]] } {
  const run: [string, ...string[]] = ["ledger/writer-main.ts", "--dir", home.ledger, "--origin", originOf(home)];
  return { name: "ledger writer", heapMiB: 32, run };
}

/**
 * Names this ledger in its checkpoints: the machine, and which state folder of it. One that is there keeps its name,
 * also where the folder was restored to another place.
 */
function originOf(home: Home): string {
  const named = nameIn(join(home.ledger, "key.pub"));
  if (named !== undefined) return named;
  const folder = createHash("sha256").update(home.root).digest("hex").slice(0, 8);
  return `vambrace/${hostname().replaceAll(/[^A-Za-z0-9.-]/g, "-")}/${folder}`;
}

function nameIn(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return parseVerifierKey(readPlainText(file)).name;
  } catch (thrown) {
    // The writer reads it too, and says what is wrong with it.
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}
