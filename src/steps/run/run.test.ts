import assert from "node:assert/strict";
import { test } from "node:test";
import { callDigest, type Facts, type PathFact, type Proposal } from "../../core/call.ts";
import type { Decision, Limits, Mount } from "../../core/decision.ts";
import { Fault } from "../../core/fault.ts";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import { digestOf, type JsonObject, sha256 } from "../../core/json.ts";
import { type Label, SYSTEM_LABEL } from "../../core/label.ts";
import { openPermitOffice, type PermitOffice } from "../../core/permit.ts";
import type { Executor, Job, JobResult, SignedToken } from "../../core/ports/executor.ts";
import type { FileRequest } from "../../core/ports/files.ts";
import type { MemoryRow } from "../../core/ports/store.ts";
import type { RunRequest } from "../../core/run.ts";
import { fakeClock, seededRandom } from "../../core/testing.ts";
import type { TurnEvent } from "../../core/turn.ts";
import { showTo } from "./audience.ts";
import { commandEffector } from "./command.ts";
import { fileEffectors } from "./files.ts";
import { recallEffector, rememberEffector } from "./memory.ts";
import { createRun, type Effector } from "./run.ts";
import { createScratch } from "./scratch.ts";
import { fetchEffector } from "./web.ts";

const random = seededRandom(11);
const clock = fakeClock();
const low: Label = {
  trust: "limited",
  confidentiality: "private",
  audience: { kind: "persons", persons: ["owner"] },
  sources: [],
};
/** Of the owner, in the owner's folder. */
const open = { labelOfMounts: async () => low, show: showTo("owner"), scratch: null };
const limits: Limits = {
  wallMs: 5000,
  outputBytes: 100,
  memoryBytes: 1,
  processes: 1,
  fileBytes: 1,
  hosts: [],
  mounts: [{ path: "/w", access: "write" }],
};

function office(): PermitOffice {
  const signer = {
    sign: (permit: SignedToken["permit"], job: SignedToken["job"]) => ({ permit, job, notAfterMs: 0, signature: "s" }),
  };
  return openPermitOffice({ clock, random, signer, confirms: () => true });
}

function request(
  tool: string,
  args: JsonObject,
  change: { readonly facts?: Partial<Facts>; readonly limits?: Partial<Limits> } = {},
): RunRequest & { events: TurnEvent[] } {
  const facts: Facts = {
    effect: "exec",
    influence: low,
    arguments: [],
    designated: false,
    paths: [],
    hosts: [],
    carries: [],
    ...change.facts,
  };
  const proposal: Proposal = {
    id: newId("call", random),
    tool,
    arguments: args,
    principal: { person: parsePersonId("owner"), trust: "full", roles: [] },
    origin: {
      session: newId("ses", random),
      turn: newId("trn", random),
      agent: parseAgentId("main"),
      channel: "terminal",
    },
    context: [],
    cwd: "/w",
  };
  const decision: Decision = {
    verdict: "allow",
    because: [],
    says: "",
    policies: sha256("p"),
    limits: { ...limits, ...change.limits },
  };
  const events: TurnEvent[] = [];
  const judged = { facts, decision, digest: callDigest(proposal, facts) };
  return { proposal, judged, emit: (event) => void events.push(event), signal: new AbortController().signal, events };
}

/** Spends a fresh permit for the request, as the gate does. */
async function play(effector: Effector, asked: RunRequest) {
  const permits = office();
  const { proposal, judged } = asked;
  const prepared = {
    index: 0,
    leaf: sha256("l"),
    entry: { kind: "prepared", who: "", what: "", target: "", result: "" },
  } as const;
  const permit = permits.issue({ call: proposal.id, digest: judged.digest, decision: judged.decision, prepared });
  return createRun(permits, new Map([[proposal.tool, effector]]))(permit, asked);
}

function executor(result: Partial<JobResult>): Executor & { jobs: Job[]; tokens: SignedToken[] } {
  const jobs: Job[] = [];
  const tokens: SignedToken[] = [];
  return {
    jobs,
    tokens,
    run: async (job, token, { onOutput }) => {
      jobs.push(job);
      tokens.push(token);
      onOutput?.({ stream: "stdout", bytes: Buffer.from("live") });
      return {
        end: { how: "exit", status: 0 },
        stdout: Buffer.from("out"),
        stderr: Buffer.from(""),
        stdoutLost: 0,
        stderrLost: 0,
        wallMs: 1,
        ...result,
      };
    },
    prove: async (form) => ({ form, attempts: [], skipped: [], floor: 0 }),
    stopAll: async () => undefined,
  };
}

const noWay = { open: () => Promise.reject(new Error("no way out was granted")) };

