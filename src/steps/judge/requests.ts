/**
 * What Cedar is asked about one call: a request for each effect on each thing
 * that it touches. The strictest answer is the call's.
 *
 * @module
 */
import type { ArgumentFact, CommandFacts, Facts, HostFact, PathFact, Proposal } from "../../core/call.ts";
import { confidentialityRank, mayKnow, trustRank } from "../../core/label.ts";
import type { Posture } from "../../core/posture.ts";
import type { Effect } from "../../core/tool.ts";
import type { Designation } from "./designation/designate.ts";
import { leaves } from "./carries.ts";
import { doorsOf, labelsOf, type NamedTool } from "./offered.ts";
import type { Planned } from "./planned.ts";
import type { Attributes, PolicyRequest } from "./policy/engine.ts";
import type { ResourceType } from "./policy/expressions.ts";

/** A request before it is known who makes it, and with which yes. */
export type RequestBody = Pick<PolicyRequest, "action" | "resource" | "context">;

export type RequestInput = {
  readonly proposal: Proposal;
  readonly facts: Facts;
  readonly designation: Designation;
  readonly planned: Planned;
  readonly tool: NamedTool;
  readonly posture: Posture;
};

type Resource = PolicyRequest["resource"];

export function requestsFor(input: RequestInput): readonly RequestBody[] {
  const { proposal, posture } = input;
  // Each door on the way answers for itself; the strictest answer is the call's.
  return doorsOf(posture, proposal.origin, proposal.principal.within).flatMap((door) => requestsAt(input, door));
}

function requestsAt(input: RequestInput, door: string): readonly RequestBody[] {
  const context = contextOf(input, door);
  const own = ownResources(input).map((resource) => ({ action: input.facts.effect, resource, context }));
  return unique([...own, ...sideEffects(input, context)]);
}

function contextOf({ proposal, facts, designation, planned, tool }: RequestInput, door: string): Attributes {
  return {
    tool: proposal.tool,
    labels: labelsOf(tool),
    door,
    channel: proposal.origin.channel,
    inRoom: proposal.origin.room !== undefined,
    declared: proposal.declaration !== undefined && proposal.tool !== "",
    elevated: asksElevated(proposal),
    influence: trustRank(facts.influence.trust),
    confidentiality: confidentialityRank(facts.influence.confidentiality),
    leaves: leaves(facts),
    carries: facts.carries,
    planned: planned.standing !== "outside",
    named: designation.named,
    designated: designation.designated,
    ownerDesignated: designation.ownerDesignated,
    approvals: [],
  };
}

const ELEVATED = /^(?:elevated|sudo|as_?root|privileged|escalate)$/i;

/** Anything but a plain no counts as asking for it. */
function asksElevated({ arguments: args }: Proposal): boolean {
  return Object.entries(args).some(
    ([name, value]) =>
      ELEVATED.test(name) && value !== undefined && value !== false && value !== null && value !== "off",
  );
}

const LASTING: Partial<Record<Effect, ResourceType>> = {
  remember: "Memory",
  schedule: "Schedule",
  spawn: "Session",
  configure: "Setting",
};

function ownResources(input: RequestInput): readonly Resource[] {
  const { facts, proposal } = input;
  const { effect } = facts;
  const lasting = LASTING[effect];
  if (lasting !== undefined) return [{ type: lasting, id: proposal.tool, attributes: {} }];
  if (effect === "exec") return [commandOf(facts.command)];
  const tool: Resource = { type: "Tool", id: proposal.tool, attributes: { name: proposal.tool } };
  const things = thingsOf(input);
  return things.length === 0 ? [tool] : things;
}

/** What the call names and acts on; nothing where it names nothing that is known here. */
function thingsOf(input: RequestInput): readonly Resource[] {
  const { effect, hosts } = input.facts;
  if (FILE_EFFECTS.has(effect)) return ownPaths(input).map((path) => file(path, input.posture));
  const reached = REACHING.has(effect) ? hosts.map((one) => host(one, false)) : [];
  return effect === "send" || effect === "pay" ? [...recipients(input), ...reached] : reached;
}

const FILE_EFFECTS: ReadonlySet<Effect> = new Set(["read", "write", "delete"]);
/** Effects whose hosts are what they act on. */
const REACHING: ReadonlySet<Effect> = new Set(["fetch", "send", "pay", "use_mcp"]);

/** Paths that the tool acts on itself, not those that a command of it names. */
function ownPaths({ facts }: RequestInput): readonly PathFact[] {
  return facts.paths.filter((path) => path.access === facts.effect);
}

/** What the call does beside its own effect: the files it opens on the way, the hosts that its command reaches. */
function sideEffects(input: RequestInput, context: Attributes): readonly RequestBody[] {
  const { facts, posture } = input;
  const own = new Set(FILE_EFFECTS.has(facts.effect) ? ownPaths(input) : []);
  const files = facts.paths
    .filter((path) => !own.has(path))
    .map((path) => ({ action: path.access, resource: file(path, posture), context }));
  const inCommand = facts.command !== undefined;
  const hosts = REACHING.has(facts.effect)
    ? []
    : facts.hosts.map((one) => ({ action: "fetch" as const, resource: host(one, inCommand), context }));
  return [...files, ...hosts];
}

function file(path: PathFact, posture: Posture): Resource {
  return {
    type: "File",
    id: path.resolved,
    attributes: {
      path: path.resolved,
      zone: path.zone,
      kind: path.kind,
      exists: path.kind !== "absent",
      // Nothing is lost where what is there stays.
      hasCopy: path.hasCopy || path.keeps === true,
      forbidden: isForbidden(path.resolved, posture),
    },
  };
}

/** Within what is never shown, or so far above it that mounting the folder would show it. */
function isForbidden(path: string, { fs }: Posture): boolean {
  if (fs.forbiddenPaths.some((folder) => isWithin(path, folder))) return true;
  if (path === fs.workspace) return false;
  return [...fs.forbiddenPaths, ...fs.blockedPaths, fs.home].some((inner) => isWithin(inner, path));
}

export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** A command tool whose command nobody could look at is as opaque as can be. */
function commandOf(command: CommandFacts | undefined): Resource {
  return {
    type: "Command",
    id: "command",
    attributes: {
      programs: command?.programs.map((program) => program.path ?? program.name) ?? [],
      listed: command !== undefined && command.unlisted.length === 0,
      opaque: command === undefined || command.opaque.length > 0,
      blocked: command !== undefined && command.blocked.length > 0,
      destructive: command?.destructive ?? false,
      privileged: command?.privileged ?? false,
    },
  };
}

function host(fact: HostFact, inCommand: boolean): Resource {
  const { scheme, port, method, reach, listed } = fact;
  return {
    type: "Host",
    id: `${fact.host}:${port}`,
    attributes: { host: fact.host, port, scheme: scheme.replace(/:$/, ""), method, reach, listed, inCommand },
  };
}

function recipients({ proposal, facts }: RequestInput): readonly Resource[] {
  return facts.arguments
    .filter((argument) => argument.role === "recipient" && argument.value.trim() !== "")
    .map(({ value }: ArgumentFact) => ({
      type: "Recipient" as const,
      id: value,
      attributes: {
        address: value,
        asker: value === proposal.principal.person,
        mayKnow: mayKnow(facts.influence.audience, value),
      },
    }));
}

function unique(requests: readonly RequestBody[]): readonly RequestBody[] {
  const seen = new Map<string, RequestBody>();
  for (const one of requests) {
    seen.set(JSON.stringify([one.action, one.resource]), one);
  }
  return [...seen.values()];
}
