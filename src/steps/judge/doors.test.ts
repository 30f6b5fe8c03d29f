import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Proposal } from "../../core/call.ts";
import type { Verdict } from "../../core/decision.ts";
import { through } from "../../core/doors.ts";
import { type AgentId, parseAgentId } from "../../core/ids.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Door } from "../../core/person.ts";
import type { Posture, ToolPosture } from "../../core/posture.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import { coding, judgeWith, OWNER, postureWith, proposal, says } from "./fixtures.ts";
import type { Judge } from "./judge.ts";
import { doorsOf, offeredTools } from "./offered.ts";

const [MAIN, QUIET, CLERK] = ["main", "quiet", "clerk"].map(parseAgentId) as [AgentId, AgentId, AgentId];
const AGENTS = [MAIN, QUIET, CLERK] as const;
const CHANNELS = ["default", "terminal", "api"] as const;

const RULES: Record<string, ToolPosture> = {
  coding: coding({}),
  listed: coding({ allow: ["ls"], block: ["cat"] }),
  asking: coding({ ask: "always" }),
  open: coding({ security: "full" }, { profile: "full" }),
  noExec: coding({ security: "deny" }),
  messaging: coding({ security: "deny", ask: "always" }, { profile: "messaging" }),
  minimal: coding({ security: "deny" }, { profile: "minimal" }),
  readers: coding({ security: "deny" }, { allow: ["read", "list"] }),
  noWeb: coding({}, { deny: ["group:web", "spawn"] }),
};
type Layout = Readonly<Record<string, Readonly<Record<string, keyof typeof RULES>>>>;

/** As `app/config` puts it together: this agent's doors, and those of the others that have other rules. */
function postureOf(agent: AgentId, layout: Layout): Posture {
  const channels = new Map<string, ToolPosture>();
  const rules = (of: AgentId, channel: string): ToolPosture =>
    RULES[layout[of]?.[channel] ?? "minimal"] ?? assert.fail("no such rules");
  for (const channel of CHANNELS) {
    channels.set(channel, rules(agent, channel));
    for (const other of AGENTS)
      if (other !== agent && layout[other]?.[channel] !== layout[agent]?.[channel])
        channels.set(`${other}:${channel}`, rules(other, channel));
  }
  return postureWith({ channels, others: new Set(AGENTS.filter((one) => one !== agent)) });
}

const LAYOUTS: readonly Layout[] = [
  {
    main: { default: "messaging", terminal: "coding", api: "noExec" },
    quiet: { default: "messaging", terminal: "noExec", api: "noExec" },
    clerk: { default: "minimal", terminal: "readers", api: "messaging" },
  },
  {
    main: { default: "minimal", terminal: "open", api: "asking" },
    quiet: { default: "coding", terminal: "listed", api: "noWeb" },
    clerk: { default: "open", terminal: "open", api: "open" },
  },
];
const judges = await Promise.all(
  LAYOUTS.map(async (layout) => {
    const pairs = AGENTS.map(async (agent) => [agent, await judgeWith({ posture: postureOf(agent, layout) })] as const);
    return new Map<AgentId, Judge>(await Promise.all(pairs));
  }),
);

const CALLS: readonly (readonly [string, JsonObject])[] = [
  ["read", { path: "notes.md" }],
  ["write", { path: "hello.txt", content: "x" }],
  ["exec", { command: "ls" }],
  ["exec", { command: "cat notes.md" }],
  ["exec", { command: "make" }],
  ["web_fetch", { url: "https://docs.example.org/a" }],
  ["spawn", { task: "x" }],
  ["recall", { query: "x" }],
  ["send", { recipient: "owner", text: "x" }],
];

const STRICTNESS: Record<Verdict, number> = { allow: 0, ask: 1, deny: 2 };
type Place = { readonly agent: AgentId; readonly channel: string };

