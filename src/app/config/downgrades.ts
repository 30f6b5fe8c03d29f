/**
 * Downgrades: every mode that is weaker than what ships, each under the key
 * that named it. Printed at start, recorded, and a finding of the audit.
 *
 * @module
 */
import { DATA_KINDS, dlpAction, type DlpAction, type DlpPlace } from "../../core/dlp.ts";
import type { ToolPosture } from "../../core/posture.ts";
import { doorsOf } from "./doors.ts";
import { egressRules } from "./egress.ts";
import { type Config, configFile } from "./schema.ts";
import { dlpRules } from "./settings.ts";

/** One line each, in a fixed order. */
export function downgradesOf(config: Config): readonly string[] {
  return [
    ...gateway(config),
    ...sessions(config),
    ...tools(config),
    ...sandbox(config),
    ...egress(config),
    ...sensitive(config),
    ...trusted(config),
    ...models(config),
  ];
}

function* gateway({ gateway: { bind, customBindHost, mode } }: Config): Generator<string> {
  if (bind !== "loopback")
    yield `gateway.bind: ${customBindHost ?? bind}: the gateway listens beyond this machine's own address`;
  else if (mode === "remote") yield "gateway.mode: remote: the gateway expects requests from other machines";
}

const SCOPES: Readonly<Record<string, string>> = {
  main: "everybody who writes directly shares one conversation",
  "per-peer": "the same sender has one conversation on all channels",
  "per-channel-peer": "the same sender has one conversation on all accounts of a channel",
};

function* sessions({ session: { dmScope } }: Config): Generator<string> {
  const says = SCOPES[dmScope];
  if (says !== undefined) yield `session.dmScope: ${dmScope}: ${says}`;
}

function* tools(config: Config): Generator<string> {
  const { workspaceOnly, allowedPaths } = config.tools.fs;
  if (!workspaceOnly) yield "tools.fs.workspaceOnly: false: paths outside the workspace are asked instead of refused";
  for (const path of allowedPaths) yield `tools.fs.allowedPaths: \`${path}\` can be used besides the workspace`;
  const shipped = doorsOf(configFile.parse({}));
  for (const [name, door] of doorsOf(config)) yield* weaker(name, door, shipped.get(name) ?? shipped.get("default"));
}

function* sandbox({ agents }: Config): Generator<string> {
  if (agents.defaults.sandbox.scope === "session")
    yield "agents.defaults.sandbox.scope: session: what a command leaves in /tmp is there for the next of its conversation";
}

const RANK: Readonly<Record<string, number>> = { minimal: 0, messaging: 1, coding: 2, full: 3 };
const SECURITY: Readonly<Record<string, number>> = { deny: 0, allowlist: 1, full: 2 };
const ASK: Readonly<Record<string, number>> = { always: 0, "on-miss": 1, off: 2 };

const rank = (order: Readonly<Record<string, number>>, word: string): number => order[word] ?? 9;

function* weaker(name: string, door: ToolPosture, shipped: ToolPosture | undefined): Generator<string> {
  if (shipped === undefined) return;
  const where = name === "default" ? "tools" : `channels.${name}.tools`;
  if (rank(RANK, door.profile) > rank(RANK, shipped.profile))
    yield `${where}.profile: ${door.profile}: more tools than shipped`;
  const { security, ask } = door.exec;
  if (rank(SECURITY, security) > rank(SECURITY, shipped.exec.security)) {
    yield `${where}.exec.security: ${security}: ${security === "full" ? "every command but what the floor forbids" : "commands can be run from here"}`;
  }
  if (security === "full" && rank(ASK, ask) > rank(ASK, "always")) {
    yield `${where}.exec.ask: ${ask}: commands that are not on the allowlist run without a question`;
  }
}

function* egress(config: Config): Generator<string> {
  for (const { host, methods, ports, tls } of egressRules(config)) {
    const more = methods.filter((method) => method !== "GET" && method !== "HEAD");
    if (more.length > 0) yield `egress.allow: ${host} takes ${more.join(", ")}: data can leave to it`;
    if (tls === "passthrough")
      yield `egress.allow: ${host} with tls: passthrough: methods, and names inside its TLS, are not seen`;
    if (ports.some((port) => port === 80)) yield `egress.allow: ${host} on port 80: unencrypted`;
    if (host.startsWith("*.")) yield `egress.allow: ${host}: every subdomain can be reached`;
  }
  for (const [name, { hosts }] of Object.entries(config.egress.credentials)) {
    for (const host of hosts.filter((one) => one.startsWith("*.")))
      yield `egress.credentials.${name}: every subdomain of ${host.slice(2)} is given the value`;
  }
}

/** Each kind that goes somewhere now without what would have been done about it as shipped. */
function* sensitive(config: Config): Generator<string> {
  const rules = dlpRules(config);
  for (const [place, says] of PLACES) {
    const weaker = DATA_KINDS.filter(
      (kind) => STRICTNESS[dlpAction(rules, kind, place)] < STRICTNESS[dlpAction([], kind, place)],
    );
    if (weaker.length > 0) yield `dlp.rules: ${weaker.join(", ")}: less is done than shipped about what ${says}`;
  }
}

const STRICTNESS: Readonly<Record<DlpAction, number>> = { allow: 0, redact: 1, ask: 1, block: 2 };

const PLACES: readonly (readonly [DlpPlace, string])[] = [
  [{ direction: "in", from: "message" }, "persons write"],
  [{ direction: "in", from: "result" }, "tools bring"],
  [{ direction: "out", to: "asker" }, "goes to the person who asks"],
  [{ direction: "out", to: "person" }, "goes to other persons"],
  [{ direction: "out", to: "host" }, "goes to other machines"],
  [{ direction: "log" }, "is recorded"],
];

function* trusted(config: Config): Generator<string> {
  for (const { path, trust } of config.folders) {
    if (trust !== "none") yield `folders: files of unknown writers in \`${path}\` have ${trust} trust`;
  }
  for (const [id, person] of Object.entries(config.people)) {
    if (person.trust === "full" && id !== "owner") yield `people.${id}.trust: full: everything that the owner may do`;
  }
}

function* models({ models: { localOnly }, agents }: Config): Generator<string> {
  const { quarantine, plan } = agents.defaults;
  if (quarantine.results === "off")
    yield "agents.defaults.quarantine.results: off: large untrusted results are read whole";
  if (quarantine.bits > configFile.parse({}).agents.defaults.quarantine.bits)
    yield `agents.defaults.quarantine.bits: ${quarantine.bits}: a stranger's text may choose more of what happens`;
  if (plan === "off") yield "agents.defaults.plan: off: no plan narrows what was named";
  if (localOnly === "never") yield "models.localOnly: never: what is secret may be sent to a model on another machine";
}
