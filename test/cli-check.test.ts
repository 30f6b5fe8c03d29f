/** `check` and `who matrix`: the gate's answers, asked for without acting. @module */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { TRUST_LEVELS } from "../src/core/label.ts";
import { answers, jsonl, makeHome } from "./cli-kit.ts";

const verdicts = (ran: Parameters<typeof answers>[0]) => answers(ran).map((one) => [one.id, one.verdict]);

test("R-EXEC-2: commands are answered by the live judge, with what they would touch", async (t) => {
  const home = makeHome(t);
  const ran = await home.run(
    ["check", "command", "--jsonl"],
    jsonl([
      { id: 1, command: "cat notes.md | grep -c x" },
      { id: 2, command: "make test" },
      { id: 3, command: "sudo ls" },
      { id: 4, command: "rm -rf /" },
      { id: 5, command: `cat ${home.root}/.ssh/id_ed25519` },
      { id: 6, command: "env X=1 sh -c 'cat notes.md > copy.md'" },
      { id: 7, command: "$(cat program) --now" },
      { id: 8, command: "no-such-program-here x" },
      { id: 9, command: "ls", cwd: "sub" },
      { id: 10, command: "curl https://example.org/" },
    ]),
  );
  assert.equal(ran.status, 0);
  const all = new Map(answers(ran).map((one) => [one.id, one]));
  const verdict = (id: number) => all.get(id)?.verdict;
  const facts = (id: number) => {
    const found = all.get(id);
    assert.ok(found, `${id} was answered`);
    return found.facts;
  };
  assert.deepEqual([1, 2, 3, 4, 5, 7, 8, 9].map(verdict), [
    "allow",
    "ask",
    "deny",
    "deny",
    "deny",
    "ask",
    "ask",
    "allow",
  ]);
  assert.deepEqual(Object.keys(facts(1)).sort(), [
    "destructive",
    "hosts",
    "opaque",
    "programs",
    "reads",
    "wrappers",
    "writes",
  ]);
  assert.deepEqual(
    facts(1).programs.map((one: object) => Object.keys(one).sort()),
    [
      ["name", "path"],
      ["name", "path"],
    ],
  );
  assert.deepEqual(facts(1).reads, [join(home.workspace, "notes.md")]);
  assert.deepEqual(facts(4).destructive, true);
  assert.deepEqual(facts(6).writes, [join(home.workspace, "copy.md")]);
  assert.deepEqual(
    facts(6)
      .programs.map(({ name }) => name)
      .sort(),
    ["cat", "env", "sh"],
  );
  assert.ok(facts(6).wrappers.length > 0);
  assert.ok(facts(7).opaque.length > 0);
  assert.deepEqual([facts(8).programs, facts(8).opaque], [[{ name: "no-such-program-here", path: null }], []]);
  assert.deepEqual(facts(9).reads, [join(home.workspace, "sub")]);
  assert.deepEqual(facts(10).hosts.length, 1);
  for (const one of all.values()) assert.ok(one.because.length > 0 && one.says.length > 0);
  assert.deepEqual(fs.readdirSync(home.root), [], "asking makes nothing, not even a state folder");
});

test("R-EXEC-2: a request's own allowlist takes the place of the configured one, for that request alone", async (t) => {
  const home = makeHome(t);
  const ran = await home.run(
    ["check", "command", "--jsonl"],
    jsonl([
      { id: "named", command: "sort notes.md", allow: ["sort"] },
      { id: "other", command: "ls", allow: ["sort"] },
      { id: "everyday only", command: "sort --compress-program=./x notes.md", allow: ["sort"] },
      { id: "both", command: "sort notes.md | uniq", allow: ["sort", "uniq"] },
      { id: "one of two", command: "sort notes.md | uniq", allow: ["sort"] },
      { id: "none", command: "ls", allow: [] },
      { id: "afterwards", command: "ls" },
      { id: "floor", command: "sudo sort notes.md", allow: ["sudo", "sort"] },
    ]),
  );
  assert.deepEqual(verdicts(ran), [
    ["named", "allow"],
    ["other", "ask"],
    ["everyday only", "ask"],
    ["both", "allow"],
    ["one of two", "ask"],
    ["none", "ask"],
    ["afterwards", "allow"],
    ["floor", "deny"],
  ]);
});

test("R-WHO-3: what a command may do depends on who asks", async (t) => {
  const home = makeHome(t);
  const config = home.file(
    "other.yaml",
    "people:\n  bob: {trust: standard}\n  eve: {trust: elevated, roles: [viewer]}\n",
  );
  const requests = ["owner", "bob", "eve", "stranger"].map((person) => ({ id: person, command: "ls", person }));
  const ran = await home.run(["check", "command", "--jsonl", "--config", config], jsonl(requests));
  assert.deepEqual(verdicts(ran), [
    ["owner", "allow"],
    ["bob", "deny"],
    ["eve", "deny"],
    ["stranger", "deny"],
  ]);
});

