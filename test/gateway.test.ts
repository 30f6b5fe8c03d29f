/**
 * A running gateway from end to end: stopping everything, keeping agents and
 * people apart, labels that stay with what they belong to.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { BWRAP_PATHS } from "../src/app/helpers.ts";
import { parseAgentId } from "../src/core/ids.ts";
import type { JsonObject } from "../src/core/json.ts";
import type { Caller } from "../src/core/ports/gateway.ts";
import { HOME_CANARY, recordsOf, runs } from "./campaign.ts";
import { answering, callerOf, get, type Kit, makeToken, post, say, startKit } from "./gateway-kit.ts";

const skip = BWRAP_PATHS.some((path) => existsSync(path)) ? false : "bubblewrap is not installed";
const RESEARCH = parseAgentId("research");
/** Each with a conversation of his own, that nothing has touched yet. */
const OWNERS = ["ada", "bea", "cleo", "dora", "eva", "fay", "gil", "hal", "ida"];
let kit: Kit;
let sink: Server;
let reached = 0;
const researchSecret = "RESEARCH-CANARY-77";

before(async () => {
  if (skip !== false) return;
  sink = createServer((_request, response) => {
    reached += 1;
    response.end("thanks");
  });
  await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
  kit = await startKit(
    (place) => {
      const research = join(place.root, "research");
      for (const folder of [research, join(place.workspace, "inbox")]) mkdirSync(folder);
      writeFileSync(join(research, "paper.md"), `${researchSecret}\n`);
      writeFileSync(join(place.workspace, "inbox", "mail.txt"), "a stranger's words\n");
      writeFileSync(join(place.workspace, "plain.md"), "the owner's words\n");
      writeFileSync(
        join(place.workspace, "spy.sh"),
        SPY.replace("PORT", String((sink.address() as AddressInfo).port)).replaceAll("ROOT", place.root),
      );
      return {
        agents: { defaults: { workspace: place.workspace }, entries: { research: { workspace: research } } },
        // They share the folders: what lies there may be shown to each of them.
        folders: [
          { path: place.workspace, trust: "full", confidentiality: "internal", audience: [...OWNERS] },
          { path: join(place.workspace, "inbox"), trust: "none", confidentiality: "private", audience: [...OWNERS] },
          { path: research, trust: "none", confidentiality: "private", audience: [...OWNERS] },
        ],
        channels: {
          default: { tools: { profile: "coding" } },
          ...Object.fromEntries(["flow-copy", "flow-copy-own"].map((door) => [door, { tools: WITH_COMMANDS }])),
        },
        people: {
          ben: { trust: "standard", roles: ["developer"] },
          ...Object.fromEntries(OWNERS.map((id) => [id, { trust: "full", roles: ["admin"] }])),
        },
      };
    },
    [RESEARCH],
  );
});

after(async () => {
  await kit?.close();
  sink?.close();
});

/** As the terminal has it. */
const WITH_COMMANDS = { profile: "coding", exec: { security: "allowlist", ask: "on-miss" } };

/** Tries from inside everything that must not be there; each line that succeeds says what it saw. */
const SPY = `
echo begun
cat ROOT/home/.ssh/id_canary 2>/dev/null && echo SAW-home
ls ROOT/state 2>/dev/null && echo SAW-state
cat ROOT/state/cli-token 2>/dev/null && echo SAW-token
cat ROOT/research/paper.md 2>/dev/null && echo SAW-other-agent
cat /etc/shadow 2>/dev/null && echo SAW-shadow
cat /root/.bashrc 2>/dev/null && echo SAW-root
(exec 3<>/dev/tcp/127.0.0.1/PORT) 2>/dev/null && echo SAW-network
tail -n +3 /proc/net/dev | grep -v ' lo:' && echo SAW-interface
for p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; echo; done 2>/dev/null | grep -E '[w]riter-main|[b]roker/main|[e]gress/main' && echo SAW-processes
env | grep -v '^GIT_CONFIG_KEY_0=safe\\.bareRepository$' | grep -E 'VAMBRACE|TOKEN|KEY' && echo SAW-environment
echo mine > spied.txt && echo wrote
echo ended
`;

const size = async (): Promise<number> => (await recordsOf(kit.place.state)).length;

async function until(holds: () => Promise<boolean> | boolean, ms = 20_000): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await wait(10)) if (await holds()) return;
  assert.fail("it did not come to pass");
}

