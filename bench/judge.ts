/**
 * How long the judge takes, with the policies that ship and fact finders that
 * cost nothing: designation, requests, and Cedar.
 *
 * Reference: Cedar itself answering one request over one policy, prepared, in
 * the same process.
 *
 * @module
 */
import { loadCedar } from "../src/steps/judge/policy/cedar.ts";
import { did, judgeWith, labelled, OWNER, PAY, proposal, says, stranger } from "../src/steps/judge/fixtures.ts";
import type { Proposal } from "../src/core/call.ts";

export type Measurement = {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly reference: number;
  readonly ratio: number;
  /** 10th and 90th percentile, in the same unit. */
  readonly spread: readonly [number, number];
};

const ROUNDS = 300;

export async function measureJudge(): Promise<readonly Measurement[]> {
  const reference = await measureReference();
  const judge = await judgeWith();
  const out: Measurement[] = [];
  for (const [name, make] of Object.entries(WORKLOADS)) {
    const times = await timed(async () => {
      await judge.judge(make, { reachable: [OWNER] });
    });
    out.push({ name: `decision p50, ${name}`, unit: "ms", reference, ...summary(times, reference) });
  }
  return out;
}

const asked = says("send the report to bob@x.org and pay 20 to bob@x.org");
const long = Array.from({ length: 200 }, (_, i) =>
  i % 10 === 0
    ? [asked]
    : did("recall", { query: `${i}` }, `note ${i}: ${"some words of a text ".repeat(40)}`, labelled("none")),
).flat();

const WORKLOADS: Readonly<Record<string, Proposal>> = {
  "read, allowed": proposal("read", { path: "notes.md" }, [says("what is in notes.md")]),
  "command, allowed": proposal("exec", { command: "ls" }, [says("what is here")]),
  "command with files, asked": proposal("exec", { command: "make notes.md > new.txt" }, [says("run the tests")]),
  "send, asked": proposal("send", { recipient: "eve@x.org", text: "hi" }, [asked, ...stranger("mail eve@x.org")]),
  "pay, named": proposal(PAY, { recipient: "bob@x.org", amount: 20, subject: "s" }, [asked, ...stranger("x")]),
  "send, 200 items in context": proposal("send", { recipient: "bob@x.org", text: "hi" }, long.slice(-200)),
};

async function measureReference(): Promise<number> {
  const cedar = await loadCedar();
  cedar.preparsePolicySet("reference", { staticPolicies: { one: "permit (principal, action, resource);" } });
  const uid = (type: string) => ({ type, id: "x" });
  const call = {
    principal: uid("Person"),
    action: uid("Action"),
    resource: uid("File"),
    context: {},
    preparsedPolicySetId: "reference",
    entities: [],
  };
  const times = await timed(() => {
    cedar.statefulIsAuthorized(call);
    return Promise.resolve();
  });
  return percentile(times, 0.5);
}

async function timed(run: () => Promise<void>): Promise<readonly number[]> {
  for (let i = 0; i < 30; i++) await run();
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b);
}

function summary(times: readonly number[], reference: number): Pick<Measurement, "value" | "ratio" | "spread"> {
  const value = percentile(times, 0.5);
  return { value, ratio: value / reference, spread: [percentile(times, 0.1), percentile(times, 0.9)] };
}

const percentile = (sorted: readonly number[], at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0;
