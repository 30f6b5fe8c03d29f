/**
 * Gathers one installation for the audit. Each part by itself: what cannot be
 * read is said, and the rest is looked at all the same.
 *
 * @module
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import { COMMAND_PATH } from "../../core/command-environment.ts";
import { toFault } from "../../core/fault.ts";
import { sha256 } from "../../core/json.ts";
import type { SecretAge } from "../../core/ports/secrets.ts";
import type { BackupFacts, SecretPlace } from "../../ops/audit/facts-state.ts";
import type { AuditForm, Installation, PolicyFacts } from "../../ops/audit/installation.ts";
import type { PlacedRules } from "../../ops/audit/facts-host.ts";
import { hostFiles } from "../../ops/harden/host/host.ts";
import { type Known, known, leftOut, need, unknown } from "../../ops/audit/known.ts";
import { written } from "../../ops/audit/written.ts";
import { type Environment, userHome } from "../config/environment.ts";
import { agentSettings, containerSettings } from "../config/settings.ts";
import type { Home } from "../home.ts";
import { INSTALLATION } from "../home.ts";
import { readPolicies } from "../policies.ts";
import { secretAges } from "../secrets/ages.ts";
import { readRegistry } from "../secrets/registry.ts";
import { systemRandom } from "../system.ts";
import { gatherBackups } from "./gather-backups.ts";
import { type GatheredConfig, gatherConfig, referencesOf } from "./gather-config.ts";
import { gatherDependencies } from "./gather-dependencies.ts";
import { gatherFiles, gatherState } from "./gather-files.ts";
import { gatherHost } from "./gather-host.ts";
import { gatherRules } from "./gather-rules.ts";
import { hostFacts } from "./host-files.ts";
import { gatherLedger } from "./gather-ledger.ts";
import { gatherSandbox, type Prove } from "./gather-sandbox.ts";
import { gatherStore } from "./gather-store.ts";
import {
  DEEP,
  type GatheredWorkspace,
  gatherHomeSecrets,
  gatherLogSecrets,
  gatherWorkspace,
  USUAL,
} from "./gather-workspace.ts";
import { gatherListeners } from "./listeners.ts";
import { readPast } from "./past.ts";
import { namesIn } from "./paths.ts";
import { type Answer, gatherProcesses, variablesOfGateway } from "./processes.ts";

export type GatherParts = {
  readonly env: Environment;
  readonly home: Home;
  readonly version: string;
  readonly form: AuditForm;
  readonly nowMs: number;
  /** What only a running gateway can say; null where it does not answer. */
  readonly ask: () => Promise<Answer | null>;
  readonly prove: Prove;
  /** Whether the operator's policies would be taken; says why not. */
  readonly vet: () => Promise<string | null>;
};

export async function gather(parts: GatherParts): Promise<Installation> {
  const { env, home, form, nowMs } = parts;
  const variables = variablesOfGateway(home);
  const isSet = (name: string): boolean => variables?.has(name) ?? env.variable(name) !== undefined;
  const gathered = gatherConfig({ home: home.root, env }, home.config, isSet);
  const { loaded } = gathered;
  const read = loaded === null ? [] : referencesOf(loaded);
  const past = await part("what the last audit left", () => readPast(home.root));
  if (form === "settings") return onlySettings(parts, gathered, past);
  const sandbox = part("the sandbox", () =>
    gatherSandbox({ ...parts, home: home.root, container: loaded === null ? null : containerSettings(loaded.config) }),
  );
  const processes = await part("processes", () => gatherProcesses(home, read, parts.ask));
  const spaces = await workspaces(parts, gathered);
  return {
    nowMs,
    form,
    version: parts.version,
    places: { home: home.root, userHome: userHome(env), installation: INSTALLATION },
    config: gathered.config,
    effective: gathered.effective,
    state: await part("the state folder", () => gatherState(home)),
    files: await part("files", () => gatherFiles(fileParts(parts, gathered))),
    workspaces: mapKnown(spaces, (all) => all.map(({ facts }) => facts)),
    processes,
    listeners: await part("what listens", () => gatherListeners(need(processes).own)),
    store: await part("the store", () => gatherStore(home, form === "deep")),
    secrets: await secretsOf(parts, spaces),
    dependencies: await part("dependencies", () => gatherDependencies(INSTALLATION, form === "deep")),
    host: await part("the machine", () => gatherHost()),
    rules: await rulesOf(parts, gathered),
    ledger: await part("the ledger", () => gatherLedger({ home, nowMs, form, past: past.known ? past.value : null })),
    policies: await part("policies", () => policiesOf(parts)),
    keys: await keysOf(parts, gathered),
    backups: await backupsOf(parts, gathered),
    past,
    sandbox: await sandbox,
  };
}

