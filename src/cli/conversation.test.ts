import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { environmentOf } from "../app/config/environment.ts";
import type { QuestionView, TurnEventView } from "../wire/events.ts";
import type { GatewayClient } from "./client.ts";
import type { Io } from "./command.ts";
import { converse } from "./conversation.ts";

function questionOf(n: number, change: Partial<QuestionView> = {}): QuestionView {
  return {
    id: `apr_${n}`,
    call: `call_${n}`,
    tool: "exec",
    effect: "exec",
    arguments: { command: `make ${n}` },
    cwd: "/w",
    because: ["exec.unlisted"],
    says: "make is not on the allowlist",
    needs: "yes",
    origins: [],
    origin: { session: "ses_1", turn: "trn_1", channel: "terminal" },
    expiresMs: 0,
    ...change,
  };
}

/** A gateway that asks these questions, and finishes the turn once each was answered. */
function bench(questions: readonly QuestionView[]) {
  const posted: (readonly [path: string, body: unknown])[] = [];
  const all = Promise.withResolvers<void>();
  const events: readonly TurnEventView[] = [
    { type: "call.proposed", call: "call_1", tool: "exec", arguments: { command: "make 1" } },
    ...questions.map((question): TurnEventView => ({ type: "approval.asked", question })),
  ];
  const client: GatewayClient = {
    url: "",
    pid: 1,
    get: async () => assert.fail("nothing is looked up"),
    delete: async () => assert.fail("nothing is deleted"),
    watch: () => assert.fail("nothing is watched"),
    async *chat() {
      for (const event of events) yield { v: 1, type: "event", event };
      await all.promise;
    },
    async post(path, body, schema) {
      posted.push([path, body]);
      if (posted.length === questions.length) all.resolve();
      return schema.parse({});
    },
  };
  const said: string[] = [];
  const io: Io = {
    err: (line) => void said.push(line),
    out: (line) => void said.push(line),
    write: (text) => void said.push(text),
    stdin: Readable.from([]),
    env: environmentOf({}),
    isTerminal: false,
    signal: new AbortController().signal,
  };
  const prompts: string[] = [];
  const run = async (...typed: readonly string[]): Promise<void> => {
    const asker = async (prompt: string): Promise<string> => {
      // As long as somebody needs to read.
      await wait(520 * questions.length);
      return typed[prompts.push(prompt) - 1] ?? assert.fail(`nobody types anything under ${prompt}`);
    };
    const { signal } = new AbortController();
    await converse(io, client, { text: "go", messageId: "m", signal }, asker);
  };
  return { run, posted, prompts, said };
}

const grouped = (n: number): QuestionView => questionOf(n, { grouped: { id: "call_1", at: n, of: 3 } });
const once = (n: number, answer: "yes" | "no") => [`/api/approvals/apr_${n}`, { answer, scope: "once" }];

test("R-FLOW-3: what is asked together is shown call by call, and one word answers each of them", async () => {
  const { run, posted, prompts, said } = bench([1, 2, 3].map(grouped));
  await run("y");
  assert.equal(prompts.length, 1);
  assert.match(prompts[0] ?? "", /yes to all 3, once/);
  for (const n of [1, 2, 3]) assert.ok(said.some((line) => line.includes(`make ${n}`)));
  assert.deepEqual(posted, [once(1, "yes"), once(2, "yes"), once(3, "yes")]);
});

test("R-FLOW-3: one by one each has its own answer", async () => {
  const { run, posted } = bench([1, 2].map((n) => questionOf(n, { grouped: { id: "call_1", at: n, of: 2 } })));
  await run("o", "n", "y");
  assert.deepEqual(posted, [once(1, "no"), once(2, "yes")]);
});

test("R-FLOW-2: a text is endorsed by its own key, and only what the question offers has one", async () => {
  const source = {
    item: "itm_7",
    from: "result of read",
    trust: "none",
    confidentiality: "private",
    as: ["trusted"],
    text: "the meeting is on Monday",
    characters: 24,
  } as const;
  const { run, posted, said } = bench([questionOf(1, { sources: [{ ...source, as: [...source.as] }] })]);
  await run("e2", "e1");
  assert.ok(
    said.some((line) => line.includes("the meeting is on Monday")),
    "it is shown what would be endorsed",
  );
  assert.deepEqual(posted, [["/api/approvals/apr_1", { answer: "endorse", scope: "once", item: "itm_7" }]]);
});
