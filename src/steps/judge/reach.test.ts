import assert from "node:assert/strict";
import { before, test } from "node:test";
import fc from "fast-check";
import type { Verdict } from "../../core/decision.ts";
import { parseAgentId } from "../../core/ids.ts";
import { TRUST_LEVELS } from "../../core/label.ts";
import { CATALOGUE } from "../../tools/catalogue.ts";
import type { Reachable } from "./decide.ts";
import { hostFinder } from "./facts/hosts.ts";
import { declared, FINDERS, judgeWith, OWNER, PAY, postureWith } from "./fixtures.ts";
import type { ToolPosture } from "../../core/posture.ts";
import type { Judge } from "./judge.ts";
import { type Vetted, vetHere } from "./policy/vet.ts";
import { isFinding, type Played, playHijacked, type ReachCell, type ReachParts, reachOf } from "./reach.ts";

const TOOLS = [...CATALOGUE.values()].map((tool) => ({ ...tool, shape: tool }));
const STRICTNESS: Record<Verdict, number> = { allow: 0, ask: 1, deny: 2 };
/** One of each effect that no shipped tool has. */
const DECLARED = [
  PAY,
  declared("drop_event", "delete", { event: "target" }),
  declared("add_event", "write", { event: "target" }),
  declared("set_option", "configure", { name: "target" }),
  declared("add_skill", "install", { name: "target" }),
  declared("outside", "use_mcp", { name: "target" }),
  declared("riddle", "unknown", { name: "target" }),
  declared("erase", "delete", { path: "path" }),
  declared("post", "fetch", { url: "url", body: "content" }),
];
const PERSONS: readonly Reachable[] = [
  OWNER,
  ...TRUST_LEVELS.map((trust) => ({ person: `of-${trust}`, trust, roles: [] })),
];

const posture = postureWith({
  fs: { ...postureWith().fs, blockedPaths: ["/home/ana/.ssh"] },
  declarations: new Map(DECLARED.map((one) => [one.name, one])),
  persons: new Map([...PERSONS].map(({ person, trust }) => [person, { trust, roles: [] }])),
});

let judge: Judge;
let vetted: Vetted;
before(async () => {
  judge = await judgeWith({ posture, vet: async (work) => (vetted = await vetHere(work)) });
});

const play = (by: Judge, rest: Partial<ReachParts> = {}): Promise<Played> =>
  playHijacked({
    judge: by,
    agent: parseAgentId("main"),
    finders: FINDERS,
    tools: TOOLS,
    channels: ["terminal"],
    persons: [OWNER],
    ...rest,
  });

const without = (id: string, from = posture): Promise<Judge> =>
  judgeWith({
    posture: from,
    vet: async () => ({ ...vetted, policies: vetted.policies.filter((policy) => policy.id !== id) }),
  });

const key = ({ channel, person, holds, tool, destination, example }: ReachCell): string =>
  JSON.stringify([channel, person, holds, tool, destination, example]);

test("R-FLOW-6: by the shipped policies nothing leaves, is paid or stays behind without a yes", async () => {
  const { cells, refused, unplayed } = await play(judge, { channels: ["default", "terminal"], persons: PERSONS });
  assert.ok(cells.length > 1000, `${cells.length} asked`);
  assert.deepEqual([unplayed, refused], [[], []], "no tool and no destination is left out");
  const reach = reachOf(cells);
  assert.deepEqual([reach.hosts, reach.recipients, reach.money, reach.lasting, reach.elsewhere], [[], [], [], [], []]);
  assert.equal(isFinding(reach), false);
  for (const cell of cells) assert.ok(cell.because.length > 0 && cell.says !== "", `${cell.tool} has a reason`);
});

test("R-FLOW-6: the work that stays inside is reached, and so the bound is not that everything is refused", async () => {
  const { cells } = await play(judge);
  const { files, commands } = reachOf(cells);
  assert.ok(files.includes("write a new file in the workspace"));
  assert.ok(files.includes("read a file in the workspace without a copy"));
  assert.ok(!files.includes("write a file in the workspace without a copy"));
  assert.ok(commands.some((says) => says.includes("reads a file in the workspace")));
  assert.ok(
    cells.some(({ tool, destination, verdict }) => `${tool} ${destination} ${verdict}` === "send the asker allow"),
  );
  assert.ok(reachOf(cells, "ask").money.length > 0, "money is a question, not impossible");
});