test("R-TOOL-2: a run spends its permit for the call as it stands; a call that was changed after it was judged does not start", async () => {
  const permits = office();
  const asked = request("read", { path: "a" });
  const prepared = {
    index: 0,
    leaf: sha256("l"),
    entry: { kind: "prepared", who: "", what: "", target: "", result: "" },
  } as const;
  const permit = permits.issue({
    call: asked.proposal.id,
    digest: asked.judged.digest,
    decision: asked.judged.decision,
    prepared,
  });
  const changed = { ...asked, proposal: { ...asked.proposal, arguments: { path: "/etc/shadow" } } };
  const run = createRun(permits, new Map([["read", async () => assert.fail("must not run")]]));
  await assert.rejects(
    run(permit, changed),
    (error: unknown) => error instanceof Fault && error.code === "PERMIT_REFUSED",
  );
});

test("R-TOOL-2: a tool that nobody made an effector for runs nothing", async () => {
  const asked = request("made_up", {});
  const run = createRun(
    { issue: () => assert.fail(), spend: () => ({ permit: newId("pmt", random), sign: () => assert.fail() }) },
    new Map(),
  );
  await assert.rejects(
    run(Object.freeze({ id: newId("pmt", random), call: asked.proposal.id, digest: asked.judged.digest }), asked),
    (error: unknown) => error instanceof Fault && error.code === "TOOL_UNKNOWN",
  );
});

test("R-BOX-1: a command becomes one job of exactly what the decision mounts and limits, signed for that job", async () => {
  const machine = executor({});
  const wrote: [readonly Mount[], Label][] = [];
  const asked = request("exec", { command: "ls", timeout_s: 2 });
  const outcome = await play(
    commandEffector({
      executor: machine,
      egress: noWay,
      ...open,
      commandWrote: async (mounts, label) => void wrote.push([mounts, label]),
    }),
    asked,
  );
  const [job] = machine.jobs;
  assert.ok(job);
  assert.deepEqual(
    [job.argv.at(-1), job.cwd, job.mounts, job.wallMs, job.egressSocket],
    ["ls", "/w", limits.mounts, 2000, null],
  );
  assert.equal(machine.tokens[0]?.job, digestOf(job));
  assert.deepEqual(wrote, [[limits.mounts, low]], "what it may write is noted before it starts");
  assert.equal(outcome.text, "out\nexit status 0");
  const { trust, confidentiality, audience } = outcome.label ?? assert.fail("what it prints has a label");
  assert.deepEqual(
    [trust, audience],
    ["none", low.audience],
    "anybody's word, for those who may know what it may read",
  );
  assert.equal(confidentiality, low.confidentiality);
  assert.deepEqual(asked.events, [{ type: "call.output", call: asked.proposal.id, stream: "stdout", text: "live" }]);
});

test("R-EXEC-4: a command cannot ask for more time than it may have, and how it ended is said", async () => {
  const machine = executor({ end: { how: "timeout" }, stdoutLost: 7 });
  const outcome = await play(
    commandEffector({ executor: machine, egress: noWay, ...open, commandWrote: async () => undefined }),
    request("exec", { command: "x", timeout_s: 3600 }),
  );
  assert.equal(machine.jobs[0]?.wallMs, 5000);
  assert.equal(outcome.ok, false);
  assert.match(outcome.text, /7 bytes more were cut off[\s\S]*longer than it may/);
});

test("R-FS-4: what a command changed is part of its record, with kind and size", async () => {
  const changed = { entries: [{ path: "/w/a", kind: "file", bytes: 7 }], whole: true } as const;
  const effector = (result: Partial<JobResult>) =>
    commandEffector({ executor: executor(result), egress: noWay, ...open, commandWrote: async () => undefined });
  const told = await play(effector({ changed }), request("exec", { command: "x" }));
  assert.deepEqual(told.data?.["changed"], changed);
  const nothing = await play(effector({}), request("exec", { command: "x" }));
  assert.ok(!("changed" in (nothing.data ?? {})));
});

test("R-BOX-4: a sandbox that refuses is a failure with the reason and the fix", async () => {
  const machine = executor({
    end: { how: "refused", code: "SANDBOX_MISSING", message: "bubblewrap is missing", hint: "install it" },
  });
  const outcome = await play(
    commandEffector({ executor: machine, egress: noWay, ...open, commandWrote: async () => undefined }),
    request("exec", { command: "ls" }),
  );
  assert.equal(outcome.ok, false);
  assert.match(outcome.text, /bubblewrap is missing.*install it/);
});

