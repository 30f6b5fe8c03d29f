/**
 * A real browser in a real sandbox, behind a real proxy whose internet is made
 * of loopback servers; and the tools that use it, under real permits.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import type { RequestListener } from "node:http";
import { duplexPair } from "node:stream";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { callDigest, type Facts, type Proposal } from "../src/core/call.ts";
import type { Decision, HostLimit } from "../src/core/decision.ts";
import { newId, parseAgentId, parsePersonId, type SessionId } from "../src/core/ids.ts";
import { type Digest, type JsonObject, sha256 } from "../src/core/json.ts";
import { type Label, SYSTEM_LABEL } from "../src/core/label.ts";
import { openPermitOffice } from "../src/core/permit.ts";
import type { Connection } from "../src/core/ports/executor.ts";
import type { RunOutcome } from "../src/core/run.ts";
import { createBrowsers } from "../src/edges/browser/browsers.ts";
import { makeAuthority } from "../src/edges/egress/authority.ts";
import { openEgressClient } from "../src/edges/egress/client.ts";
import { serveGateway } from "../src/edges/egress/helper.ts";
import { createEgressProxy } from "../src/edges/egress/proxy.ts";
import { fileJob, parseFileAnswer } from "../src/edges/executors/files.ts";
import { showTo } from "../src/steps/run/audience.ts";
import { browserEffectors } from "../src/steps/run/browser.ts";
import { createRun } from "../src/steps/run/run.ts";
import { CATALOGUE } from "../src/tools/catalogue.ts";
import {
  certificateFor,
  internet,
  type Internet,
  realClock as clock,
  SITE,
  serveHttp,
  serveHttps,
  serveHttpsOf,
  temporaryFolder,
} from "./egress-support.ts";
import { missing as missingSandbox, random, startBroker } from "./sandbox-kit.ts";

/** Why this cannot be tested here, or false. */
export function missing(): string | false {
  return existsSync("/usr/lib/chromium/chromium") ? missingSandbox() : "chromium is not installed";
}

/** Another public address of nobody's that a test would reach. */
const OTHER = "93.184.216.35";
/** Whose certificate nobody vouches for. */
const STOLEN = "93.184.216.36";
/** Whose certificate is for another name. */
const WRONG = "93.184.216.37";

export type BrowserKit = {
  readonly workspace: string;
  readonly world: Internet;
  /** What the sites were asked: `GET shop.example/path`. */
  readonly asked: string[];
  readonly connections: { readonly connection: Connection; readonly call: string }[];
  /** Labels of files, as they were noted. */
  readonly labels: Map<string, Label>;
  readonly session: SessionId;
  /** Ends every sandbox at once, as `stop` does. */
  stop(): Promise<void>;
  /** One call that the judge let through with these hosts. */
  call(tool: string, args?: JsonObject, more?: Partial<Given>): Promise<RunOutcome>;
};

export type Given = {
  readonly hosts: readonly string[];
  readonly influence: Label;
  readonly signal: AbortSignal;
  readonly session: SessionId;
  /** Who asks; `owner` unless said. */
  readonly person: string;
};

/** @param listed hosts that an operator listed, on port 80. */
export async function startBrowserKit(
  t: TestContext,
  listener: RequestListener,
  options: {
    readonly listed?: readonly string[];
    readonly paths?: readonly string[];
    /** As an operator lists them, whole. */
    readonly rules?: readonly HostLimit[];
    readonly idleMs?: number;
    readonly callMs?: number;
  } = {},
): Promise<BrowserKit> {
  const broker = await startBroker();
  t.after(() => broker.close());
  mkdirSync(join(broker.workspace, "inbox"));
  const asked: string[] = [];
  const answer: RequestListener = (req, res) => {
    asked.push(`${req.method} ${req.headers.host}${req.url}`);
    res.setHeader("content-type", "text/html; charset=utf-8");
    listener(req, res);
  };
  const port = await serveHttp(t, answer);
  const known = makeAuthority({ random, nowMs: Date.now });
  const tls = await serveHttpsOf(t, known, answer);
  const stolen = await serveHttpsOf(t, makeAuthority({ random, nowMs: Date.now }), answer);
  const wrong = await serveHttps(t, certificateFor("else.example"), answer);
  const places = internet(
    {
      "shop.example": [[SITE]],
      "other.example": [[OTHER]],
      "cdn.example": [[OTHER]],
      "inside.example": [["10.0.0.7"]],
      "stolen.example": [[STOLEN]],
      "wrong.example": [[WRONG]],
    },
    {
      [`${SITE}:80`]: port,
      [`${OTHER}:80`]: port,
      "127.0.0.1:80": port,
      "10.0.0.7:80": port,
      [`${SITE}:443`]: tls,
      [`${STOLEN}:443`]: stolen,
      [`${WRONG}:443`]: wrong,
    },
  );
  const world = { ...places, roots: known.certificate };
  const connections: BrowserKit["connections"] = [];
  const egress = openProxy(t, world, connections);
  const browsers = createBrowsers({
    executor: broker.executor,
    egress,
    clock,
    limits: { memoryBytes: 2 * 1024 ** 3, processes: 512 },
    listed: [
      ...(options.rules ?? []),
      ...(options.listed ?? []).map((host) => ({
        host,
        port: 80,
        methods: ["GET", "HEAD"],
        ...(options.paths === undefined ? {} : { paths: options.paths }),
      })),
    ],
    idleMs: options.idleMs ?? 300_000,
    callMs: options.callMs ?? 40_000,
  });
  const office = openPermitOffice({ clock, random, signer: broker.signer, confirms: () => true });
  const labels = new Map<string, Label>();
  const run = createRun(
    office,
    browserEffectors({
      browsers,
      executor: broker.executor,
      files: { job: fileJob, answer: parseFileAnswer },
      show: showTo("owner"),
      inboxOf: () => join(broker.workspace, "inbox"),
      wrote: async (path, digest: Digest, label) => {
        if (sha256(readFileSync(path)) === digest) labels.set(path, label);
      },
    }),
  );
  const session = newId("ses", random);
  return {
    workspace: broker.workspace,
    world,
    asked,
    connections,
    labels,
    session,
    stop: () => broker.executor.stopAll(),
    async call(tool, args = {}, more = {}) {
      const { proposal, facts, decision } = judgedBy(tool, args, broker.workspace, { session, ...more });
      const digest = callDigest(proposal, facts);
      const permit = office.issue({ call: proposal.id, digest, decision, prepared: {} as never });
      const signal = more.signal ?? new AbortController().signal;
      return run(permit, { proposal, judged: { facts, decision, digest }, emit: () => undefined, signal });
    },
  };
}

