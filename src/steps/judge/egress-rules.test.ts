import assert from "node:assert/strict";
import { test } from "node:test";
import type { Facts, HostFact, ProgramFact } from "../../core/call.ts";
import { UNKNOWN_LABEL } from "../../core/label.ts";
import type { EgressRule } from "../../core/posture.ts";
import { rulesFor } from "./egress-rules.ts";
import { hostFinder } from "./facts/hosts.ts";
import { postureWith } from "./fixtures.ts";
import { limitsFor } from "./limits.ts";

const RULE: EgressRule = {
  host: "git.example",
  ports: [443],
  methods: ["GET", "POST"],
  programs: ["git", "/opt/x/tool"],
};
const program = (path: string | null, name = path?.split("/").at(-1) ?? ""): ProgramFact => ({ name, path });
const counts = (programs: readonly ProgramFact[], opaque: readonly string[] = []): boolean =>
  rulesFor([RULE], { programs, opaque }).length === 1;

test("R-EXEC-5: a rule with programs counts where each program is one of them, or reaches no host", () => {
  assert.ok(counts([program("/usr/bin/git")]));
  assert.ok(counts([program("/opt/x/tool")]));
  assert.ok(counts([program("/usr/bin/git"), program("/usr/bin/head"), program(null, "echo")]));
});

test("R-EXEC-5: it does not count with another program, an unresolved one, an opaque part, or for no command", () => {
  assert.ok(!counts([program("/usr/bin/git"), program("/usr/bin/curl")]));
  assert.ok(!counts([program("/home/ana/vambrace/git")]), "`./git` is not `git`");
  assert.ok(!counts([program("/opt/y/tool")]));
  assert.ok(!counts([program(null, "git")]));
  assert.ok(!counts([program("/home/ana/vambrace/head", "head"), program("/usr/bin/git")]));
  assert.ok(!counts([program("/usr/bin/git")], ["$X"]));
  assert.deepEqual(rulesFor([RULE], undefined), []);
});

test("R-EXEC-5: the host of such a rule is listed, and in the limits, for its programs alone", () => {
  const find = hostFinder([RULE]);
  const git = { programs: [program("/usr/bin/git")], opaque: [] };
  const both = { programs: [...git.programs, program("/usr/bin/curl")], opaque: [] };
  assert.ok(find("https://git.example/x", "GET", "/command", git).listed);
  assert.ok(!find("https://git.example/x", "GET", "/command", both).listed);
  assert.ok(!find("https://git.example/x", "GET", "/url").listed, "`web_fetch` is no program");
});

test("R-NET-1: the limits of a command carry paths, budgets and passthrough of the rules that count", () => {
  const host = "api.example";
  const rules: EgressRule[] = [
    { host, ports: [443], methods: ["GET"], paths: ["/v1/"], upBytes: 10 },
    { host: "*.example", ports: [443], methods: ["POST"], tls: "passthrough" },
    { host, ports: [443], methods: ["DELETE"], programs: ["git"] },
    { host, ports: [8443], methods: ["PUT"] },
  ];
  const posture = postureWith({ egress: rules, egressBytes: { up: 1, down: 2 } });
  const find = hostFinder(rules);
  const command = { programs: [program("/usr/bin/curl")], opaque: [] };
  const limits = (facts: readonly HostFact[]) => limitsFor(factsWith(facts, command), posture);
  const listed = find(`https://${host}/v1/x`, "GET", "/command", command);
  assert.deepEqual(limits([listed]).hosts, [
    { host, port: 443, methods: ["GET"], paths: ["/v1/"], upBytes: 10 },
    { host, port: 443, methods: ["POST"], tls: "passthrough" },
  ]);
  assert.deepEqual(limits([listed]).egressBytes, { up: 1, down: 2 });
  const other = find("https://elsewhere.example.org/", "GET", "/command", command);
  assert.deepEqual(limits([other]).hosts, [
    { host: "elsewhere.example.org", port: 443, methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] },
  ]);
  assert.ok(!hostFinder([rules[0]!])(`https://${host}/v2/`, "GET", "/command", command).listed, "another path");
});

function factsWith(
  hosts: readonly HostFact[],
  command: Pick<NonNullable<Facts["command"]>, "programs" | "opaque">,
): Facts {
  const none = { reads: [], writes: [], deletes: [], keeps: [], hosts: [], wrappers: [] };
  const nothing = { ...none, unlisted: [], approved: [], blocked: [] };
  return {
    effect: "exec",
    influence: UNKNOWN_LABEL,
    arguments: [],
    designated: false,
    carries: [],
    paths: [],
    hosts,
    command: { ...nothing, ...command, destructive: false, privileged: false },
  };
}