test("R-FLOW-6: every tool is played, also what a door does not offer, and each destination that the posture lists", async () => {
  const { cells } = await play(judge, { channels: ["default"] });
  const played = new Set(cells.map(({ tool }) => tool));
  for (const { name } of [...TOOLS.map(({ declaration }) => declaration), ...DECLARED])
    assert.ok(played.has(name), name);
  assert.ok(cells.filter(({ tool }) => tool === "exec").every(({ verdict }) => verdict === "deny"));
  assert.ok(cells.some(({ destination }) => destination.includes("a listed host (docs.example.org)")));
  assert.ok(cells.some(({ touches }) => touches.hosts.includes("POST docs.example.org:443")));
});

test("R-FLOW-6: a tool for which no call can be made is said, not left out", async () => {
  const [first] = TOOLS;
  assert.ok(first);
  const parse = (): never => {
    throw new Error("never fits");
  };
  const { unplayed, refused } = await play(judge, { tools: [{ ...first, shape: { ...first.shape, parse } }] });
  assert.deepEqual(unplayed, [first.declaration.name]);
  assert.match(refused[0] ?? "", /never fits/);
});

test("R-FLOW-6: what the operator loosens shows, and is a finding", async () => {
  const lax = await without("flow.fetch");
  const { cells } = await play(lax);
  const reach = reachOf(cells);
  assert.deepEqual(
    reach.hosts,
    ["GET docs.example.org:443", "HEAD docs.example.org:443"],
    "the listed host, and no other",
  );
  assert.equal(isFinding(reach), true);
  const hostless = await without("flow.fetch", { ...posture, egress: [] });
  assert.deepEqual(reachOf((await play(hostless)).cells).hosts, []);
});

test("R-FLOW-6: money, recipients and what lasts show as what they are", async () => {
  const reachWithout = async (id: string) => reachOf((await play(await without(id))).cells);
  assert.deepEqual((await reachWithout("flow.pay")).money, [
    "send_money: a person here",
    "send_money: a stranger",
    "send_money: the asker",
  ]);
  assert.ok((await reachWithout("flow.send")).recipients.includes("stranger@nowhere.invalid"));
  assert.deepEqual((await reachWithout("flow.lasting")).lasting, ["schedule", "spawn"]);
  assert.ok((await reachWithout("flow.use-mcp")).elsewhere.includes("outside (use_mcp)"));
});

/** Changes no answer while everything else stands: another rule says the same of each call that is played here. */
const BEHIND_ANOTHER: readonly string[] = [
  "floor.destruction", // what destroys everything names paths that are out of reach
  "floor.file.state", // the state folder is outside the workspace too
  "flow.audience", // nobody named the recipient: flow.send
  "flow.audience.page",
  "flow.delete.last-copy", // nobody named it: flow.delete
  "flow.exec.network", // the host was not named: flow.fetch
  "flow.exec.unlisted", // the allowlist asks too
  "flow.owner", // no permit without the owner's yes
  "flow.trifecta", // each way out has a rule of its own
];
/**
 * What no call here can show: `elevated` as an argument and tools that nobody declared only ever make a call stricter,
 * and with nothing named there is nothing that a plan could take back.
 */
const NOT_PLAYED: readonly string[] = ["floor.elevated", "floor.undeclared", "flow.plan"];

test("R-FLOW-6: taking any one rule away changes what comes out", async () => {
  const ids = vetted.policies.filter(({ layer }) => layer === "flow" || layer === "floor").map(({ id }) => id);
  assert.ok(ids.length > 30);
  const answersOf = async (persons: readonly Reachable[]) =>
    new Map((await play(judge, { persons })).cells.map((cell) => [key(cell), cell]));
  const [alone, all] = [await answersOf([OWNER]), await answersOf(PERSONS)];
  const nothing: string[] = [];
  const reasonOnly: string[] = [];
  for (const id of ids) {
    // Whoever can be reached counts too, so the same persons are compared.
    const [persons, before] = id.startsWith("floor.who.") ? [PERSONS, all] : [[OWNER], alone];
    const { cells } = await play(await without(id), { persons });
    const verdicts = cells.filter((cell) => cell.verdict !== before.get(key(cell))?.verdict);
    const reasons = cells.filter((cell) => cell.because.join() !== before.get(key(cell))?.because.join());
    if (reasons.length === 0 && verdicts.length === 0) nothing.push(id);
    else if (verdicts.length === 0) reasonOnly.push(id);
  }
  assert.deepEqual(nothing.sort(), NOT_PLAYED);
  assert.deepEqual(reasonOnly.sort(), BEHIND_ANOTHER);
});