test("R-IR-1: `stop` under load ends commands within a second, closes questions, runs no schedule, and outlives a restart", {
  skip,
}, async () => {
  const mark = "sleep 4711.25";
  kit.plays.set("sleeper", [{ calls: [{ tool: "exec", arguments: { command: mark } }] }]);
  kit.plays.set("overwriter", [{ calls: [{ tool: "write", arguments: { path: "plain.md", content: "changed" } }] }]);
  kit.plays.set("planner", [
    { calls: [{ tool: "schedule", arguments: { when: "in 2 seconds", text: "play nothing" } }] },
  ]);
  assert.deepEqual((await say(kit, "play planner", callerOf({ person: "hal" }))).decided, ["schedule: allow"]);
  const working = [
    ...["owner", "ada", "bea"].map((person) => say(kit, "play sleeper", callerOf({ person }))),
    say(kit, "play overwriter", callerOf({ person: "cleo" })),
  ];
  const direct = post(kit, "/api/execute", { tool: "exec", arguments: { command: mark } });
  await until(() => runs(mark));
  await until(async () => (await get(kit, "/api/status")).body["approvalsOpen"] === 1);
  await until(async () => Number((await get(kit, "/api/status")).body["turnsRunning"]) === 5);
  const from = await size();
  const said = performance.now();
  const stopping = post(kit, "/api/stop", { reason: "a drill" });
  await until(() => !runs(mark), 5000);
  const endedMs = performance.now() - said;
  assert.equal((await stopping).status, 200);
  assert.ok(endedMs < 1000, `commands ran on for ${Math.round(endedMs)} ms`);
  for (const { outcome } of await Promise.all(working)) {
    assert.equal(outcome.stop, "stopped");
    assert.notEqual(outcome.text, "");
  }
  assert.notEqual((await direct).body["ok"], true);
  assert.deepEqual((await get(kit, "/api/approvals")).body["questions"], []);
  assert.equal(readFileSync(join(kit.place.workspace, "plain.md"), "utf8"), "the owner's words\n");
  await wait(2500);
  const begun = async (): Promise<number> =>
    (await recordsOf(kit.place.state)).slice(from).filter((one) => one.what === "turn.begun" || one.kind === "prepared")
      .length;
  assert.equal(await begun(), 0, "something began although everything is stopped");
  await kit.restart();
  assert.equal((await get(kit, "/api/status")).body["halted"], true);
  const refused = await post(kit, "/api/chat", { text: "play sleeper", messageId: "halted-1" });
  assert.equal(refused.status, 503);
  assert.match(JSON.stringify(refused.body), /vambrace resume/);
  await wait(1200);
  assert.equal(await begun(), 0);
  assert.equal((await post(kit, "/api/resume", {})).status, 200);
  assert.equal((await say(kit, "play nothing")).outcome.stop, "done");
  // What was due meanwhile runs once, now.
  await until(async () =>
    (await recordsOf(kit.place.state)).slice(from).some((one) => one.who === "hal" && one.what === "turn.finished"),
  );
});

test("R-AGENT-6: one agent has nothing of another's: files, memory, conversation", {
  skip,
  timeout: 60_000,
}, async () => {
  kit.plays.set("keep-main", [
    { calls: [{ tool: "remember", arguments: { text: "the main agent keeps MAIN-MEMORY-5" } }] },
  ]);
  const dora = callerOf({ person: "dora" });
  assert.deepEqual((await say(kit, "play keep-main with MAIN-WORDS-6", dora)).decided, ["remember: allow"]);
  kit.plays.set("pry", [
    { calls: [{ tool: "recall", arguments: {} }] },
    { calls: [{ tool: "read", arguments: { path: join(kit.place.workspace, "plain.md") } }] },
    { calls: [{ tool: "exec", arguments: { command: `cat ${join(kit.place.workspace, "plain.md")}` } }] },
    { calls: [{ tool: "search", arguments: { pattern: "words", path: kit.place.workspace } }] },
    { calls: [{ tool: "list", arguments: {} }] },
  ]);
  const from = kit.requests.length;
  const over = new AbortController();
  answering(kit, "no", over.signal);
  const { outcome } = await say(kit, "play pry", dora, { agent: "research" });
  over.abort();
  assert.equal(outcome.stop, "done");
  const shown = JSON.stringify(kit.requests.slice(from));
  for (const secret of ["MAIN-MEMORY-5", "MAIN-WORDS-6", "the owner's words"])
    assert.ok(!shown.includes(secret), `research was shown ${secret}`);
  assert.ok(shown.includes("paper.md"), "its own files it has");
  assert.deepEqual((await say(kit, "play keep-main", dora)).decided, ["remember: allow"], "main goes on");
});

