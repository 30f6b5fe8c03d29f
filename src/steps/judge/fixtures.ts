/**
 * A small world for the judge's own tests: a posture like the one that ships,
 * fact finders over a made-up tree, and proposals made of plain words.
 *
 * @module
 */
import { resolve } from "node:path/posix";
import type { CommandFacts, HostFact, PathFact, Proposal } from "../../core/call.ts";
import { parseAgentId, parseId, parsePersonId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Confidentiality, Label, Trust } from "../../core/label.ts";
import type { Posture, ToolPosture } from "../../core/posture.ts";
import type { ArgumentRole, Effect, ToolDeclaration } from "../../core/tool.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import type { Reachable } from "./decide.ts";
import type { Finders } from "./gather.ts";
import { createJudge, type Judge, type JudgeDeps } from "./judge.ts";
import { vetHere } from "./policy/vet.ts";
import { isWithin } from "./requests.ts";

export const WORKSPACE = "/home/ana/vambrace";

const CODING: ToolPosture = {
  profile: "coding",
  allow: [],
  deny: [],
  exec: { security: "allowlist", ask: "on-miss", allow: ["ls", "cat", "git"], block: ["nc"] },
};

const MESSAGING: ToolPosture = {
  ...CODING,
  profile: "messaging",
  exec: { ...CODING.exec, security: "deny", ask: "always" },
};

export function postureWith(changes: Partial<Posture> = {}): Posture {
  return {
    channels: new Map([
      ["default", MESSAGING],
      ["terminal", CODING],
      ["webchat", CODING],
    ]),
    fs: {
      workspace: WORKSPACE,
      workspaceOnly: true,
      allowedPaths: ["/data/shared"],
      blockedPaths: ["/home/ana/private"],
      forbiddenPaths: ["/home/ana/.vambrace"],
      home: "/home/ana",
    },
    egress: [{ host: "docs.example.org", ports: [443], methods: ["GET", "HEAD"] }],
    limits: { wallMs: 60_000, outputBytes: 1e6, memoryBytes: 1e9, processes: 64, fileBytes: 1e8 },
    effects: new Map(),
    declarations: new Map(),
    persons: new Map([["owner", { trust: "full", roles: [] }]]),
    ...changes,
  };
}

export const coding = (exec: Partial<ToolPosture["exec"]>, rest: Partial<ToolPosture> = {}): ToolPosture => ({
  ...CODING,
  ...rest,
  exec: { ...CODING.exec, ...exec },
});

/** The door `terminal` with other rules. */
export const terminalWith = (rules: ToolPosture): Posture =>
  postureWith({
    channels: new Map([
      ["default", MESSAGING],
      ["terminal", rules],
    ]),
  });

const FILES = new Map<string, Pick<PathFact, "kind" | "hasCopy">>([
  [WORKSPACE, { kind: "folder", hasCopy: false }],
  [`${WORKSPACE}/notes.md`, { kind: "file", hasCopy: true }],
  [`${WORKSPACE}/only.txt`, { kind: "file", hasCopy: false }],
  [`${WORKSPACE}/.git/hooks/pre-commit`, { kind: "file", hasCopy: false }],
  [`${WORKSPACE}/pipe`, { kind: "other", hasCopy: false }],
]);

