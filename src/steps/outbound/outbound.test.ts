import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { DlpRule } from "../../core/dlp.ts";
import { Fault } from "../../core/fault.ts";
import { createOutbound } from "./outbound.ts";

const known = "Tr0ub4dor&3-horse-battery";
const outbound = createOutbound([known, "short"]);
const shaped = `ghp_${"a1B2c3D4e5F6".repeat(3)}`;

test("R-DLP-2: a known secret never leaves, in whatever spelling it stands", () => {
  for (const spelling of [
    known,
    Buffer.from(known).toString("base64"),
    Buffer.from(known).toString("base64url"),
    Buffer.from(known).toString("hex"),
    encodeURIComponent(known),
  ]) {
    const out = outbound.text(`it is ${spelling}, as you asked`);
    assert.ok(!out.includes(spelling), spelling);
    assert.match(out, /redacted/);
  }
});

test("R-DLP-2: a secret-shaped string is replaced by what it is, and the rest stays", () => {
  assert.equal(outbound.text(`push with ${shaped} please`), "push with [redacted: github-token] please");
  const key =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\nBG5vbmU=\n-----END OPENSSH PRIVATE KEY-----";
  assert.equal(outbound.text(`a ${key} b`), "a [redacted: private-key] b");
});

test("R-DLP-2: ordinary text, code and placeholders stay as they are", () => {
  for (const text of [
    "The token is in your environment, not in the file.",
    'const apiKey = process.env.API_KEY; // set "your-api-key-here"',
    "git log --pretty=format:%h -n 20 | sort -k2",
    "password: ********",
    "sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "export TOKEN=${GITHUB_TOKEN}",
    "call_0123456789abcdefghjkmnpqrs ended with exit status 0",
    "https://example.org/a/b?c=d#e",
  ]) {
    assert.equal(outbound.text(text), text);
  }
});

test("R-DLP-2: records and their keys are redacted, nested ones too", () => {
  const out = JSON.stringify(outbound.value({ a: [{ b: `x ${shaped}` }], [known]: 1, n: 5, z: null }));
  assert.ok(!out.includes(shaped));
  assert.ok(!out.includes(known));
  assert.match(out, /"n":5,"z":null/);
});

test("R-DLP-2: whatever the pieces in which a stream comes, no secret passes and nothing else is lost", () => {
  const words = fc.array(fc.constantFrom("alpha", "beta", shaped, known, "a\nb", "x".repeat(90)), { maxLength: 30 });
  fc.assert(
    fc.property(words, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 40 }), (pieces, cuts) => {
      const text = pieces.join(" ");
      const stream = outbound.stream();
      let out = "";
      for (let at = 0, i = 0; at < text.length; i++) {
        const step = cuts[i % cuts.length]!;
        out += stream.push(text.slice(at, at + step));
        at += step;
      }
      out += stream.end();
      assert.ok(!out.includes(shaped) && !out.includes(known));
      assert.equal(out, outbound.text(text));
    }),
  );
});

test("R-DLP-2: a person who is asked sees the exact call; everybody else's events are redacted", () => {
  const event = outbound.event({
    type: "call.proposed",
    call: "c" as never,
    tool: "exec",
    arguments: { command: `echo ${shaped}` },
  });
  assert.ok(!JSON.stringify(event).includes(shaped));
});

test("R-DLP-1: by rule, personal data is taken out of what one direction carries, and stays in the others", () => {
  const rules = [{ find: ["email"], direction: "in", from: ["result"], to: [], action: "redact" }] as const;
  const some = createOutbound([], rules);
  const text = "mail eve@example.org";
  assert.equal(some.result(text), "mail [redacted: email]");
  for (const same of [some.message(text), some.reply(text), some.text(text)]) assert.equal(same, text);
});

test("R-DLP-1: what a rule keeps from the model: a result is withheld, a message refused, others pass", () => {
  const rules = [{ find: ["payment-card"], direction: "in", from: [], to: [], action: "block" }] as const;
  const strict = createOutbound([], rules);
  assert.match(strict.result("it is 4111 1111 1111 1111"), /^\[withheld: it holds payment-card/);
  assert.throws(
    () => strict.message("it is 4111 1111 1111 1111"),
    (thrown: unknown) => thrown instanceof Fault && thrown.code === "DLP_BLOCKED",
  );
  assert.equal(strict.message("it is 4111 1111 1111 1112"), "it is 4111 1111 1111 1112");
  assert.equal(outbound.message("it is 4111 1111 1111 1111"), "it is 4111 1111 1111 1111");
});

test("R-DLP-1: a person may hand a password over for use; what a tool brought keeps none; a known one stays nowhere", () => {
  assert.equal(outbound.message(`use ${shaped}`), `use ${shaped}`);
  assert.equal(outbound.result(`use ${shaped}`), "use [redacted: github-token]");
  assert.equal(outbound.message(`use ${known}`), "use [redacted: a known secret]");
});

test("R-DLP-1: no rule keeps a known secret, whatever it allows", () => {
  const lax = createOutbound(
    [known],
    (["in", "out", "log"] as const).map((direction) => ({
      find: ["secret"] as const,
      direction,
      from: [],
      to: [],
      action: "allow" as const,
    })),
  );
  for (const out of [lax.text(known), lax.reply(known), lax.result(known), lax.message(known)])
    assert.equal(out, "[redacted: a known secret]");
  assert.equal(lax.reply(shaped), shaped);
});

test("R-DLP-1: in what would leave, a secret within base 64 is a secret; an ordinary picture is none", () => {
  const wrapped = Buffer.from(`token: ${shaped}`).toString("base64");
  assert.deepEqual(
    outbound.find(wrapped).map(({ kind }) => kind),
    ["secret"],
  );
  assert.deepEqual(outbound.find(Buffer.from("a plain sentence of some length").toString("base64")), []);
});

test("R-DLP-2: what is kept loses secrets only, whatever is done with logs; taking them out twice is taking them out once", () => {
  const rules: readonly DlpRule[] = [{ find: ["email"], direction: "log", from: [], to: [], action: "redact" }];
  const outbound = createOutbound(["hunter2-is-known"], rules);
  const said = `token ghp_${"a1B2c3D4e5F6".repeat(3)} for ana@example.org, hunter2-is-known`;
  const once = outbound.kept.text(said);
  assert.equal(once, "token [redacted: github-token] for ana@example.org, [redacted: a known secret]");
  assert.equal(outbound.kept.text(once), once);
  assert.ok(!outbound.text(said).includes("ana@"));
});