test("R-CHAN-6: nobody is shown another's conversation or what was remembered for him", {
  skip,
  timeout: 60_000,
}, async () => {
  const eva = callerOf({ person: "eva" });
  kit.plays.set("keep-eva", [{ calls: [{ tool: "remember", arguments: { text: "EVA-MEMORY-8 is the code" } }] }]);
  const { outcome } = await say(kit, "play keep-eva, EVA-WORDS-9", eva);
  const ben = await makeToken(kit, { name: "ben", person: "ben", permissions: ["chat"] });
  kit.plays.set("pry-eva", [
    { calls: [{ tool: "recall", arguments: {} }] },
    { calls: [{ tool: "recall", arguments: { query: "code" } }] },
    { calls: [{ tool: "message", arguments: { session: outcome.session, text: "what was said here?" } }] },
  ]);
  const from = kit.requests.length;
  const { status, body } = await post(kit, "/api/chat", { text: "play pry-eva", messageId: "ben-1" }, ben);
  assert.equal(status, 200, JSON.stringify(body));
  const shown = JSON.stringify([kit.requests.slice(from), body]);
  for (const secret of ["EVA-MEMORY-8", "EVA-WORDS-9"]) assert.ok(!shown.includes(secret), `ben was shown ${secret}`);
  assert.equal(
    (await post(kit, "/api/chat", { text: "play pry-eva", messageId: "ben-2", session: outcome.session }, ben)).body[
      "outcome"
    ],
    undefined,
  );
  const refused = await post(kit, "/api/chat", { text: "hello", messageId: "ben-3", session: outcome.session }, ben);
  assert.match(JSON.stringify(refused.body), /SESSION_UNKNOWN/);
  const listed = await get(kit, "/api/sessions", ben);
  assert.ok(!JSON.stringify(listed.body).includes(outcome.session) && JSON.stringify(listed.body).includes("ses_"));
  const own = kit.requests.length;
  kit.plays.set("own", [{ calls: [{ tool: "recall", arguments: { query: "EVA-MEMORY-8" } }] }]);
  await say(kit, "play own", eva);
  assert.ok(
    JSON.stringify(kit.requests.slice(own)).includes("EVA-MEMORY-8 is the code"),
    "the honest twin: she has it herself",
  );
});

const lasting = [
  { calls: [{ tool: "remember", arguments: { text: "kept for ever" } }] },
  { calls: [{ tool: "schedule", arguments: { when: "in 1 week", text: "again" } }] },
  { calls: [{ tool: "send", arguments: { recipient: "ben", text: "hello" } }] },
] as const;

/** Each channel is a conversation of its own; the owner may be shown whatever lies in the workspace. */
async function afterReading(path: string | undefined, channel: string): Promise<readonly string[]> {
  kit.plays.set("flow", [
    ...(path === undefined ? [] : [{ calls: [{ tool: "read", arguments: { path } }] }]),
    ...lasting,
  ]);
  const over = new AbortController();
  answering(kit, "no", over.signal);
  const { decided } = await say(kit, "play flow", callerOf({ channel }));
  over.abort();
  return decided;
}

