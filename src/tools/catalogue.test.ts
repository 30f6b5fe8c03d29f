import assert from "node:assert/strict";
import { test } from "node:test";
import { CATALOGUE } from "./catalogue.ts";
import { Fault } from "../core/fault.ts";

test("R-AGENT-2: every tool declares an effect, the role of each argument and a group", () => {
  assert.equal(CATALOGUE.size, 24);
  for (const [name, tool] of CATALOGUE) {
    assert.equal(tool.declaration.name, name);
    assert.notEqual(tool.declaration.effect, "unknown");
    assert.ok(tool.groups.length > 0, name);
    const properties = tool.parameters["properties"] as Record<string, unknown>;
    assert.deepEqual([...tool.declaration.roles.keys()].sort(), Object.keys(properties).sort(), name);
  }
});

test("R-TOOL-1: arguments that a tool does not have are refused, and named", () => {
  const read = CATALOGUE.get("read");
  assert.ok(read);
  assert.throws(
    () => read.parse({ path: "a", elevated: true }),
    (error: unknown) => {
      assert.ok(error instanceof Fault);
      assert.equal(error.code, "TOOL_ARGUMENTS_MALFORMED");
      assert.match(error.message, /elevated/);
      return true;
    },
  );
  for (const bad of [null, 1, [], { path: 7 }, {}, { path: "" }]) assert.throws(() => read.parse(bad), Fault);
});

test("R-TOOL-1: arguments that fit are taken as they are", () => {
  assert.deepEqual(CATALOGUE.get("read")?.parse({ path: "notes.md", limit: 5 }), { path: "notes.md", limit: 5 });
});

test("R-AGENT-2: an address without a scheme is https for judge and fetcher alike; any other is left for the judge", () => {
  const fetch = CATALOGUE.get("web_fetch");
  const parsed = (url: string): unknown => fetch?.parse({ url })["url"];
  assert.equal(parsed("example.org"), "https://example.org");
  assert.equal(parsed("example.org:8443/a"), "https://example.org:8443/a");
  for (const url of ["http://example.org/", "https://example.org/?q=1", "file:///etc/passwd", "javascript:alert(1)"]) {
    assert.equal(parsed(url), url);
  }
});
