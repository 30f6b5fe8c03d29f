/**
 * Wire-up: hands every capability to the one step that needs it. With
 * `wire-kits` and `wire-effectors` the only place where configuration, edges
 * and steps meet.
 *
 * @module
 */
import { statfs } from "node:fs/promises";
import type { TokenId } from "../core/ids.ts";
import type { JsonObject } from "../core/json.ts";
import type { Gateway } from "../core/ports/gateway.ts";
import type { Store } from "../core/ports/store.ts";
import { openStore } from "../edges/store/open.ts";
import { type AccessStep, createAccess } from "../steps/access/access.ts";
import { openEndorsements } from "../steps/label/endorsements.ts";
import { openBackupSchedule } from "./backup/schedule.ts";
import { bringCliToken } from "./cli-token.ts";
import { keepFoundText } from "./config/edit.ts";
import { MAIN_AGENT, peopleOf, pricing } from "./config/settings.ts";
import { runDue } from "./gateway/elsewhere.ts";
import { createGateway, haltAll } from "./gateway/gateway.ts";
import { writeHalted } from "./halt.ts";
import type { Helpers } from "./helpers.ts";
import { createMetrics } from "./metrics.ts";
import { createProver, type Prover } from "./readiness.ts";
import { createSandboxProof, type SandboxProof } from "./sandbox-proof.ts";
import { noteConfig, type TakeParts, takePending } from "./take-pending.ts";
import type { WireUp } from "./given.ts";
import type { LateWires } from "./late-wires.ts";
import { openKits, policyEntry } from "./wire-kits.ts";
import { lifeEntry } from "./wire-records.ts";
import { remindersNow, wireSecrets } from "./wire-secrets.ts";
import { memoryOf } from "./memory-file.ts";
import { gatewayMemory } from "./memory-keys.ts";
import { weakModels } from "./weak-models.ts";
import { bindWatch, openWatch } from "./wire-watch.ts";
import { type Ground, openWorks, type Record } from "./wire-works.ts";

export type Wired = {
  readonly gateway: Gateway;
  readonly access: AccessStep;
  readonly store: Store;
  readonly helpers: Helpers;
  /** Runs what is due now. */
  readonly tick: () => Promise<void>;
  /** Tries the controls out; `/readyz` is 503 until they held. */
  readonly prove: () => Promise<void>;
  close(): Promise<void>;
};

/**
 * The order matters: the store's lock first, then the ledger, then what is recorded in it. While the helpers boot, the
 * policies are read.
 */
export async function wireUp(given: WireUp, starting: Promise<Helpers>, wires: LateWires): Promise<Wired> {
  const metrics = createMetrics(pricing(given.loaded.config));
  const memory = gatewayMemory(given, starting);
  const bare = await openStore({ dir: given.home.store, clock: given.clock, clean: given.outbound.kept, memory });
  try {
    const store = { ...bare, memory: await memoryOf(given, bare.memory) };
    const [kits, { helpers: unwatched, sandbox }] = await Promise.all([
      openKits(given),
      proving(given, starting, wires),
    ]);
    const { helpers, watch } = await openWatch(given, { helpers: unwatched, store, metrics, wires });
    const record: Record = async (entry) => {
      await helpers.ledger.append(entry);
    };
    const keeper = wireSecrets(given, helpers, record, { metrics, wires });
    return await putTogether(given, { store, helpers, metrics, record, kits, keeper, watch }, sandbox);
  } catch (thrown) {
    await bare.close();
    throw thrown;
  }
}

/** The sandbox is tried out while the rest is read; `/readyz` waits for it, and so does whatever runs first. */
async function proving(
  given: WireUp,
  starting: Promise<Helpers>,
  wires: LateWires,
): Promise<{ readonly helpers: Helpers; readonly sandbox: SandboxProof }> {
  const bare = await starting;
  const sandbox = createSandboxProof({
    ...bare,
    clock: given.clock,
    changed: (ready, says) => wires.proved(ready, says),
  });
  sandbox
    .prove()
    .catch((thrown: unknown) => given.log.error("the sandbox could not be proved", { error: String(thrown) }));
  // From here on nobody has the executor that runs unproved.
  return { helpers: { ...bare, executor: sandbox.executor }, sandbox };
}

