import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { test } from "node:test";
import fc from "fast-check";
import { Lexer } from "yaml";
import { sha256 } from "../../core/json.ts";
import { type Change, changeText } from "./change.ts";
import { parseText, valueAt } from "./document.ts";
import { editConfig, type EditOptions, replaceConfig } from "./edit.ts";
import { configHistory, configVersion } from "./versions.ts";
import { clock, homes } from "./fixture.ts";
import { loadConfig } from "./load.ts";
import { parsePath } from "./paths.ts";

const set = (path: string, value: Extract<Change, { op: "set" }>["value"]): Change => ({ op: "set", path, value });
const unset = (path: string): Change => ({ op: "unset", path });
const after = (text: string, ...changes: Change[]) => changeText(text, changes).text;

const WRITTEN = `# top

gateway: # the door
  # which port
  port: 18888 # usual
tools:
    # four spaces in
    profile: "coding"   # quoted
    deny:
    - send # not yet
    - exec
# people come last
people: {owner: {trust: full}} # one line
# end
`;

test("R-OPS-1: an edit keeps every comment, the order, and how the rest is written", () => {
  const result = after(WRITTEN, set("gateway.port", 19_000), set("session.dmScope", "per-peer"));
  for (const comment of [
    "# top",
    "# the door",
    "# which port",
    "# usual",
    "# four spaces in",
    "# quoted",
    "# not yet",
    "# people come last",
    "# one line",
    "# end",
  ]) {
    assert.ok(result.includes(comment), `${comment} was lost:\n${result}`);
  }
  assert.match(result, /port: 19000 # usual/);
  assert.match(result, /profile: "coding"/);
  assert.match(result, /\n {4}deny:\n {4}- send # not yet/);
  assert.equal(parseText(result).lineOf(["people"]) > parseText(result).lineOf(["tools"]), true);
});

test("R-OPS-1: set makes what is missing on the way, unset takes out, patch merges", () => {
  assert.equal(after("", set("tools.exec.allow", ["git"])), "tools:\n  exec:\n    allow:\n      - git\n");
  assert.equal(after("tools:\n", set("tools.profile", "full")), "tools:\n  profile: full\n");
  assert.equal(
    after("tools: # later\n  # nothing yet\n", set("tools.profile", "full")).includes("profile: full"),
    true,
  );
  assert.equal(after("a: 1\nb: 2\n", unset("a")), "b: 2\n");
  assert.equal(after("a: 1\n", unset("b.c")), "a: 1\n");
  const patched = after("a: {x: 1, y: 2} # c\nb: [1, 2]\n", { op: "patch", value: { a: { x: null, z: 3 }, b: [3] } });
  assert.deepEqual(parseText(patched).tree, { a: { y: 2, z: 3 }, b: [3] });
  assert.ok(patched.includes("# c"));
  assert.equal(after("folders: [{path: ~/x}]\n", set("folders[0].trust", "limited")).includes("trust: limited"), true);
  assert.deepEqual(parseText(after("", set('people["ana@example.org"].trust', "limited"))).tree, {
    people: { "ana@example.org": { trust: "limited" } },
  });
});

test("an edit that changes nothing leaves the text as it is, to the byte", () => {
  assert.equal(after(WRITTEN, set("gateway.port", 18_888), unset("models")), WRITTEN);
});

test("line ends stay what they were", () => {
  const result = after("# c\r\na: 1\r\n", set("b", 2));
  assert.equal(result, "# c\r\na: 1\r\nb: 2\r\n");
});

test("text that looks like something else stays text", () => {
  for (const word of [
    "yes",
    "no",
    "010",
    "1e3",
    "null",
    "~",
    "true",
    "# x",
    "- x",
    "a: b",
    "*a",
    "&a",
    "!x",
    "${X}",
    " ",
    "",
    "\n",
    "'",
    '"',
  ]) {
    assert.deepEqual(parseText(after("", set("a", word))).tree, { a: word });
  }
});

test("what does not fit is refused and changes nothing", () => {
  for (const [text, change] of [
    ["a: 1", set("a.b", 2)],
    ["a: [1]", set("a.b", 2)],
    ["a: [1]", set("a[5]", 2)],
    ["a: &x {b: 1}\nc: *x", set("c.b", 2)],
    ["a: &x {b: 1}\nc: *x", set("c", 2)],
    ["a: &x {b: 1}\nc: *x", set("a.b", 2)],
    ["a: &x {b: 1}\nc: *x", unset("a")],
  ] as const) {
    assert.throws(() => after(text, change), { code: "CONFIG_MALFORMED" }, `${text} ${JSON.stringify(change)}`);
  }
});

/** Comments of a text, as the lexer sees them; what follows a scalar's mark is its content. */
function comments(text: string): string[] {
  const found: string[] = [];
  let isContent = false;
  for (const lexeme of new Lexer().lex(text)) {
    if (!isContent && lexeme.startsWith("#")) found.push(lexeme.trim());
    isContent = lexeme === "\u001f" || lexeme === "\u0002";
  }
  return found.sort();
}

const word = fc.constantFrom("a", "b", "c", "d", "key", "x-y");
const scalar = fc.oneof(
  fc.integer(),
  fc.boolean(),
  fc.constantFrom("plain", "two words", "#no", "a: b", "yes", "é 🙂", ""),
  fc.constant(null),
);

/** A block of YAML with comments above keys, behind values and at the end, and what it means. */
const block = fc.letrec<{ map: [string, unknown, string, number][] }>((tie) => ({
  map: fc.array(
    fc.tuple(
      word,
      fc.oneof({ maxDepth: 3 }, scalar, fc.array(scalar, { maxLength: 3 }), tie("map")),
      fc.constantFrom("", "above", "behind", "both"),
      fc.nat(99),
    ),
    { minLength: 1, maxLength: 4 },
  ),
})).map;

type Written = { readonly lines: string[]; readonly value: Record<string, unknown>; readonly paths: string[] };

function write(entries: [string, unknown, string, number][], depth: number, at: string): Written {
  const out: Written = { lines: [], value: {}, paths: [] };
  const pad = "  ".repeat(depth);
  for (const [name, member, where, n] of entries) {
    if (Object.hasOwn(out.value, name)) continue;
    const path = at === "" ? `["${name}"]` : `${at}["${name}"]`;
    const behind = where === "behind" || where === "both" ? ` # ${n} behind ${path}` : "";
    if (where === "above" || where === "both") out.lines.push(`${pad}# ${n} above ${path}`);
    if (Array.isArray(member) && member.length > 0 && Array.isArray(member[0])) {
      const inner = write(member as [string, unknown, string, number][], depth + 1, path);
      out.lines.push(`${pad}${name}:${behind}`, ...inner.lines);
      out.value[name] = inner.value;
      out.paths.push(...inner.paths);
    } else {
      out.lines.push(`${pad}${name}: ${JSON.stringify(member)}${behind}`);
      out.value[name] = member;
      out.paths.push(path);
    }
  }
  return out;
}

test("R-OPS-1: an edit of one value keeps all other values and all comments", () => {
  fc.assert(
    fc.property(block, fc.nat(), scalar, fc.boolean(), (entries, pick, value, ends) => {
      const { lines, value: tree, paths } = write(entries, 0, "");
      const text = `# first\n\n${lines.join("\n")}\n${ends ? "# last\n" : ""}`;
      assert.deepEqual(parseText(text).tree, tree);
      const path = paths[pick % paths.length] ?? '["a"]';
      const result = after(text, set(path, value));
      const steps = parsePath(path);
      assert.ok(isDeepStrictEqual(valueAt(parseText(result).tree, steps), value));
      for (const other of paths) {
        if (other !== path)
          assert.deepEqual(
            valueAt(parseText(result).tree, parsePath(other)),
            valueAt(parseText(text).tree, parsePath(other)),
          );
      }
      assert.deepEqual(comments(result), comments(text), `${text}\n---\n${result}`);
      const removed = after(text, unset(path));
      const own = comments(text).filter((comment) => !comment.endsWith(path));
      const kept = new Set(comments(removed));
      for (const comment of own)
        assert.ok(kept.has(comment), `${comment} was lost by unset ${path}:\n${text}\n---\n${removed}`);
    }),
    { numRuns: 300 },
  );
});

const edit = (
  where: Omit<EditOptions, "clock" | "who" | "why"> & { home: string },
  changes: readonly Change[],
  more: Partial<EditOptions> = {},
) => editConfig(where.home, changes, { ...where, clock, who: "owner", why: "a test", ...more });

test("R-OPS-1: a change is checked as a whole before anything is written", async (t) => {
  const { home, where } = homes(t);
  await edit(where, [set("gateway.port", 19_000)]);
  const before = readFileSync(join(home, "config.yaml"), "utf8");
  for (const [change, code] of [
    [set("gateway.prot", 1), "CONFIG_KEY_UNKNOWN"],
    [set("gateway.port", 0), "CONFIG_MALFORMED"],
    [set("gateway.bind", "lan"), "CONFIG_UNSAFE"],
    [set("models.providers.mine.apiKey", "hunter2"), "CONFIG_SECRET"],
    [set("agents.defaults.workspace", home), "CONFIG_UNSAFE"],
  ] as const) {
    await assert.rejects(edit(where, [set("gateway.port", 20_000), change]), { code });
    assert.equal(readFileSync(join(home, "config.yaml"), "utf8"), before);
  }
  assert.equal(configHistory(home).length, 1);
});

test("R-OPS-1: each change keeps the text before it, with who, when and why", async (t) => {
  const { home, where } = homes(t);
  const first = await edit(where, [set("gateway.port", 1)]);
  const second = await edit(where, [set("gateway.port", 2)], { who: "ana", why: "another port" });
  const same = await edit(where, [set("gateway.port", 2)]);
  assert.deepEqual([first.version, second.version, same.version, same.changed], [1, 2, null, false]);
  assert.deepEqual(second.paths, ["gateway.port"]);
  assert.equal(second.before, first.after);
  assert.deepEqual(
    configHistory(home).map(({ version, who, why, atMs }) => [version, who, why, atMs]),
    [
      [2, "ana", "another port", 42],
      [1, "owner", "a test", 42],
    ],
  );
  assert.equal(configVersion(home, 1), "");
  assert.equal(configVersion(home, 2), "gateway:\n  port: 1\n");
  const back = await replaceConfig(home, configVersion(home, 2), { ...where, clock, who: "owner", why: "rollback" });
  assert.equal(back.loaded.config.gateway.port, 1);
  assert.throws(() => configVersion(home, 99), { code: "CONFIG_MALFORMED" });
  writeFileSync(join(home, "config.history", "000002.yaml"), "gateway: {port: 3}\n");
  assert.throws(() => configVersion(home, 2), { code: "CONFIG_MALFORMED" });
});

test("R-FS-3: what an edit writes is for the owner alone, whatever the umask", async (t) => {
  const before = process.umask(0);
  t.after(() => process.umask(before));
  const { home, where } = homes(t);
  await edit(where, [set("gateway.port", 1)]);
  await edit(where, [set("gateway.port", 2)]);
  assert.equal(statSync(home).mode & 0o777, 0o700);
  assert.equal(statSync(join(home, "config.history")).mode & 0o777, 0o700);
  const files = [
    ...readdirSync(home),
    ...readdirSync(join(home, "config.history")).map((name) => `config.history/${name}`),
  ];
  for (const name of files) assert.equal(statSync(join(home, name)).mode & 0o077, 0, name);
  assert.deepEqual(
    files.filter((name) => name.includes("draft")),
    [],
  );
});

test("an edit that was made for another text is refused", async (t) => {
  const { where } = homes(t);
  const { after: digest } = await edit(where, [set("gateway.port", 1)]);
  await edit(where, [set("gateway.port", 2)], { baseDigest: digest });
  await assert.rejects(edit(where, [set("gateway.port", 3)], { baseDigest: digest }), { code: "CONFIG_CONFLICT" });
  await assert.rejects(edit(where, [set("gateway.port", 3)], { baseDigest: sha256("") }), { code: "CONFIG_CONFLICT" });
});

test("a draft that a crash left behind is no obstacle, and a link is not replaced", async (t) => {
  const { home, userHome, where } = homes(t);
  mkdirSync(home, { mode: 0o700 });
  writeFileSync(join(home, "config.yaml.draft"), "half");
  await edit(where, [set("gateway.port", 7)]);
  assert.equal(loadConfig(where).config.gateway.port, 7);
  assert.equal(existsSync(join(home, "config.yaml.draft")), false);
  rmSync(join(home, "config.yaml"));
  writeFileSync(join(userHome, "elsewhere.yaml"), "gateway: {port: 8}\n");
  symlinkSync(join(userHome, "elsewhere.yaml"), join(home, "config.yaml"));
  assert.equal(loadConfig(where).config.gateway.port, 8);
  await assert.rejects(edit(where, [set("gateway.port", 9)]), { code: "CONFIG_UNSAFE" });
});

test("a change that cannot be written is a fault, and the configuration stays", async (t) => {
  const { home, where } = homes(t);
  await edit(where, [set("gateway.port", 1)]);
  mkdirSync(join(home, "config.yaml.draft", "in the way"), { recursive: true });
  await assert.rejects(edit(where, [set("gateway.port", 2)]), { code: "STATE_UNAVAILABLE" });
  assert.equal(loadConfig(where).config.gateway.port, 1);
});