async function verdictAt(of: Judge, at: Place, within: readonly Door[], call: number): Promise<Verdict> {
  const [tool, args] = CALLS[call] ?? assert.fail("no such call");
  const made = proposal(tool, args, [says("please do")], { channel: at.channel });
  const asked: Proposal = {
    ...made,
    origin: { ...made.origin, agent: at.agent },
    principal: { ...made.principal, ...(within.length === 0 ? {} : { within }) },
  };
  return (await of.judge(asked, { reachable: [OWNER] })).decision.verdict;
}

const step = fc.record({
  agent: fc.constantFrom(...AGENTS),
  // A spawned session, or one that was there and got a message.
  channel: fc.constantFrom("/session", "/session", ...CHANNELS),
});
const start = fc.record({ agent: fc.constantFrom(...AGENTS), channel: fc.constantFrom(...CHANNELS, "slack") });

test("R-AGENT-6: INVARIANT(child-within-parent): what a child may, each of its ancestors may", async () => {
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.nat(LAYOUTS.length - 1),
      start,
      fc.array(step, { minLength: 1, maxLength: 4 }),
      fc.nat(CALLS.length - 1),
      async (layout, first, steps, call) => {
        const of = judges[layout] ?? assert.fail("no such layout");
        const judgeOf = (agent: AgentId): Judge => of.get(agent) ?? assert.fail("no such agent");
        const ancestors: Verdict[] = [await verdictAt(judgeOf(first.agent), first, [], call)];
        let at: Place = first;
        let within: readonly Door[] = [];
        for (const next of steps) {
          const { principal } = proposal("read", {}, []);
          within = through({ ...principal, ...(within.length === 0 ? {} : { within }) }, at).within ?? [];
          const verdict = await verdictAt(judgeOf(next.agent), next, within, call);
          for (const [depth, before] of ancestors.entries()) {
            compared += 1;
            assert.ok(STRICTNESS[verdict] >= STRICTNESS[before], `${verdict} below ${before} at depth ${depth}`);
          }
          ancestors.push(verdict);
          at = next;
        }
      },
    ),
    { numRuns: 80 },
  );
  assert.ok(compared > 150);
});

test("R-AGENT-6: a child of the same agent has as much as the door of its parent", async () => {
  const of = judges[0]?.get(MAIN) ?? assert.fail("no judge");
  const within = [{ agent: MAIN, channel: "terminal" }];
  for (const [index, [tool]] of CALLS.entries()) {
    const parent = await verdictAt(of, { agent: MAIN, channel: "terminal" }, [], index);
    const child = await verdictAt(of, { agent: MAIN, channel: "/session" }, within, index);
    assert.equal(child, parent, tool);
  }
  assert.equal(await verdictAt(of, { agent: MAIN, channel: "/session" }, within, 0), "allow");
  assert.equal(await verdictAt(of, { agent: MAIN, channel: "/session" }, [], 0), "deny", "no door: the default");
});

test("R-AGENT-6: the door of an agent that is gone is closed to what it began", async () => {
  const of = judges[0]?.get(MAIN) ?? assert.fail("no judge");
  const gone = [{ agent: parseAgentId("gone"), channel: "terminal" }];
  assert.equal(await verdictAt(of, { agent: MAIN, channel: "/session" }, gone, 0), "deny");
});

test("R-AGENT-6: R-TOOL-1: a child is shown what all doors on its way offer", () => {
  const posture = postureOf(MAIN, LAYOUTS[0] ?? {});
  const tools = [...CATALOGUE.values()].map((tool) => ({ name: tool.declaration.name, groups: tool.groups }));
  const shown = (within: readonly Door[]): readonly string[] =>
    offeredTools(posture, doorsOf(posture, { agent: MAIN, channel: "/session" }, within), tools).map(
      ({ name }) => name,
    );
  assert.ok(shown([{ agent: MAIN, channel: "terminal" }]).includes("write"));
  assert.deepEqual(shown([{ agent: CLERK, channel: "terminal" }]), ["read", "list"]);
  assert.deepEqual(shown([{ agent: parseAgentId("gone"), channel: "terminal" }]), []);
});