function onlySettings(
  { env, home, form, nowMs, version }: GatherParts,
  { config, effective }: GatheredConfig,
  past: Installation["past"],
): Installation {
  const not = leftOut("only the configuration is looked at in this form");
  return {
    nowMs,
    form,
    version,
    places: { home: home.root, userHome: userHome(env), installation: INSTALLATION },
    config,
    effective,
    past,
    state: not,
    files: not,
    workspaces: not,
    processes: not,
    listeners: not,
    sandbox: not,
    store: not,
    secrets: not,
    dependencies: not,
    host: not,
    rules: not,
    ledger: not,
    policies: not,
    keys: not,
    backups: not,
  };
}

/** What throws is not known; between two parts whoever waits has its turn. */
async function part<T>(what: string, body: () => T | Promise<T>): Promise<Known<T>> {
  await nextTurn();
  try {
    return known(await body());
  } catch (thrown) {
    const { message, facts } = toFault(thrown);
    const { error } = facts;
    const cause = typeof error === "string" ? (error.split("\n")[0] ?? "") : message;
    return unknown(`${what} could not be looked at: ${cause.slice(0, 300)}`);
  }
}

function mapKnown<A, B>(value: Known<A>, change: (value: A) => B): Known<B> {
  return value.known ? known(change(value.value)) : value;
}

async function workspaces(
  { form }: GatherParts,
  { loaded }: GatheredConfig,
): Promise<Known<readonly GatheredWorkspace[]>> {
  if (form === "cheap") return leftOut("workspaces are not looked through in this form");
  if (loaded === null)
    return unknown("which workspaces there are is not known: a gateway does not start with this configuration");
  const settings = agentSettings(loaded.config, loaded.places);
  return part("the workspaces", () => settings.map((agent) => gatherWorkspace(agent, form === "deep" ? DEEP : USUAL)));
}

async function secretsOf(
  { form, env, home }: GatherParts,
  spaces: Known<readonly GatheredWorkspace[]>,
): Promise<Known<readonly SecretPlace[]>> {
  if (form === "cheap") return leftOut("secrets are not searched for in this form");
  const rest = await part("secrets", () => [
    ...gatherHomeSecrets(userHome(env)),
    ...gatherLogSecrets(home.logs, namesIn(home.logs)),
  ]);
  if (!rest.known || !spaces.known) return rest.known ? unknown(spaces.known ? "" : spaces.why) : rest;
  return known([...rest.value, ...spaces.value.flatMap(({ secrets }) => secrets)]);
}

async function keysOf({ home, nowMs }: GatherParts, { loaded }: GatheredConfig): Promise<Known<readonly SecretAge[]>> {
  const rotateDays = loaded?.config.secrets.rotateDays ?? ROTATE_DAYS;
  return part("what is known of secrets", () => secretAges(readRegistry(home.root, systemRandom), rotateDays, nowMs));
}

async function backupsOf(
  { home, form }: GatherParts,
  { loaded, effective }: GatheredConfig,
): Promise<Known<BackupFacts>> {
  if (form === "cheap") return leftOut("backups are not looked for in this form");
  if (loaded === null) return unknown(effective.known ? "" : effective.why);
  return part("backups", () => gatherBackups(home, loaded));
}

/** Held against what would be written now, which the configuration decides. */
async function rulesOf(
  { home, env }: GatherParts,
  { loaded, effective }: GatheredConfig,
): Promise<Known<readonly PlacedRules[]>> {
  if (loaded === null) return unknown(effective.known ? "" : effective.why);
  return part("the machine's rules", () => gatherRules(hostFiles(hostFacts(home, env, loaded))));
}

/** As shipped; where the configuration cannot be read keys grow old all the same. */
const ROTATE_DAYS = 90;

const ALLOW = ["tools.exec.allow[]", "channels.*.tools.exec.allow[]"];

function fileParts({ home, env, nowMs, form }: GatherParts, { config, loaded }: GatheredConfig) {
  const tree = config.known && config.value.tree.known ? config.value.tree.value : {};
  const allowed = written(tree, ALLOW).flatMap(({ value }) => (typeof value === "string" ? [value] : []));
  return {
    home,
    userHome: userHome(env),
    installation: INSTALLATION,
    nowMs,
    isDeep: form === "deep",
    allowed: [...new Set(allowed)],
    workspaces: loaded === null ? [] : agentSettings(loaded.config, loaded.places).map(({ workspace }) => workspace),
    node: process.execPath,
    programFolders: COMMAND_PATH,
  };
}

async function policiesOf({ home, form, vet }: GatherParts): Promise<PolicyFacts> {
  const files = readPolicies(home.policies);
  return {
    digest: sha256(JSON.stringify(files)),
    files: files.map(({ name, text }) => ({ name, permits: permitsIn(text) })),
    refused: form === "deep" ? await vet() : null,
  };
}

/** Of Cedar text without its comments and strings. */
function permitsIn(text: string): number {
  const bare = text.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""').replaceAll(/\/\/[^\n]*/g, "");
  return [...bare.matchAll(/\bpermit\s*\(/g)].length;
}