test("R-EXEC-5: a command that was granted hosts gets the way of its own call, closed whatever happens", async () => {
  const log: string[] = [];
  const hosts = [{ host: "example.org", port: 443, methods: ["GET"] }];
  const egress = {
    open: async (call: { readonly call: string; readonly hosts: unknown }) => {
      log.push(`open ${JSON.stringify(call.hosts)}`);
      return { socket: "/run/x.sock", close: async () => (log.push("close"), []) };
    },
  };
  const failing: Executor = {
    ...executor({}),
    run: async (job) => Promise.reject(new Error(job.egressSocket ?? "none")),
  };
  const asked = request("exec", { command: "curl" }, { limits: { hosts } });
  await assert.rejects(
    play(commandEffector({ executor: failing, egress, ...open, commandWrote: async () => undefined }), asked),
    /x\.sock/,
  );
  assert.deepEqual(log, [`open ${JSON.stringify(hosts)}`, "close"]);
});

const secret: Label = { ...low, trust: "none", confidentiality: "secret" };

/** Commands of one session, each over mounts of a label of its own. */
function inOneSession() {
  const machine = executor({});
  const wrote: Label[] = [];
  const session = newId("ses", random);
  const scratch = createScratch({ idleMs: 60_000 });
  const ran = async (mounts: Label, change: Parameters<typeof request>[2] = {}, origin = session) => {
    const asked = request("exec", { command: "ls" }, change);
    const proposal = { ...asked.proposal, origin: { ...asked.proposal.origin, session: origin } };
    const digest = callDigest(proposal, asked.judged.facts);
    const egress = { open: async () => ({ socket: "/run/x.sock", close: async () => [] }) };
    const effector = commandEffector({
      executor: machine,
      egress,
      ...open,
      scratch,
      // Whoever asks is not the owner here, who may know everything.
      show: showTo("boss"),
      labelOfMounts: async () => mounts,
      commandWrote: async (_mounts, label) => void wrote.push(label),
    });
    return play(effector, { ...asked, proposal, judged: { ...asked.judged, digest } });
  };
  return { machine, wrote, session, ran };
}

test("R-FLOW-1: per session, a command's result and what it writes have the label of all that earlier ones could leave in /tmp", async () => {
  const { ran, wrote } = inOneSession();
  const first = await ran(low);
  assert.equal(first.label?.confidentiality, "private");
  assert.deepEqual([wrote[0]?.trust, wrote[0]?.confidentiality], ["limited", "private"]);
  await ran(secret);
  const third = await ran(low);
  assert.equal(third.label?.confidentiality, "secret");
  assert.deepEqual([wrote[2]?.trust, wrote[2]?.confidentiality], ["none", "secret"]);
});

test("R-FLOW-1: what another session keeps counts for nothing", async () => {
  const { ran } = inOneSession();
  await ran(secret);
  const other = await ran(low, {}, newId("ses", random));
  assert.equal(other.label?.confidentiality, "private");
});

test("R-FLOW-1: who may not know what an earlier command could leave there does not get the next one started", async () => {
  const { ran, machine } = inOneSession();
  await ran({ ...low, audience: { kind: "persons", persons: ["owner"] } });
  assert.equal(machine.jobs.length, 1);
  const started = ran(low, { facts: { influence: { ...low, audience: { kind: "persons", persons: [] } } } });
  await started;
  await assert.rejects(ran(low), (error: unknown) => error instanceof Fault && error.code === "AUDIENCE_REFUSED");
  assert.equal(machine.jobs.length, 2);
});

test("R-BOX-1: what a session keeps is part of the signed job; a call with a way out has a /tmp of its own", async () => {
  const { ran, machine, session } = inOneSession();
  await ran(low);
  await ran(low, { limits: { hosts: [{ host: "example.org", port: 443, methods: ["GET"] }] } });
  const [first, second] = machine.jobs;
  assert.deepEqual(first?.scratch, { session, idleMs: 60_000 });
  assert.deepEqual([first?.env["HOME"], second?.env["HOME"]], ["/dev/shm", "/tmp"]);
  assert.equal(second?.scratch, undefined);
  assert.equal(second?.egressSocket, "/run/x.sock");
});

function path(change: Partial<PathFact>): PathFact {
  return {
    pointer: "/path",
    written: "a",
    resolved: "/w/a",
    access: "write",
    zone: "workspace",
    kind: "file",
    hasCopy: true,
    digest: sha256("before"),
    ...change,
  };
}

function files(answer: object) {
  const requests: FileRequest[] = [];
  const wrote: unknown[] = [];
  const effectors = fileEffectors({
    executor: executor({}),
    files: {
      job: (one) => {
        requests.push(one);
        return {
          argv: ["x"],
          cwd: "/",
          mounts: [],
          env: {},
          stdin: "",
          wallMs: 1,
          outputBytes: 1,
          memoryBytes: 1,
          processes: 1,
          fileBytes: 1,
          egressSocket: null,
          runtime: "files",
        };
      },
      answer: () => ({ ok: true, path: "/w/a", bytes: 5, digest: sha256("after"), ...answer }) as never,
    },
    labelOf: async () => SYSTEM_LABEL,
    labelOfFolder: async () => low,
    labelOfFound: async () => low,
    show: showTo("owner"),
    wrote: async (...args) => void wrote.push(args),
  });
  return { requests, wrote, play: (asked: RunRequest) => play(effectors.get(asked.proposal.tool)!, asked) };
}