test("R-EXEC-1: one command ends with 0 where it may run, with 3 where it is asked or denied", async (t) => {
  const home = makeHome(t);
  const [allowed, asked, denied, words, missing] = await Promise.all([
    home.run(["check", "command", "--", "ls", "-la", "my files"]),
    home.run(["check", "command", "--json", "--", "make"]),
    home.run(["check", "command", "--", "rm -rf / # all of it"]),
    home.run(["check", "command", "--", "echo", "a; sudo b"]),
    home.run(["check", "command", "--config", "nowhere.yaml", "--", "ls"]),
  ]);
  assert.deepEqual([allowed.status, asked.status, denied.status], [0, 3, 3]);
  assert.deepEqual(answers(allowed)[0]?.facts.reads, [join(home.workspace, "my files")]);
  assert.equal(asked.err, "");
  assert.match(denied.err, /^deny: /);
  assert.equal(answers(words)[0]?.verdict, "allow", "words that a shell took apart are not shell text again");
  assert.equal(missing.status, 2, "defaults in place of a file that is not there would answer another question");
});

test("R-FS-2: a path is answered with where it really leads", async (t) => {
  const home = makeHome(t);
  home.file("vambrace/notes.md", "x");
  home.file("outside/secret.txt", "x");
  home.file(".ssh/id_ed25519", "x");
  fs.symlinkSync(join(home.root, "outside"), join(home.workspace, "way-out"));
  fs.symlinkSync("notes.md", join(home.workspace, "inner"));
  fs.symlinkSync(join(home.root, ".ssh/id_ed25519"), join(home.workspace, "key"));
  const ran = await home.run(
    ["check", "path", "--jsonl"],
    jsonl([
      { id: "plain", path: "notes.md", access: "read" },
      { id: "inner link", path: "inner", access: "read" },
      { id: "new", path: "sub/new.txt", access: "write" },
      { id: "no copy", path: "notes.md", access: "write" },
      { id: "link out", path: "way-out/secret.txt", access: "read" },
      { id: "link to key", path: "key", access: "read" },
      { id: "dots", path: "../.ssh/id_ed25519", access: "read" },
      { id: "dots behind a link", path: "way-out/../.ssh/id_ed25519", access: "read" },
      { id: "state", path: "~/.vambrace/config.yaml", access: "read" },
      { id: "hook", path: ".git/hooks/pre-commit", access: "write" },
      { id: "nul", path: "notes.md\0.png", access: "read" },
      { id: "cwd", path: "../notes.md", access: "read", cwd: "sub" },
      { id: "empty", path: "", access: "read" },
      { id: "kind", path: "notes.md", access: "delete" },
    ]),
  );
  assert.equal(ran.status, 1);
  const answered = new Map(answers(ran).map((one) => [one.id, one]));
  const verdict = (id: string) => answered.get(id)?.verdict ?? answered.get(id)?.error?.code;
  assert.deepEqual(["plain", "inner link", "new", "cwd"].map(verdict), ["allow", "allow", "allow", "allow"]);
  assert.equal(verdict("no copy"), "ask");
  for (const id of ["link out", "link to key", "dots", "dots behind a link", "state", "hook", "nul", "empty"])
    assert.equal(verdict(id), "deny", id);
  assert.equal(verdict("kind"), "REQUEST_MALFORMED");
  assert.equal(answered.get("inner link")?.resolved, join(home.workspace, "notes.md"));
  assert.equal(answered.get("link out")?.resolved, join(home.root, "outside/secret.txt"));
  assert.equal(answered.get("dots behind a link")?.resolved, join(home.root, ".ssh/id_ed25519"));
});

test("R-FS-2: what lies beside a home folder in /tmp is not taken for the sandbox's own /tmp", async (t) => {
  const home = makeHome(t);
  home.file("vambrace/notes.md", "x");
  home.file("canary.txt", "x");
  const ran = await home.run(
    ["check", "command", "--jsonl"],
    jsonl([
      { id: "inside", command: "cat notes.md" },
      { id: "dots", command: "cat ../canary.txt" },
      { id: "home", command: "cat ~/canary.txt" },
      { id: "written", command: "echo x > ../canary.txt" },
      { id: "folder", command: "cd .. && cat canary.txt" },
      { id: "scratch", command: "ls /tmp/some-folder && echo x > /tmp/some-file" },
    ]),
  );
  assert.deepEqual(verdicts(ran), [
    ["inside", "allow"],
    ["dots", "deny"],
    ["home", "deny"],
    ["written", "deny"],
    ["folder", "deny"],
    ["scratch", "allow"],
  ]);
});