test("R-FLOW-6: a rule that stands behind another in the worst case decides alone in a milder one", async () => {
  const rules = posture.channels.get("terminal");
  assert.ok(rules);
  const exec = { ...rules.exec, security: "full" } as const;
  const egress = [{ host: "docs.example.org", ports: [443], methods: ["GET", "HEAD", "POST"] }];
  const lax = { ...posture, egress, channels: new Map([["terminal", { ...rules, exec }]]) };
  const cases = [
    ["flow.exec.unlisted", "exec", "a program that is not listed", { trust: "none", confidentiality: "public" }],
    ["flow.audience", "send", "a stranger", { trust: "elevated", confidentiality: "private" }],
    [
      "flow.delete.last-copy",
      "erase",
      "a file in the workspace without a copy",
      { trust: "full", confidentiality: "public" },
    ],
  ] as const;
  for (const [id, tool, destination, under] of cases) {
    const verdictOf = async (by: Judge) =>
      (await play(by, { under: [under] })).cells.find((cell) => cell.tool === tool && cell.destination === destination)
        ?.verdict;
    // The set was compiled from another posture: vetted anew.
    const own = (left: string | undefined) =>
      judgeWith({
        posture: lax,
        async vet(work) {
          const all = await vetHere(work);
          return { ...all, policies: all.policies.filter((policy) => policy.id !== left) };
        },
      });
    assert.equal(await verdictOf(await own(undefined)), "ask", id);
    assert.equal(await verdictOf(await own(id)), "allow", id);
  }
});

test("R-FLOW-6: INVARIANT(never-loosens): more trust behind a call is never stricter, more that is private never laxer", async () => {
  const rows = await Promise.all(
    TRUST_LEVELS.map(
      async (trust) =>
        (
          await play(judge, {
            under: (["public", "internal", "private", "secret"] as const).map((confidentiality) => ({
              trust,
              confidentiality,
            })),
          })
        ).cells,
    ),
  );
  for (const [i, cells] of rows.entries()) {
    for (const [j, cell] of cells.entries()) {
      const weaker = rows[i - 1]?.[j];
      if (weaker !== undefined) assert.ok(STRICTNESS[weaker.verdict] >= STRICTNESS[cell.verdict], key(cell));
      const opener = cells[j - 1];
      if (opener !== undefined && cell.holds !== "public")
        assert.ok(STRICTNESS[opener.verdict] <= STRICTNESS[cell.verdict], key(cell));
    }
  }
});

const doors: fc.Arbitrary<ToolPosture> = fc.record({
  profile: fc.constantFrom("minimal", "messaging", "coding", "full"),
  allow: fc.constantFrom([], ["exec", "group:web", "group:messaging", "group:declared"]),
  deny: fc.constantFrom([], ["web_search"]),
  exec: fc.record({
    security: fc.constantFrom("deny", "allowlist", "full"),
    ask: fc.constantFrom("off", "on-miss", "always"),
    allow: fc.subarray(["ls", "cat", "rm", "curl", "python3", "git push **"]),
    block: fc.subarray(["nc", "curl"]),
  }),
});
const anyRule = {
  host: fc.constantFrom("docs.example.org", "*.example.org"),
  ports: fc.constantFrom([443], [80], [8443]),
  methods: fc.subarray(["GET", "HEAD", "POST", "PUT"], { minLength: 1 }),
  paths: fc.constantFrom(["/v1/"], ["/**"]),
};
const egressRules = fc.array(
  fc.oneof(fc.record(anyRule), fc.record({ ...anyRule, programs: fc.constantFrom(["curl"], ["git", "curl"]) })),
  { minLength: 1, maxLength: 4 },
);

test("R-FLOW-6: whatever is configured, nothing leaves, is paid or stays behind without a yes", async () => {
  await fc.assert(
    fc.asyncProperty(doors, egressRules, fc.boolean(), async (rules, egress, workspaceOnly) => {
      const by = await judgeWith({
        posture: {
          ...posture,
          egress,
          fs: { ...posture.fs, workspaceOnly },
          channels: new Map([["terminal", rules]]),
        },
      });
      const { cells } = await play(by, { finders: { ...FINDERS, host: hostFinder(egress) } });
      assert.ok(cells.length > 0);
      const { hosts, recipients, money, lasting, elsewhere } = reachOf(cells);
      assert.deepEqual([hosts, recipients, money, lasting, elsewhere], [[], [], [], [], []]);
    }),
    { numRuns: 10 },
  );
});
