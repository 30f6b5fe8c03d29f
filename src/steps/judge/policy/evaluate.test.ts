import assert from "node:assert/strict";
import { test } from "node:test";
import type { Expr } from "@cedar-policy/cedar-wasm/nodejs";
import fc from "fast-check";
import { coding, postureWith, terminalWith } from "../fixtures.ts";
import { type Engine, openEngine, type PolicyRequest, sceneOf } from "./engine.ts";
import { compile, EvaluationError, truth } from "./evaluate.ts";
import { loadPolicies, type PolicySet } from "./load.ts";
import { brokenRequests, cedarOn, cedarOver, requests } from "./testing.ts";
import { vetHere } from "./vet.ts";

const OPERATOR = [
  '@id("a") @says("x") forbid (principal in Role::"viewer", action, resource is Host) when { resource.host like "*e*t" };',
  '@id("b") @says("x") forbid (principal == Person::"bob", action == Action::"pay", resource);',
  '@id("c") @says("x") forbid (principal is Person in Role::"admin", action, resource) when { 9007199254740991 * 4096 + principal.trust < 0 };',
  '@id("d") @says("x") permit (principal, action == Action::"install", resource) when { context has inRoom && context.inRoom };',
].join("\n");

async function sets(): Promise<readonly PolicySet[]> {
  const operator = [{ name: "a.cedar", text: OPERATOR }];
  const postures = [
    postureWith(),
    terminalWith(coding({ security: "full", ask: "off" }, { allow: ["exec"], deny: ["group:fs"] })),
    postureWith({ effects: new Map([["send", "full"]]), roles: new Map([["developer", ["read_files"]]]) }),
  ];
  const plain = await Promise.all(postures.map((posture) => loadPolicies({ posture, operator: [], vet: vetHere })));
  return [...plain, await loadPolicies({ posture: postureWith(), operator, vet: vetHere })];
}

const outcome = ({ decision, because }: ReturnType<Engine["ask"]>) => ({ decision, because: [...because].sort() });

type Kind = "boolean" | "long" | "string" | "set" | "record" | "entity";
type Tie = (kind: Kind) => fc.Arbitrary<Expr>;
type Two = { readonly left: Expr; readonly right: Expr };

const CONTEXT = fc.constant<Expr>({ Var: "context" });
const TEXT = fc.constantFrom("", "a", "ab", "aba", "*", "yes", "default");
const PATTERN = fc.array(
  fc.oneof(
    fc.constant("Wildcard" as const),
    TEXT.map((Literal) => ({ Literal })),
  ),
  { maxLength: 4 },
);
const UID = fc
  .constantFrom(["Role", "developer"], ["Person", "owner"], ["File", "it"], ["Action", "read"], ["Nobody", "x"])
  .map(([type = "", id = ""]): Expr => ({ Value: { __entity: { type, id } } }));

function oneOf(...kinds: fc.Arbitrary<Expr>[]): fc.Arbitrary<Expr> {
  return fc.oneof({ depthSize: "small", withCrossShrink: true }, ...kinds);
}

const anything = (tie: Tie): fc.Arbitrary<Expr> =>
  fc.oneof(tie("boolean"), tie("long"), tie("string"), tie("set"), tie("entity"), tie("record"));

/** What compares and combines. */
function tests(of: Tie): fc.Arbitrary<Expr>[] {
  const any = anything(of);
  const same = fc.oneof(two(of, "string"), two(of, "long"), two(of, "set"), two(of, "record"));
  return [
    operators(["&&", "||"], two(of, "boolean")),
    operators(["==", "!="], fc.oneof(same, fc.record({ left: any, right: any }))),
    operators(["<", "<=", ">", ">="], two(of, "long")),
    operators(["contains"], fc.record({ left: of("set"), right: any })),
    operators(["containsAll", "containsAny"], two(of, "set")),
    operators(["in"], fc.oneof(two(of, "entity"), two(of, "entity", "set"))),
    choice(of, "boolean"),
  ];
}

/** What looks at one thing. */
function looks(of: Tie): fc.Arbitrary<Expr>[] {
  const types = fc.constantFrom("Person", "Role", "File");
  return [
    of("boolean").map((arg): Expr => ({ "!": { arg } })),
    of("set").map((arg): Expr => ({ isEmpty: { arg } })),
    fc.record({ left: of("string"), pattern: PATTERN }).map((like): Expr => ({ like })),
    fc
      .tuple(fc.oneof(of("record"), of("entity")), fc.constantFrom("trust", "declared", "a", "absent"))
      .map(([left, attr]): Expr => ({ has: { left, attr } })),
    fc.record({ left: of("entity"), entity_type: types }).map((is): Expr => ({ is })),
    fc.record({ left: of("entity"), entity_type: types, in: of("entity") }).map((is): Expr => ({ is })),
  ];
}

function two(of: Tie, left: Kind, right: Kind = left): fc.Arbitrary<Two> {
  return fc.record({ left: of(left), right: of(right) });
}

function choice(of: Tie, kind: Kind): fc.Arbitrary<Expr> {
  return fc.tuple(of("boolean"), of(kind), of(kind)).map(([test, yes, no]): Expr => {
    // oxlint-disable-next-line unicorn/no-thenable -- Cedar's word for it
    return { "if-then-else": { if: test, then: yes, else: no } };
  });
}