test("R-FS-2: a question is never answered from a look that is older than it is", async (t) => {
  const home = makeHome(t);
  home.file("vambrace/one.md", "x");
  home.file("outside/secret.txt", "x");
  const path = join(home.workspace, "one.md");
  const child = home.start(["check", "path", "--jsonl"]);
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout ?? assert.fail("no output") })[Symbol.asyncIterator]();
  const ask = async (id: number): Promise<string | null> => {
    child.stdin?.write(jsonl([{ id, path: "one.md", access: "read" }]));
    const { resolved }: { resolved: string | null } = JSON.parse((await lines.next()).value ?? "null");
    return resolved;
  };
  assert.equal(await ask(1), path);
  fs.rmSync(path);
  fs.symlinkSync(join(home.root, "outside/secret.txt"), path);
  assert.equal(await ask(2), join(home.root, "outside/secret.txt"));
  child.stdin?.end();
  await new Promise((resolve) => child.once("close", resolve));
});

test("R-NET-1: an address is read as the fetcher reads it, and names count only as the table says", async (t) => {
  const home = makeHome(t);
  const config = home.file("egress.yaml", "egress: {allow: [docs.example.org, rebound.example.org, 8.8.8.8]}\n");
  const names = home.file(
    "names.json",
    JSON.stringify({ "docs.example.org": ["93.184.215.14"], "rebound.example.org": ["93.184.215.14", "10.0.0.5"] }),
  );
  const requests = [
    { id: "listed", url: "https://docs.example.org/a" },
    { id: "method", url: "https://docs.example.org/a", method: "POST" },
    { id: "not listed", url: "https://other.example.org/" },
    { id: "number", url: "http://2130706433/" },
    { id: "mapped", url: "http://[::ffff:169.254.169.254]/" },
    { id: "local name", url: "http://localhost:8080/" },
    { id: "user", url: "https://docs.example.org@10.0.0.1/" },
    { id: "scheme", url: "file:///etc/passwd" },
    { id: "rebound", url: "https://rebound.example.org/" },
    { id: "none", url: "http://[" },
    { id: "public", url: "https://8.8.8.8/" },
  ];
  const ran = await home.run(["check", "url", "--jsonl", "--config", config, "--resolve", names], jsonl(requests));
  assert.equal(ran.status, 0);
  const answered = new Map(answers(ran).map((one) => [one.id, one]));
  assert.deepEqual(answered.get("listed"), {
    id: "listed",
    verdict: "allow",
    because: answered.get("listed")?.because,
    says: "Allowed.",
    host: "docs.example.org",
    port: 443,
    addresses: ["93.184.215.14"],
  });
  for (const id of ["method", "not listed"]) assert.equal(answered.get(id)?.verdict, "ask", id);
  for (const id of ["number", "mapped", "local name", "user", "scheme", "rebound", "none"])
    assert.equal(answered.get(id)?.verdict, "deny", id);
  assert.equal(answered.get("public")?.verdict, "allow");
  assert.deepEqual([answered.get("number")?.host, answered.get("number")?.port], ["127.0.0.1", 80]);
  assert.deepEqual(answered.get("rebound")?.addresses, ["93.184.215.14", "10.0.0.5"]);
});

test("R-WHO-1: the matrix is what the policies answer, and never laxer for less trust", async (t) => {
  const home = makeHome(t);
  home.file(
    ".vambrace/policies/mine.cedar",
    '@id("mine.read") @says("Nothing is read here.") forbid (principal, action == Action::"read", resource) when { context.influence < 2 };\n',
  );
  const ran = await home.run(["who", "matrix", "--json"]);
  assert.equal(ran.status, 0);
  const cells = answers(ran)[0]?.cells ?? [];
  const strictness: Record<string, number> = { allow: 0, ask: 1, deny: 2 };
  const at = (trust: string, effect: string) => cells.find((cell) => cell.trust === trust && cell.effect === effect);
  for (const effect of new Set(cells.map((cell) => cell.effect))) {
    const row = TRUST_LEVELS.map((trust) => strictness[at(trust, effect)?.verdict ?? ""] ?? Number.NaN);
    assert.deepEqual(
      row,
      [...row].sort((a, b) => b - a),
      effect,
    );
  }
  assert.deepEqual(at("none", "read")?.because, ["mine.read"], "the operator's policies count");
  assert.equal(at("full", "read")?.verdict, "allow");
});
