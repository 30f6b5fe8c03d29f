import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { Fault } from "../../core/fault.ts";
import { SIZE_MAX } from "./document.ts";
import { at, config, refusal } from "./fixture.ts";
import { loadConfig, parseConfig } from "./load.ts";

const bomb = (levels: number, width: number) =>
  [
    "a0: &a0 x",
    ...Array.from({ length: levels }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(width).fill(`*a${i}`).join(", ")}]`),
  ].join("\n");

const HOSTILE: readonly [string, string, RegExp][] = [
  ["an alias bomb", bomb(9, 9), /more than 16 aliases/],
  ["many aliases of one thing", `a: &a x\nb: [${"*a, ".repeat(17)}]`, /more than 16 aliases/],
  ["an alias of nothing", "a: *b", /names nothing/],
  ["an alias of what it stands in", "tools: &a {deny: [*a]}", /names nothing before it/],
  ["maps in maps", `${"a: {".repeat(22)}${"}".repeat(22)}`, /there is no key/],
  ["a tab that indents", "tools:\n\tprofile: coding", /line 2: a tab/],
  ["a key that stands twice", "tools:\n  profile: full\n  profile: minimal", /line 3: a key stands here twice/],
  ["the same key in two spellings", 'tools: {profile: full, "profile": minimal}', /twice/],
  ["a megabyte of text", `people: {owner: {trust: full, name: "${"x".repeat(SIZE_MAX)}"}}`, /larger than 1 MiB/],
  ["a very long key", `${"k".repeat(201)}: 1`, /longer than 200|not valid YAML/],
  ["brackets without end", "[".repeat(100_000), /not valid YAML|nested too deeply/],
  ["maps without end", "{a: ".repeat(50_000), /not valid YAML|nested too deeply/],
  ["deep nesting that is valid", `a: ${"[".repeat(30)}${"]".repeat(30)}`, /nested deeper than 24/],
  ["a second document", "tools: {}\n---\ntools: {profile: full}", /second document/],
  ["a tag", "tools: !!js/function 'x'", /a tag/],
  ["a binary tag", "tools: !!binary aGVsbG8=", /a tag/],
  ["a merge key", "a: &a {profile: full}\ntools: {<<: *a}", /there is no key `(a|tools\.<<)`/],
  ["a key that is a list", "? [a]\n: 1", /not a plain word/],
  ["YAML 1.1", "%YAML 1.1\n---\ngateway: {port: 0o17}", /another version/],
  ["a list", "- tools", /not a map/],
  ["a word", "tools", /not a map/],
  ["a control character", "tools: {profile: \u0000}", /control character/],
  ["an escape sequence", "tools: {profile: \u001b[31m}", /control character/],
  ["__proto__", "__proto__: {polluted: true}", /there is no key `__proto__`/],
  ["__proto__ further in", 'people: {owner: {trust: full}, "__proto__": {trust: full}}', /there is no key `__proto__`/],
  ["constructor", "roles: {constructor: [read_files]}", /there is no key `constructor`/],
  ["a key from the environment", "${SITE}: 1", /key holds a reference/],
];

for (const [what, text, says] of HOSTILE) {
  test(`${what} is refused with line and reason`, () => {
    const { code, message, hint } = refusal(text);
    assert.match(code, /^CONFIG_(MALFORMED|KEY_UNKNOWN)$/);
    assert.match(message, says);
    assert.ok(hint.length > 0 && message.length < 500);
    assert.equal(Object.hasOwn(Object.prototype, "polluted"), false);
  });
}

test("a byte order mark, CRLF, comments, anchors and an empty file are fine", () => {
  assert.equal(config("\ufefftools: {profile: minimal} # c\r\n\r\n# d\r\n").tools.profile, "minimal");
  assert.deepEqual(
    config("tools: {deny: &d [exec]}\nchannels: {api: {tools: {deny: *d}}}").channels["api"]?.tools?.deny,
    ["exec"],
  );
  for (const empty of ["", "\n", "# only a comment", "---\n", "{}", "null", "\ufeff"])
    assert.deepEqual(config(empty), config(""));
});

test("YAML 1.2 words mean what they say: `no` is text and `010` is ten", () => {
  assert.match(refusal("channels: {api: {enabled: no}}").message, /has to be true or false/);
  assert.equal(config("gateway: {port: 010}").gateway.port, 10);
});

test("any text is a configuration or a fault, in little time", () => {
  const piece = fc.constantFrom(
    "a",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "#",
    "'",
    '"',
    "|",
    ">",
    "!",
    "%",
    "tools",
    "\t",
    "?",
    ",",
    "---",
    "\ufeff",
    "${",
    "é",
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 60 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary", maxLength: 200 }),
  );
  fc.assert(
    fc.property(text, (text) => {
      const begun = process.cpuUsage();
      try {
        parseConfig(text, at);
      } catch (thrown) {
        assert.ok(thrown instanceof Fault && thrown.hint !== "", String(thrown));
      }
      // Of the processor: what else runs on the machine does not count.
      assert.ok(process.cpuUsage(begun).user < 1_000_000);
    }),
    { numRuns: 1_000 },
  );
});

test("a file that is no file, not UTF-8, or not to be read is a fault and never waits", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "vambrace-file-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const load = (name: string) => loadConfig({ ...at, file: join(dir, name) });
  mkdirSync(join(dir, "folder"));
  assert.throws(() => load("folder"), { code: "CONFIG_MALFORMED" });
  execFileSync("mkfifo", [join(dir, "pipe")]);
  assert.throws(() => load("pipe"), { code: "CONFIG_MALFORMED" });
  writeFileSync(join(dir, "latin1"), Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
  assert.throws(() => load("latin1"), { code: "CONFIG_MALFORMED", message: /UTF-8/ });
  writeFileSync(join(dir, "huge"), Buffer.alloc(SIZE_MAX + 1, 0x20));
  assert.throws(() => load("huge"), { code: "CONFIG_MALFORMED", message: /1 MiB/ });
  assert.throws(() => load("latin1/x"), { code: "STATE_UNAVAILABLE" });
  symlinkSync(join(dir, "absent"), join(dir, "lost"));
  assert.throws(() => load("lost"), { code: "STATE_UNAVAILABLE" }, "a link to what is not mounted yet");
  assert.deepEqual(load("absent").config, config(""));
});
