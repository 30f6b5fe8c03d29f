/**
 * The matrix (R-WHO-1), as the loaded policies answer it: what text of each
 * level may cause when the owner's turn was influenced by it and nobody named
 * anything, and what a person of each level may cause at all.
 *
 * Nothing here knows the answers: removing a policy changes them.
 *
 * @module
 */
import type { PolicyId, Verdict } from "../../core/decision.ts";
import { TRUST_LEVELS, type Trust, trustRank } from "../../core/label.ts";
import { EFFECTS, type Effect } from "../../core/tool.ts";
import { decide, type Reachable } from "./decide.ts";
import type { Judge } from "./judge.ts";
import { limitsFor } from "./limits.ts";
import { doorOf } from "./offered.ts";
import type { Attributes, PolicyRequest } from "./policy/engine.ts";

export type MatrixCell = {
  readonly trust: Trust;
  readonly effect: Effect;
  readonly verdict: Verdict;
  readonly because: readonly PolicyId[];
};

export type Matrix = {
  /** By the least trusted text in the model request; the person is the owner. */
  readonly cells: readonly MatrixCell[];
  /** By the person's own trust; nothing else is in the model request. */
  readonly persons: readonly MatrixCell[];
};

const OWNER: Reachable = { person: "owner", trust: "full", roles: [] };

/** @param channel whose command rules and doors are meant; the tool itself is left open. */
export function whoMatrix(judge: Judge, channel = "terminal"): Matrix {
  const effects: readonly Effect[] = [...EFFECTS, "unknown"];
  const pairs = TRUST_LEVELS.flatMap((trust) => effects.map((effect) => ({ trust, effect })));
  return {
    cells: pairs.map(({ trust, effect }) => cell(judge, channel, { trust, effect, principal: OWNER })),
    persons: pairs.map(({ trust, effect }) =>
      cell(judge, channel, { trust, effect, principal: { person: "somebody", trust, roles: [] } }),
    ),
  };
}

type Ask = { readonly trust: Trust; readonly effect: Effect; readonly principal: Reachable };

function cell(judge: Judge, channel: string, { trust, effect, principal }: Ask): MatrixCell {
  const facts = {
    effect,
    influence: { trust, confidentiality: "public", audience: { kind: "anyone" }, sources: [] },
    arguments: [],
    designated: false,
    paths: [],
    hosts: [],
    carries: [],
  } as const;
  const decision = decide(judge.engine, {
    requests: [{ action: effect, resource: EXAMPLES[effect], context: contextOf(judge, channel, trust, effect) }],
    principal,
    reachable: [OWNER],
    limits: limitsFor(facts, judge.posture),
  });
  return { trust, effect, verdict: decision.verdict, because: decision.because };
}

/** Stands for every tool of the effect: which tools a door offers is another question. */
const ANY_TOOL = [
  "group:fs",
  "group:runtime",
  "group:web",
  "group:ui",
  "group:memory",
  "group:sessions",
  "group:automation",
];

function contextOf(judge: Judge, channel: string, trust: Trust, effect: Effect): Attributes {
  return {
    tool: "",
    labels: [...ANY_TOOL, "group:messaging", "group:declared", "recall"],
    door: doorOf(judge.posture, channel),
    channel,
    inRoom: false,
    declared: true,
    elevated: false,
    influence: trustRank(trust),
    confidentiality: 0,
    leaves: ["fetch", "send", "pay", "use_mcp", "unknown"].includes(effect),
    planned: true,
    named: false,
    designated: false,
    ownerDesignated: false,
    carries: [],
    approvals: [],
  };
}

type Resource = PolicyRequest["resource"];

function file(kind: string, exists: boolean, hasCopy: boolean): Resource {
  const attributes = { path: "/w/x", zone: "workspace", kind, exists, hasCopy, forbidden: false };
  return { type: "File", id: "/w/x", attributes };
}

const tool: Resource = { type: "Tool", id: "any", attributes: { name: "any" } };
const lasting = (type: "Memory" | "Schedule" | "Session" | "Setting"): Resource => ({
  type,
  id: "any",
  attributes: {},
});

/** The mildest thing of each effect: a new file, something with a copy, a listed command without network, a listed host. */
const EXAMPLES: Readonly<Record<Effect, Resource>> = {
  read: file("file", true, true),
  write: file("absent", false, false),
  delete: file("file", true, true),
  exec: {
    type: "Command",
    id: "command",
    attributes: {
      programs: ["/usr/bin/ls"],
      listed: true,
      opaque: false,
      blocked: false,
      destructive: false,
      privileged: false,
    },
  },
  fetch: {
    type: "Host",
    id: "host",
    attributes: {
      host: "host",
      port: 443,
      scheme: "https",
      method: "GET",
      reach: "public",
      listed: true,
      inCommand: false,
    },
  },
  send: { type: "Recipient", id: "somebody", attributes: { address: "somebody", asker: false, mayKnow: true } },
  pay: { type: "Recipient", id: "somebody", attributes: { address: "somebody", asker: false, mayKnow: true } },
  remember: lasting("Memory"),
  schedule: lasting("Schedule"),
  spawn: lasting("Session"),
  configure: lasting("Setting"),
  install: tool,
  use_mcp: tool,
  unknown: tool,
};