async function putTogether(given: WireUp, ground: Ground, sandbox: SandboxProof): Promise<Wired> {
  const { store, helpers, record, keeper, watch } = ground;
  const prover = openProver(given, ground, sandbox);
  const { downgrades } = given.loaded;
  const weak = weakModels(given.loaded, (agent) => given.modelOf(agent).weak);
  const take = takeParts(given, ground);
  await recordStart(given, ground, take, weak);
  const works = await openWorks(given, ground);
  const access = await openAccess(given, store, record);
  const { parts, turns } = works;
  const withStop: TakeParts = {
    ...take,
    stop: (by, reason) => haltAll({ ...parts, turns }, by, reason),
    secrets: () => keeper.changed(),
  };
  bindWatch(given, watch, works);
  await works.recover(() => true);
  const backups = scheduleBackups(given, ground);
  return {
    gateway: createGateway({
      ...works,
      ...parts,
      access,
      version: given.version,
      readiness: () => prover.now(),
      downgrades,
      weakModels: weak,
      reminders: () => remindersNow(given),
      async reloadSecrets() {
        await takePending(withStop, 0);
        return keeper.reload();
      },
      watch,
      freeBytes: () => freeBytes(given),
    }),
    access,
    store,
    helpers,
    tick: async () => {
      await takePending(withStop, 0);
      await keeper.tick();
      await works.left.recover();
      if (parts.halt.state() === "running" && !watch.standing.isOff("schedules")) await runDue(works.elsewhere);
      await watch.alerts.keep();
      await backups.tick();
    },
    prove: () => prover.prove(),
    async close() {
      await keeper.close();
      parts.desk.closeAll();
      await turns.stopAll("the gateway ends");
      await backups.close();
      await endOf(given, ground);
    },
  };
}

function scheduleBackups(given: WireUp, { store, helpers }: Ground): ReturnType<typeof openBackupSchedule> {
  return openBackupSchedule({
    ...given,
    home: given.home.root,
    state: store.state,
    ledger: helpers.ledger,
    log: (line, facts) => given.log.error(line, { ...facts }),
  });
}

async function freeBytes({ home }: WireUp): Promise<number> {
  const { bavail, bsize } = await statfs(home.root);
  return bavail * bsize;
}

/** A ledger that is lost must not keep the rest from ending. */
async function endOf(given: WireUp, { record, helpers, store, watch }: Ground): Promise<void> {
  await record(lifeEntry(given, "gateway.stopped", {})).catch((thrown: unknown) =>
    given.log.error("the end could not be recorded", { error: String(thrown) }),
  );
  await watch.alerts.close();
  await watch.alerts.keep();
  await helpers.stop();
  await store.close();
}

/** Before anything is begun: what was said while nobody ran, a stop too. */
async function recordStart(
  given: WireUp,
  { store, record, kits }: Ground,
  take: ReturnType<typeof takeParts>,
  weak: readonly string[],
): Promise<void> {
  const { digest: config, downgrades } = given.loaded;
  const halt = async (by: string, reason: string): Promise<void> => {
    await writeHalted(store.state, { by, why: reason, atMs: given.clock.wallMs() });
    await (await openEndorsements(store.state)).clear();
  };
  await takePending({ ...take, stop: halt }, PENDING_MS);
  await noteConfig(take, config);
  keepFoundText(given.home.root, given.loaded.text, given.clock);
  await record(lifeEntry(given, "gateway.started", { config, downgrades: [...downgrades], weakModels: [...weak] }));
  for (const kit of kits.all) await record(policyEntry(kit));
}

/** How long a start waits for a command that is changing the configuration. */
const PENDING_MS = 5_000;

function takeParts({ home, outbound }: WireUp, { store, helpers, watch }: Ground): Omit<TakeParts, "stop" | "secrets"> {
  const redact = (value: JsonObject): JsonObject => outbound.value(value);
  const incident = (): void => void watch.standing.refresh();
  const forget: TakeParts["forget"] = (id) => store.memory.remove(id);
  return { home: home.root, ledger: helpers.ledger, state: store.state, redact, forget, incident };
}

async function openAccess(given: WireUp, store: Store, record: Record): Promise<AccessStep> {
  const people = peopleOf(given.loaded.config);
  const { clock, random } = given;
  const own: { id?: TokenId } = {};
  const access = createAccess({
    store: store.tokens,
    clock,
    random,
    record,
    persons: () => people,
    // By id, which the gateway chose: a name is the caller's word.
    channelOf: (row) => (row.id === own.id ? "terminal" : "api"),
  });
  own.id = await bringCliToken(given.home, store, access.tokens);
  return access;
}

function openProver(given: WireUp, { kits, helpers, store }: Ground, sandbox: SandboxProof): Prover {
  const { policies } = kits.of(MAIN_AGENT).judge;
  return createProver({
    helpers,
    sandbox,
    clock: given.clock,
    tryStore: () => store.state.set("readiness", { atMs: given.clock.wallMs() }),
    policies: () => ({ count: policies.policies.size, digest: policies.digest }),
    model: () => given.modelOf(MAIN_AGENT).why,
  });
}