test("R-FS-2: a write carries the digest that was judged, so that another file is refused; a new file expects that there is none", async () => {
  const one = files({});
  await one.play(request("write", { path: "a", content: "hello" }, { facts: { paths: [path({})] } }));
  const { digest: _, ...absent } = path({ kind: "absent" });
  await one.play(request("write", { path: "a", content: "hello" }, { facts: { paths: [absent] } }));
  assert.deepEqual(
    one.requests.map((r) => ("expect" in r ? r.expect : "none")),
    [sha256("before"), "absent"],
  );
});

test("R-FLOW-4: what was written is recorded with the label of the call that wrote it", async () => {
  const one = files({ created: true });
  const outcome = await one.play(request("write", { path: "a", content: "hello" }, { facts: { paths: [path({})] } }));
  assert.deepEqual(one.wrote, [["/w/a", sha256("after"), low]]);
  assert.match(outcome.text, /^created \/w\/a/);
});

test("R-FS-4: every access leaves its path, bytes and digest for the record, and a refusal its code", async () => {
  const read = await files({ content: "hi", lines: 1, from: 1, to: 1 }).play(
    request("read", { path: "a" }, { facts: { paths: [path({})] } }),
  );
  assert.deepEqual(read.data, { path: "/w/a", access: "read", bytes: 5, digest: sha256("after") });
  assert.equal(read.label, SYSTEM_LABEL, "the label is the file's own");
  const refused = await files({
    ok: false,
    code: "FILE_CHANGED",
    message: "it is another file now",
    hint: "look again",
  }).play(request("read", { path: "a" }, { facts: { paths: [path({})] } }));
  assert.deepEqual(
    [refused.ok, refused.data],
    [false, { code: "FILE_CHANGED", path: "/w/a", access: "read", bytes: 0 }],
  );
});

test("R-FS-2: a file tool without a judged path runs nothing", async () => {
  await assert.rejects(
    files({}).play(request("read", { path: "a" })),
    (error: unknown) => error instanceof Fault && error.code === "PERMIT_REFUSED",
  );
});

test("R-AGENT-7: a memory keeps the label of what it was made from, and gives it back", async () => {
  const rows: MemoryRow[] = [];
  const memory = {
    add: async (row: MemoryRow) => void rows.push(row),
    search: async () => rows,
    list: async () => rows,
    remove: async () => false,
  };
  await play(
    rememberEffector({ memory, clock, random, clean: (text) => text.replaceAll("hunter2", "[redacted]") }),
    request("remember", { text: "the code is 4711" }),
  );
  assert.deepEqual([rows[0]?.text, rows[0]?.label], ["the code is 4711", low]);
  const recalled = await play(
    recallEffector({ memory, clock, random, clean: (text) => text.replaceAll("hunter2", "[redacted]") }),
    request("recall", { query: "code" }),
  );
  assert.equal(recalled.text, "- the code is 4711");
  assert.equal(recalled.label?.trust, "limited");
});

test("R-DLP-2: what is remembered holds no secret; the rest of it does", async () => {
  const rows: MemoryRow[] = [];
  const memory = {
    add: async (row: MemoryRow) => void rows.push(row),
    search: async () => rows,
    list: async () => rows,
    remove: async () => false,
  };
  const deps = { memory, clock, random, clean: (text: string) => text.replaceAll("hunter2", "[redacted]") };
  await play(rememberEffector(deps), request("remember", { text: "the door opens with hunter2" }));
  assert.equal(rows[0]?.text, "the door opens with [redacted]");
});

test("R-NET-1: a redirect is told and not followed, and the way is closed", async () => {
  let closed = 0;
  const egress = { open: async () => ({ socket: "/s", close: async () => ((closed += 1), []) }) };
  const fetcher = {
    get: async () => ({
      status: 302,
      headers: { location: "http://169.254.169.254/" },
      body: new Uint8Array(),
      truncated: false,
      address: "203.0.113.1",
    }),
  };
  const pages = { read: async () => assert.fail("a redirect has no page") };
  const outcome = await play(
    fetchEffector({ egress, fetcher, pages, search: { search: async () => [] } }),
    request("web_fetch", { url: "https://example.org/" }),
  );
  assert.match(outcome.text, /169\.254\.169\.254.*not followed/);
  assert.equal(closed, 1);
});
