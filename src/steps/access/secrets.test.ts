import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../core/testing.ts";
import { isWeakToken, newSecret, newToken, tokenPrefix, tokenWeakness } from "./secrets.ts";

test("R-GATE-2: a token that vambrace makes has 256 random bits and is never weak", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const token = newToken(seededRandom(seed));
      assert.match(token, /^vmb_[0-9a-hjkmnp-tv-z]{52}$/);
      assert.equal(tokenWeakness(token), undefined);
    }),
    { numRuns: 300 },
  );
});

test("R-GATE-2: every bit of the randomness is in the token", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.nat(255), (bytes, bit) => {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const secret = (source: Uint8Array): string => newSecret({ bytes: () => source, uniform: () => 0 }, 32);
      assert.notEqual(secret(bytes), secret(changed));
    }),
    { numRuns: 300 },
  );
});

test("R-GATE-2: placeholder, short and default tokens are weak", () => {
  const weak = [
    "",
    "secret",
    "changeme",
    "change-me-change-me-change-me-change-me",
    "your-secret-token-here-0123456789abcdef",
    "<YOUR_TOKEN_GOES_RIGHT_HERE_0123456789>",
    "replace-with-a-long-random-string-0a1b2c",
    "example-8f14e45fceea167a5a36dedd4bea2543",
    "OPENCLAW_GATEWAY_TOKEN_8f14e45fceea167a5",
    "00000000000000000000000000000000000000000",
    "abababababababababababababababababababab",
    "k3j9q7z2m5k3j9q7z2m5k3j9q7z2m5k3j9q7z2m5",
    "8f14e45fceea167a5a36dedd4bea254",
    "8f14e45fceea167a 5a36dedd4bea2543aa",
    "x".repeat(4096),
  ];
  for (const token of weak) assert.equal(isWeakToken(token), true, token);
});

test("R-GATE-2: a random token of another maker is not weak", () => {
  // From a seed: one of 20,000 in base 64 holds `xxxx` or `todo` by accident, and is refused as if it were an example.
  const random = seededRandom(7);
  for (let i = 0; i < 200; i++) {
    assert.equal(isWeakToken(Buffer.from(random.bytes(24)).toString("base64url")), false);
    assert.equal(isWeakToken(Buffer.from(random.bytes(32)).toString("hex")), false);
  }
});

test("R-GATE-5: a token's prefix tells too little to guess the rest", () => {
  assert.equal(tokenPrefix(newToken(seededRandom(1))).length, 12);
});