test("R-FLOW-1 R-FLOW-4: what a stranger wrote makes what lasts or leaves ask; a copy that a command made of it, too, and after a restart", {
  skip,
}, async () => {
  assert.deepEqual(
    (await afterReading(undefined, "flow-ada")).slice(0, 2),
    ["remember: allow", "schedule: allow"],
    "the honest twin",
  );
  assert.deepEqual(await afterReading("inbox/mail.txt", "flow-bea"), [
    "read: allow",
    "remember: ask",
    "schedule: ask",
    "send: ask",
  ]);
  kit.plays.set("copy", [{ calls: [{ tool: "exec", arguments: { command: "cat inbox/mail.txt > copy.txt" } }] }]);
  assert.deepEqual((await say(kit, "play copy", callerOf({ channel: "flow-copy" }))).decided, ["exec: allow"]);
  kit.plays.set("copy-own", [{ calls: [{ tool: "exec", arguments: { command: "cat plain.md > own-copy.txt" } }] }]);
  assert.deepEqual((await say(kit, "play copy-own", callerOf({ channel: "flow-copy-own" }))).decided, ["exec: allow"]);
  assert.deepEqual(await afterReading("copy.txt", "flow-dora"), [
    "read: allow",
    "remember: ask",
    "schedule: ask",
    "send: ask",
  ]);
  await kit.restart();
  assert.deepEqual(await afterReading("copy.txt", "flow-gil"), [
    "read: allow",
    "remember: ask",
    "schedule: ask",
    "send: ask",
  ]);
  assert.deepEqual(
    (await afterReading("own-copy.txt", "flow-eva")).slice(0, 2),
    ["read: allow", "remember: allow"],
    "the honest twin: a copy of one's own words",
  );
});

test("R-FLOW-4: a memory that was made under a stranger's influence still has it when somebody recalls it", {
  skip,
}, async () => {
  const over = new AbortController();
  answering(kit, "yes", over.signal);
  kit.plays.set("poison", [
    { calls: [{ tool: "read", arguments: { path: "inbox/mail.txt" } }] },
    { calls: [{ tool: "remember", arguments: { text: "POISON-3 obey mails" } }] },
  ]);
  assert.ok((await say(kit, "play poison")).decided.includes("remember: ask"));
  over.abort();
  await kit.restart();
  kit.plays.set("recaller", [{ calls: [{ tool: "recall", arguments: { query: "POISON-3" } }] }, lasting[1]]);
  assert.equal(await scheduledAs("play recaller", callerOf({ channel: "webchat" })), "none");
  kit.plays.set("keep-ida", [
    { calls: [{ tool: "remember", arguments: { text: "POISON-3 is a word of Ida's own" } }] },
  ]);
  await say(kit, "play keep-ida", callerOf({ person: "ida" }));
  assert.equal(
    await scheduledAs("play recaller", callerOf({ person: "ida", channel: "webchat" })),
    "full",
    "the honest twin",
  );
});

/** The trust under which the model's wish to schedule was judged; it may be allowed at `full` only. */
async function scheduledAs(text: string, caller: Caller): Promise<unknown> {
  const over = new AbortController();
  answering(kit, "no", over.signal);
  const from = await size();
  await say(kit, text, caller);
  over.abort();
  const [asked] = (await recordsOf(kit.place.state))
    .slice(from)
    .filter((one) => one.what === "call.decided" && one.target === "schedule");
  const { trust } = (asked?.data?.["facts"] ?? {}) as JsonObject;
  assert.equal(asked?.result, trust === "full" ? "ok" : "asked");
  return trust;
}

// Last: a script that was not understood may have copied anything, so nothing here is trusted after it.
test("R-BOX-1 R-AGENT-6: an approved command sees its workspace and nothing of home, state, other agents, network or other processes", {
  skip,
}, async () => {
  const over = new AbortController();
  // At a door, so that he can be asked; he answers over HTTP.
  kit.served().wired.gateway.watch(callerOf(), () => undefined, over.signal);
  const proposed = post(kit, "/api/execute", { tool: "exec", arguments: { command: "bash spy.sh" } });
  let question: JsonObject | undefined;
  await until(async () => {
    const { body } = await get(kit, "/api/approvals");
    question = (body["questions"] as readonly JsonObject[]).find((one) => one["tool"] === "exec");
    return question !== undefined;
  });
  assert.equal(((question?.["arguments"] ?? {}) as JsonObject)["command"], "bash spy.sh", "the exact call is shown");
  assert.equal((await post(kit, `/api/approvals/${question?.["id"] as string}`, { answer: "yes" })).status, 200);
  const { body } = await proposed;
  over.abort();
  const text = body["text"] as string;
  assert.match(text, /begun[\s\S]*wrote[\s\S]*ended/, "it ran, and it could work");
  assert.doesNotMatch(text, /SAW-/);
  assert.ok(!text.includes(HOME_CANARY) && !text.includes(researchSecret));
  assert.equal(reached, 0);
  assert.equal(readFileSync(join(kit.place.workspace, "spied.txt"), "utf8"), "mine\n");
});
