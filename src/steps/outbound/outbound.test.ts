import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
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
