import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseDestination } from "./destination.ts";
import { coversPath, pathRuleFault, spelled } from "./path-rule.ts";

test("R-NET-1: a path rule is exact, or everything under a folder, or has stars that say how far", () => {
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ["/v1/models", ["/v1/models", "/v1/models?x=1"], ["/v1/models/", "/v1/models2", "/v1", "/V1/models"]],
    ["/v1/", ["/v1/", "/v1/a/b"], ["/v1", "/v10/", "/"]],
    ["/repos/*/issues", ["/repos/a/issues", "/repos/a.b/issues"], ["/repos/a/b/issues", "/repos/issues"]],
    ["/a/*.json", ["/a/x.json"], ["/a/b/x.json", "/a/x.jsonx"]],
    ["/docs/**", ["/docs/", "/docs/a/b"], ["/docs"]],
    ["/", ["/", "/anything"], []],
    ["/~me/", ["/~me/x", "/%7Eme/x", "/%7eme/x"], ["/me/x"]],
    ["/a(b)+c", ["/a(b)+c"], ["/abbc"]],
  ];
  for (const [rule, fit, miss] of cases) {
    assert.equal(pathRuleFault(rule), null, rule);
    for (const path of fit) assert.ok(coversPath([rule], path), `${rule} covers ${path}`);
    for (const path of miss) assert.ok(!coversPath([rule], path), `${rule} does not cover ${path}`);
  }
});

test("R-NET-1: what servers read in two ways is covered by no path rule", () => {
  for (const path of [
    "/v1//x",
    "/v1/%2Fx",
    "/v1/%5cx",
    "/v1\\x",
    "/v1/../x",
    "/v1/..;a/x",
    "/v1/.;/x",
    "/v1/%00",
    "/v1/%0a",
    "/v1/%252e%252e/x",
    "/v1/%2525",
    "/v1/%x",
  ]) {
    assert.ok(!coversPath(["/", "/**", "/v1/"], path), path);
  }
});

test("R-NET-1: a rule that no request can fit, or that is none, is said to be one", () => {
  for (const rule of ["", "v1", "https://x/", "/a b", "/a//b", "/a/../b", "/%2f", "/a***", "/a?b", "/a#b", "/%zz"]) {
    assert.notEqual(pathRuleFault(rule), null, rule);
  }
});

test("R-NET-1: INVARIANT(one-spelling): a covered path is spelled as it stays, and the URL parser reads it as itself", () => {
  const piece = fc.constantFrom(
    "a",
    "v1",
    ".",
    "..",
    "%2e",
    "%2E",
    "%61",
    "%7e",
    "%2f",
    "%25",
    ";",
    "//",
    "*",
    "é",
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const parsed = parseDestination(`https://site.example/${pieces.join("/")}`, "GET");
      assert.ok(parsed.kind === "destination");
      const own = spelled(parsed.destination.path);
      if ("why" in own) return assert.ok(!coversPath(["/"], parsed.destination.path));
      assert.deepEqual(spelled(own.path), own);
      assert.equal(new URL(own.path, "https://site.example").pathname, own.path);
    }),
  );
});

test("R-NET-1: a rule that servers read in two ways covers nothing, and the rules beside it stand", () => {
  assert.equal(coversPath(["/a//b"], "/a/b"), false);
  assert.equal(coversPath(["/a//b", "/a/b"], "/a/b"), true);
});
