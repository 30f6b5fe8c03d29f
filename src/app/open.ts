/**
 * Opens the gateway behind helpers that are starting, and its doors; and ends it.
 *
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../core/fault.ts";
import { type AgentId, parsePersonId } from "../core/ids.ts";
import { PERMISSIONS, type Permission } from "../core/person.ts";
import type { HttpLog } from "../edges/http/errors.ts";
import { loadPage } from "../edges/http/page.ts";
import { createHttp } from "../edges/http/server.ts";
import { createOutbound } from "../steps/outbound/outbound.ts";
import { auditByClock } from "./audit/by-clock.ts";
import type { Environment } from "./config/environment.ts";
import type { Loaded } from "./config/load.ts";
import { channelEnabled, dlpRules, gatewaySettings, MAIN_AGENT } from "./config/settings.ts";
import type { Ground } from "./ground.ts";
import type { Helpers } from "./helpers.ts";
import { type Home, INSTALLATION } from "./home.ts";
import { type Log, openLog } from "./log.ts";
import { createLocalStop } from "./local-stop.ts";
import { type ChosenModel, chooseModels } from "./models.ts";
import { writeRunning } from "./running.ts";
import { openSecrets } from "./secrets/open.ts";
import type { Passphrase } from "./secrets/sources.ts";
import type { LateWires } from "./late-wires.ts";
import { systemClock, systemRandom } from "./system.ts";
import { OWNER, type WireUp } from "./given.ts";
import { packageVersion } from "./version.ts";
import { type Wired, wireUp } from "./wire-up.ts";
import { weakModels } from "./weak-models.ts";

export type Served = {
  readonly url: string;
  readonly home: Home;
  readonly loaded: Loaded;
  readonly model: ChosenModel;
  /** Warnings, one line each: models known to follow injected orders that have dangerous tools. */
  readonly weakModels: readonly string[];
  readonly wired: Wired;
  /** A one-time login for the page, as an address; undefined where the page is turned off. */
  login(): Promise<string | undefined>;
  /** Stops everything at once, as the owner, without a door. */
  halt(): Promise<void>;
  /** Ends it and its helpers; resolves when all of it is gone. */
  close(): Promise<void>;
};

export type OpenOptions = {
  readonly env: Environment;
  readonly home: Home;
  readonly ground: Ground;
  /** Under way already. */
  readonly starting: Promise<Helpers>;
  readonly wires: LateWires;
  readonly port?: number;
  readonly models?: ReadonlyMap<AgentId, ChosenModel>;
  readonly passphrase?: Passphrase;
};

const TICK_MS = 1000;
const OWNER_PERMISSIONS: readonly Permission[] = PERMISSIONS;

export async function openGateway(options: OpenOptions): Promise<Served> {
  const { env, home, ground, starting, wires, port, models } = options;
  const { loaded } = ground;
  const deps = { clock: systemClock, random: systemRandom };
  const secrets = await openSecrets(loaded, { env, ...deps, passphrase: options.passphrase });
  const outbound = createOutbound(secrets.known.find, dlpRules(loaded.config));
  const log = openLog(join(home.logs, "gateway.log"), (line) => outbound.text(line));
  wires.openLog(log);
  const chosen = models ?? (await chooseModels(loaded, env, { ...deps, secrets: secrets.book, keys: secrets.keys }));
  const given: WireUp = {
    ...ground,
    home,
    env,
    ...deps,
    log,
    outbound,
    secrets,
    version: packageVersion(),
    modelOf: (agent) => chosen.get(agent) ?? noModel(agent),
  };
  const wired = await wireUp(given, starting, wires);
  try {
    return await openDoors(given, wired, port);
  } catch (thrown) {
    await wired.close();
    throw thrown;
  }
}

async function openDoors(given: WireUp, wired: Wired, port: number | undefined): Promise<Served> {
  const { home, loaded, log } = given;
  const settings = gatewaySettings(loaded.config);
  const http = createHttp({
    gateway: wired.gateway,
    access: wired.access.access,
    listen: { host: settings.host, port: port ?? settings.port },
    allowedHosts: settings.allowedHosts,
    trustedProxies: settings.trustedProxies,
    page: await loadPage(join(INSTALLATION, import.meta.url.endsWith(".ts") ? "web" : "dist/web")),
    version: given.version,
    clock: given.clock,
    random: given.random,
    log: httpLog(log),
  });
  const { url } = await http.listen();
  const running = { url, pid: process.pid, readMs: given.readMs };
  const halt = await createLocalStop(wired, home, running);
  writeRunning(home, running);
  const ending = new AbortController();
  const ticking = Promise.all([tick(given, wired, ending.signal), auditing(given, wired, ending.signal)]);
  return {
    url,
    home,
    loaded,
    model: given.modelOf(MAIN_AGENT),
    weakModels: weakModels(loaded, (agent) => given.modelOf(agent).weak),
    wired,
    halt,
    login: async () => {
      if (!channelEnabled(loaded.config, "webchat")) return undefined;
      const request = {
        person: parsePersonId(OWNER),
        trust: "full",
        permissions: OWNER_PERMISSIONS,
        channel: "webchat",
      } as const;
      const { code } = await wired.access.logins.issue(request);
      return `${url}/#login=${code}`;
    },
    async close() {
      ending.abort(new Error("the gateway ends"));
      for (const gone of [home.running, home.login]) rmSync(gone, { force: true });
      await http.close();
      await ticking;
      await wired.close();
      log.flush();
    },
  };
}

function auditing(given: WireUp, { gateway, helpers }: Wired, ending: AbortSignal): Promise<void> {
  const { everyHours } = given.loaded.config.audit;
  return auditByClock({ ...given, ledger: helpers.ledger, everyHours, status: () => gateway.status() }, ending);
}

/** The clock of schedules. A tick that fails is told and the next one comes all the same. */
async function tick(given: WireUp, wired: Wired, ending: AbortSignal): Promise<void> {
  while (!ending.aborted) {
    await given.clock.sleep(TICK_MS, ending).catch(() => undefined);
    if (ending.aborted) return;
    await wired
      .tick()
      .catch((thrown: unknown) => given.log.error("schedules could not be run", { error: String(thrown) }));
  }
}

function httpLog(log: Log): HttpLog {
  return ({ what, ...facts }) => (what === "failed" ? log.error : log.info)(`http ${what}`, facts);
}

function noModel(agent: string): never {
  throw new Fault("AGENT_UNKNOWN", {
    message: `no model was chosen for the agent \`${agent.slice(0, 60)}\``,
    hint: "agents are named under `agents.entries`",
  });
}