function zoneOf(path: string): PathFact["zone"] {
  if (/\/\.git\/hooks\//.test(path)) return "protected";
  if (isWithin(path, WORKSPACE)) return "workspace";
  if (isWithin(path, "/home/ana/.ssh") || isWithin(path, "/etc")) return "blocked";
  return isWithin(path, "/data/shared") ? "allowed" : "outside";
}

const path: Finders["path"] = async (written, access, pointer, cwd) => {
  const resolved = resolve(cwd, written);
  const known = FILES.get(resolved) ?? { kind: "absent" as const, hasCopy: false };
  return { pointer, written, resolved, access, zone: zoneOf(resolved), ...known };
};

const host: Finders["host"] = (written, method, pointer): HostFact => {
  const url = URL.parse(written);
  if (url === null) throw new Error("no URL");
  const special = /^(?:127\.|10\.|169\.254\.|localhost$)/.test(url.hostname);
  return {
    pointer,
    url: url.href,
    scheme: url.protocol.replace(":", ""),
    host: url.hostname,
    port: Number(url.port || (url.protocol === "http:" ? 80 : 443)),
    method,
    addresses: [],
    reach: special ? "special" : "unresolved",
    listed: url.hostname === "docs.example.org" && ["GET", "HEAD"].includes(method),
  };
};

const NO_COMMAND: CommandFacts = {
  programs: [],
  reads: [],
  writes: [],
  deletes: [],
  keeps: [],
  hosts: [],
  wrappers: [],
  opaque: [],
  destructive: false,
  privileged: false,
  unlisted: [],
  blocked: [],
  approved: [],
};

/** Understands just enough: words, `>` and a few programs. The real one has an engineer of its own. */
const command: Finders["command"] = async (text, { allow, block }) => {
  const words = text.split(/\s+/);
  const [program = ""] = words;
  const rest = words.slice(1).filter((word) => !word.startsWith("-"));
  const into = words.indexOf(">");
  return {
    ...NO_COMMAND,
    programs: [{ name: program, path: `/usr/bin/${program}` }],
    reads: program === "cat" ? rest.filter((word) => word !== ">" && word !== words[into + 1]) : [],
    writes: into >= 0 ? [words[into + 1] ?? ""] : [],
    deletes: program === "rm" ? rest : [],
    hosts: rest.filter((word) => word.startsWith("https://")),
    opaque: text.includes("$") ? ["$: an expansion"] : [],
    destructive: text === "rm -rf /",
    privileged: program === "sudo",
    unlisted: allow.includes(program) ? [] : [program],
    blocked: block.includes(program) ? [program] : [],
  };
};

export const FINDERS: Finders = { path, host, command };

export const OWNER: Reachable = { person: "owner", trust: "full", roles: [] };

export const judgeWith = (deps: Partial<JudgeDeps> = {}): Promise<Judge> =>
  createJudge({
    posture: postureWith(),
    operatorPolicies: [],
    vet: vetHere,
    tools: [...CATALOGUE.values()],
    facts: FINDERS,
    sensitive: () => [],
    ...deps,
  });

export function labelled(trust: Trust, confidentiality: Confidentiality = "private", persons = ["owner"]): Label {
  const audience =
    confidentiality === "public" ? ({ kind: "anyone" } as const) : ({ kind: "persons", persons } as const);
  return { trust, confidentiality, audience, sources: [] };
}

let made = 0;
const BODY = "0".repeat(20);
const number = (): string => `${BODY}${String(++made).padStart(6, "0")}`;
const item = (): ReturnType<typeof parseId<"itm">> => parseId("itm", `itm_${number()}`);
const call = (): ReturnType<typeof parseId<"call">> => parseId("call", `call_${number()}`);

export function says(text: string, person = "owner", trust: Trust = "full", label?: Label): ContextItem {
  return { kind: "person", id: item(), person, text, label: label ?? labelled(trust, "internal", [person]) };
}

/** A finished answer: it closes a request. */
export const answers = (text: string): ContextItem => ({
  kind: "model",
  id: item(),
  text,
  calls: [],
  label: labelled("full", "public"),
});

/** A call that was made and what came back. */
export function did(tool: string, args: JsonObject, text: string, label: Label = labelled("none")): ContextItem[] {
  const id = call();
  return [
    { kind: "model", id: item(), text: "", calls: [{ id, tool, arguments: args }], label: labelled("full", "public") },
    { kind: "result", id: item(), call: id, tool, text, ok: true, label },
  ];
}

export const stranger = (text: string, confidentiality: Confidentiality = "private"): ContextItem[] =>
  did("read", { path: "mail.txt" }, text, labelled("none", confidentiality));

export function declared(
  name: string,
  effect: Effect,
  roles: Record<string, ArgumentRole>,
  rest: Partial<ToolDeclaration> = {},
): ToolDeclaration {
  return {
    name,
    effect,
    roles: new Map(Object.entries(roles)),
    returns: { trust: "none", confidentiality: "private" },
    directory: false,
    ...rest,
  };
}

export const PAY = declared("send_money", "pay", {
  recipient: "recipient",
  amount: "amount",
  subject: "content",
});

export function proposal(
  tool: string | ToolDeclaration,
  args: JsonObject,
  context: readonly ContextItem[],
  rest: { readonly channel?: string; readonly trust?: Trust; readonly person?: string; readonly roles?: string[] } = {},
): Proposal {
  const declaration = typeof tool === "string" ? CATALOGUE.get(tool)?.declaration : tool;
  return {
    id: call(),
    tool: typeof tool === "string" ? tool : tool.name,
    arguments: args,
    ...(declaration === undefined ? {} : { declaration }),
    principal: { person: parsePersonId(rest.person ?? "owner"), trust: rest.trust ?? "full", roles: rest.roles ?? [] },
    origin: {
      session: parseId("ses", `ses_${number()}`),
      turn: parseId("trn", `trn_${number()}`),
      agent: parseAgentId("main"),
      channel: rest.channel ?? "terminal",
    },
    context,
    cwd: WORKSPACE,
  };
}