function openProxy(
  t: TestContext,
  world: Internet & { readonly roots: string },
  connections: BrowserKit["connections"],
) {
  const [ours, theirs] = duplexPair();
  const socketDir = temporaryFolder(t);
  const serving = serveGateway(theirs, (folder) =>
    createEgressProxy({ socketDir: folder, world, random, nowMs: () => Date.now() }),
  );
  void serving.finally(() => theirs.destroy());
  const client = openEgressClient({
    socket: ours,
    socketDir,
    onConnection: (connection, { call }) => void connections.push({ connection, call }),
  });
  t.after(() => client.close());
  return client;
}

/** As the judge would have it: the host of an address or of a `host` argument, the one path. */
function judgedBy(tool: string, args: JsonObject, workspace: string, given: Partial<Given> & { session: SessionId }) {
  const declaration = CATALOGUE.get(tool)?.declaration;
  const method = declaration?.method ?? "GET";
  const url = typeof args["url"] === "string" ? args["url"] : `http://${String(args["host"])}/`;
  const { hostname, port, protocol } = new URL(url);
  const usual = protocol === "https:" ? "443" : "80";
  const named = args["url"] === undefined && args["host"] === undefined ? [] : [`${hostname}:${port || usual}`];
  const limits = (given.hosts ?? named).map((one): HostLimit => {
    const [host = "", at = "80"] = one.split(":");
    return { host, port: Number(at), methods: [method] };
  });
  const path = typeof args["path"] === "string" ? join(workspace, args["path"]) : undefined;
  const facts: Facts = {
    effect: declaration?.effect ?? "unknown",
    influence: given.influence ?? SYSTEM_LABEL,
    arguments: [],
    designated: false,
    carries: [],
    hosts: limits.map(({ host, port: at }) => ({
      pointer: "/host",
      url,
      scheme: "http",
      host,
      port: at,
      method,
      addresses: [],
      reach: "unresolved",
      listed: true,
    })),
    paths: path === undefined ? [] : [pathFact(path, String(args["path"]))],
  };
  const proposal: Proposal = {
    id: newId("call", random),
    tool,
    arguments: args,
    principal: { person: parsePersonId(given.person ?? "owner"), trust: "full", roles: [] },
    origin: { session: given.session, turn: newId("trn", random), agent: parseAgentId("main"), channel: "terminal" },
    context: [],
    cwd: workspace,
  };
  const decision: Decision = {
    verdict: "allow",
    because: [],
    says: "",
    policies: sha256("p"),
    limits: {
      wallMs: 20_000,
      outputBytes: 1024 * 1024,
      memoryBytes: 512 * 1024 ** 2,
      processes: 64,
      fileBytes: 64 * 1024 ** 2,
      hosts: limits,
      mounts: path === undefined ? [] : [{ path: workspace, access: "write" }],
    },
  };
  return { proposal, facts, decision };
}

function pathFact(resolved: string, written: string): Facts["paths"][number] {
  const base = { pointer: "/path", written, resolved, access: "write", zone: "workspace", hasCopy: false } as const;
  return { ...base, kind: existsSync(resolved) ? "file" : "absent" };
}

/** The reference of the first element of this kind and name in a page's text. */
export function refIn(text: string, kind: string, name: string): JsonObject {
  const found = new RegExp(`\\[(e\\d+)\\] ${kind} "${RegExp.escape(name)}"`).exec(text);
  if (found?.[1] === undefined) throw new Error(`no ${kind} \`${name}\` in:\n${text}`);
  return { ref: found[1], element: name };
}
