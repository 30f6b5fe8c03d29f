import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../core/fault.ts";
import { FINDERS, judgeWith, OWNER, postureWith, proposal, says, stranger } from "../fixtures.ts";
import { openEngine, type PolicyRequest } from "./engine.ts";
import { loadPolicies } from "./load.ts";
import { vetHere } from "./vet.ts";

const load = (text: string, name = "mine.cedar") =>
  loadPolicies({ posture: postureWith(), operator: [{ name, text }], vet: vetHere });

async function refused(text: string, reason: RegExp): Promise<void> {
  await assert.rejects(load(text), (error: unknown) => {
    assert.ok(error instanceof Fault);
    assert.equal(error.code, "POLICY_INVALID");
    assert.match(error.message, /mine\.cedar/);
    assert.match(error.message, reason);
    return true;
  });
}

test("R-WHO-6: a policy file that does not validate never loads, and the reason is named", async () => {
  await refused("permit (", /unexpected/);
  await refused('@says("x") forbid (principal, action, resource);', /@id/);
  await refused('@id("a") forbid (principal, action, resource);', /@says/);
  await refused('@id("a") @says(" ") forbid (principal, action, resource);', /@says/);
  await refused('@id("a") @says("x") forbid (principal, action == Action::"fly", resource);', /fly/);
  await refused('@id("a") @says("x") forbid (principal, action, resource) when { context.taint };', /taint/);
  await refused('@id("a") @says("x") forbid (principal, action, resource) when { principal.trust == "full" };', /./);
  await refused('@id("a") @says("x") forbid (principal == ?principal, action, resource);', /template/);
  await refused('@id("floor.mine") @says("x") permit (principal, action, resource);', /belong/);
  await refused('@id("a") @says("x") forbid (principal, action, resource) when { false };', /./);
  const large = "principal.trust < 9007199254740993";
  await refused(`@id("a") @says("x") forbid (principal, action, resource) when { ${large} };`, /number/);
});

test("R-WHO-6: two policies of one id are refused", async () => {
  const one = '@id("a") @says("x") forbid (principal, action == Action::"pay", resource);';
  await refused(`${one}\n${one}`, /same @id/);
  const set = await load(one);
  assert.equal(set.policies.get("a")?.layer, "operator");
});

test("R-WHO-4: approvals occur only where they help", async () => {
  const yes = 'context.approvals.contains("yes")';
  const wrap = (head: string, tail: string) => `@id("a") @says("x") ${head} (principal, action, resource) ${tail};`;
  await refused(wrap("forbid", `when { ${yes} }`), /only `permit when` and `forbid unless`/);
  await refused(wrap("permit", `unless { ${yes} }`), /only `permit when` and `forbid unless`/);
  await refused(wrap("permit", `when { !${yes} }`), /stand under `!`/);
  await refused(wrap("forbid", `unless { if ${yes} then false else true }`), /if-then-else/);
  await refused(wrap("permit", "when { context.approvals.isEmpty() }"), /isEmpty/);
  await refused(wrap("permit", 'when { context.approvals == ["yes"] }'), /==/);
  await refused(wrap("permit", 'when { context.approvals.contains("maybe") }'), /read in another way/);
  await refused(wrap("permit", "when { context.approvals.contains(context.tool) }"), /read in another way/);
  await refused(wrap("permit", 'when { [context].contains(context) && context.tool == "x" }'), /./);
  await load(wrap("permit", `when { context.tool == "x" && (${yes} || context.designated) }`));
  await load(wrap("forbid", `when { context.tool == "x" } unless { ${yes} }`));
});

test("R-WHO-4: an operator's forbid wins, and is named with its sentence", async () => {
  const operatorPolicies = [
    {
      name: "a.cedar",
      text: '@id("no-new") @says("No new files on Fridays.") forbid (principal, action == Action::"write", resource);',
    },
  ];
  const judge = await judgeWith({ operatorPolicies });
  const { decision } = await judge.judge(proposal("write", { path: "n.txt", content: "" }, []), { reachable: [OWNER] });
  assert.equal(decision.verdict, "deny");
  assert.deepEqual(decision.because, ["no-new"]);
  assert.equal(decision.says, "No new files on Fridays.");
});

test("R-WHO-4: a forbid that does not apply leaves the permit standing", async () => {
  const operatorPolicies = [
    {
      name: "a.cedar",
      text: '@id("no-mail") @says("No mail.") forbid (principal, action == Action::"write", resource) when { context.channel == "mail" };',
    },
  ];
  const judge = await judgeWith({ operatorPolicies });
  const { decision } = await judge.judge(proposal("write", { path: "n.txt", content: "" }, []), { reachable: [OWNER] });
  assert.equal(decision.verdict, "allow");
});