function literal(values: fc.Arbitrary<string | number | boolean>): fc.Arbitrary<Expr> {
  return values.map((Value): Expr => ({ Value }));
}

function attribute(left: fc.Arbitrary<Expr>, ...names: string[]): fc.Arbitrary<Expr> {
  return fc
    .tuple(left, fc.constantFrom(...names, "absent"))
    .map(([from, attr]): Expr => ({ ".": { left: from, attr } }));
}

function operators(names: readonly string[], both: fc.Arbitrary<Two>): fc.Arbitrary<Expr> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the names are Cedar's operators with two operands
  return fc.tuple(fc.constantFrom(...names), both).map(([name, operands]) => ({ [name]: operands }) as Expr);
}

/** Expressions of every operator, mostly of fitting types, now and then not. */
const expressions: fc.Arbitrary<Expr> = fc.letrec<Record<Kind, Expr>>((letrec) => {
  const tie: Tie = (kind) => letrec(kind);
  const of: Tie = (kind) =>
    fc.oneof(
      { weight: 12, arbitrary: tie(kind) },
      { weight: 1, arbitrary: fc.oneof(tie("string"), tie("long"), tie("entity"), tie("record")) },
    );
  return {
    boolean: oneOf(literal(fc.boolean()), attribute(CONTEXT, "declared", "designated"), ...tests(of), ...looks(of)),
    long: oneOf(
      literal(fc.integer({ min: -4, max: 4 })),
      attribute(CONTEXT, "influence", "confidentiality"),
      attribute(fc.constant<Expr>({ Var: "principal" }), "trust"),
      operators(["+", "-", "*"], two(of, "long")),
      of("long").map((arg): Expr => ({ neg: { arg } })),
      choice(of, "long"),
    ),
    string: oneOf(literal(TEXT), attribute(CONTEXT, "tool", "door"), choice(of, "string")),
    set: oneOf(
      attribute(CONTEXT, "labels", "approvals"),
      fc.array(fc.oneof(literal(TEXT), UID, anything(tie)), { maxLength: 3 }).map((Set): Expr => ({ Set })),
      fc.array(UID, { maxLength: 3 }).map((Set): Expr => ({ Set })),
    ),
    record: oneOf(
      CONTEXT,
      fc.dictionary(fc.constantFrom("a", "b"), anything(tie), { maxKeys: 2 }).map((Record): Expr => ({ Record })),
    ),
    entity: oneOf(
      fc.constantFrom<Expr>({ Var: "principal" }, { Var: "action" }, { Var: "resource" }),
      UID,
      choice(of, "entity"),
    ),
  };
}).boolean;

test("R-WHO-4: INVARIANT(as-cedar-says): every policy set that is loaded is decided as Cedar itself decides it", async () => {
  let [allowed, failed] = [0, 0];
  for (const set of await sets()) {
    const [ours, theirs] = [openEngine(set), await cedarOver(set)];
    fc.assert(
      fc.property(requests, (request) => {
        const answer = outcome(ours.ask(request));
        assert.deepEqual(answer, outcome(theirs(request)));
        if (answer.decision === "allow") allowed += 1;
        if (answer.decision === "error") failed += 1;
      }),
      { numRuns: 600 },
    );
  }
  assert.ok(allowed > 30 && failed > 30, `${allowed} allowed and ${failed} failed: the comparison saw too little`);
});

test("R-WHO-6: INVARIANT(as-cedar-says): a request that breaks the schema is an error to both", async () => {
  const [set] = await sets();
  assert.ok(set);
  const [ours, theirs] = [openEngine(set), await cedarOver(set)];
  fc.assert(
    fc.property(brokenRequests, (request) => {
      assert.equal(ours.ask(request).decision, "error");
      assert.equal(theirs(request).decision, "error");
    }),
    { numRuns: 300 },
  );
});

test("R-WHO-6: INVARIANT(as-cedar-says): every expression means what it means to Cedar, errors too", async () => {
  const theirs = await cedarOn();
  const seen = { true: 0, false: 0, error: 0 };
  fc.assert(
    fc.property(expressions, requests, (body, request) => {
      const ours = evaluated(body, request);
      assert.equal(ours, theirs(body, request));
      seen[ours] += 1;
    }),
    { numRuns: 4000 },
  );
  assert.ok(Math.min(...Object.values(seen)) > 100, `${JSON.stringify(seen)}: one outcome was hardly seen`);
});

test("R-WHO-6: what is larger than can be counted exactly is an error, never another number", () => {
  const most: Expr = { Value: Number.MAX_SAFE_INTEGER };
  const sum: Expr = { "+": { left: most, right: { Value: 1 } } };
  const [request] = fc.sample(requests, 1);
  assert.ok(request);
  assert.equal(evaluated({ "<": { left: sum, right: most } }, request), "error");
  assert.equal(evaluated({ "<": { left: { Value: 1 }, right: most } }, request), "true");
});

function evaluated(body: Expr, request: PolicyRequest): "true" | "false" | "error" {
  try {
    return truth(compile(body))(sceneOf(request)) ? "true" : "false";
  } catch (error) {
    assert.ok(error instanceof EvaluationError, String(error));
    return "error";
  }
}