test("R-WHO-4: no permit of an operator lifts what floor or flow forbid", async () => {
  const operatorPolicies = [
    { name: "a.cedar", text: '@id("all") @says("All.") permit (principal, action, resource);' },
  ];
  const judge = await judgeWith({ operatorPolicies });
  const ask = (call: ReturnType<typeof proposal>) => judge.judge(call, { reachable: [OWNER] });
  assert.equal((await ask(proposal("read", { path: "/etc/shadow" }, []))).decision.verdict, "deny");
  const poisoned = [says("hi"), ...stranger("x")];
  assert.equal((await ask(proposal("send", { recipient: "e@x.example", text: "" }, poisoned))).decision.verdict, "ask");
});

// Overflow is the one error that strict validation cannot rule out.
const OVERFLOW = "(principal.trust + 4000000000) * 4000000000 > 0";

test("R-WHO-6: a forbid that cannot be evaluated denies, and names the policy", async () => {
  for (const effect of ["forbid", "permit"]) {
    const text = `@id("sum") @says("x") ${effect} (principal, action == Action::"read", resource) when { ${OVERFLOW} };`;
    const judge = await judgeWith({ operatorPolicies: [{ name: "a.cedar", text }], facts: FINDERS });
    const { decision } = await judge.judge(proposal("read", { path: "notes.md" }, []), { reachable: [OWNER] });
    assert.equal(decision.verdict, "deny");
    assert.deepEqual(decision.because, ["sum"]);
    assert.match(decision.says, /policy sum could not be evaluated/);
    const other = await judge.judge(proposal("write", { path: "n.txt", content: "" }, []), { reachable: [OWNER] });
    assert.equal(other.decision.verdict, "allow");
  }
});

test("R-WHO-6: an error that shows only under an approval denies as well", async () => {
  const text = `@id("sum") @says("x") forbid (principal, action == Action::"exec", resource) unless { context.approvals.contains("yes") && ${OVERFLOW} };`;
  const judge = await judgeWith({ operatorPolicies: [{ name: "a.cedar", text }] });
  const { decision } = await judge.judge(proposal("exec", { command: "ls" }, []), { reachable: [OWNER] });
  assert.equal(decision.verdict, "deny");
  assert.deepEqual(decision.because, ["sum"]);
});

test("R-WHO-6: a request that does not fit the schema is an error, never an allow", async () => {
  const engine = openEngine(await load('@id("all") @says("All.") permit (principal, action, resource);'));
  const request: PolicyRequest = {
    principal: { id: "owner", trust: 4, roles: [] },
    action: "read",
    resource: { type: "Tool", id: "x", attributes: { name: "x" } },
    context: { tool: "x" },
  };
  assert.equal(engine.ask(request).decision, "error");
  const no = { inRoom: false, elevated: false, leaves: false, named: false, designated: false, ownerDesignated: false };
  const at = {
    tool: "x",
    labels: ["group:fs"],
    door: "terminal",
    channel: "terminal",
    declared: true,
    planned: true,
    carries: [],
  };
  const fitting = { ...no, ...at, influence: 4, confidentiality: 0, approvals: [] };
  assert.equal(engine.ask({ ...request, context: fitting }).decision, "allow");
  assert.equal(engine.ask({ ...request, context: { ...fitting, more: true } }).decision, "error");
  const attributes = { address: "x", asker: false, mayKnow: true };
  const wrong: PolicyRequest = { ...request, resource: { type: "Recipient", id: "x", attributes }, context: fitting };
  assert.equal(engine.ask(wrong).decision, "error");
});

test("R-WHO-4: the digest follows the policies, whatever layer they are in", async () => {
  const base = await loadPolicies({ posture: postureWith(), operator: [], vet: vetHere });
  const same = await loadPolicies({ posture: postureWith(), operator: [], vet: vetHere });
  const text = '@id("a") @says("x") forbid (principal, action == Action::"pay", resource);';
  const more = await loadPolicies({ posture: postureWith(), operator: [{ name: "a", text }], vet: vetHere });
  const other = await loadPolicies({
    posture: postureWith({ effects: new Map([["send", "full"]]) }),
    operator: [],
    vet: vetHere,
  });
  assert.equal(base.digest, same.digest);
  assert.equal(new Set([base.digest, more.digest, other.digest]).size, 3);
  assert.ok([...base.policies.values()].every((policy) => policy.says.length > 0 && policy.id !== ""));
});
