/**
 * Secrets that people carry: tokens, one-time codes, session secrets. Each is
 * random, shown once, and kept as a SHA-256 only: what was read from the store
 * or from memory opens nothing.
 *
 * @module
 */
import type { Random } from "../../core/ports/random.ts";

const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

/** Crockford's base 32 of random bytes, 5 bits a character. */
export function newSecret(random: Random, bytes: number): string {
  let bits = 0n;
  for (const byte of random.bytes(bytes)) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let left = Math.ceil((bytes * 8) / 5); left > 0; left--) {
    text = (ALPHABET[Number(bits & 31n)] ?? "0") + text;
    bits >>= 5n;
  }
  return text;
}

/** A token: 256 random bits behind a prefix that secret scanners can find. */
export function newToken(random: Random): string {
  return `vmb_${newSecret(random, 32)}`;
}

/** What failures against one token are counted by: 40 of its bits, too few to be of use to whoever reads them. */
export function tokenPrefix(token: string): string {
  return token.slice(0, 12);
}

const SHORTEST = 32;
const LONGEST = 256;
const PRINTABLE = /^[\x21-\x7e]+$/;
const FEWEST_DISTINCT = 10;
const PLACEHOLDER =
  /change[-_.]?(me|this|it)|replace[-_.]?(me|this|with)|your[-_.]?(own|secret|token|api|key)|place[-_.]?holder|example|sample|insert|todo|dummy|default|password|passw0rd|secret[-_.]?(token|key)|token[-_.]?here|super[-_.]?secret|openclaw|letmein|xxxx|12345678|abcdefgh|deadbeef/i;

/**
 * Why a token must not be used, or undefined. Guides print example tokens, and examples get copied.
 *
 * @returns a clause that goes on after "the token".
 */
export function tokenWeakness(token: string): string | undefined {
  if (token.length < SHORTEST) return `has ${token.length} characters, and ${SHORTEST} are the least`;
  if (token.length > LONGEST) return `has more than ${LONGEST} characters`;
  if (!PRINTABLE.test(token)) return "has spaces, control or non-ASCII characters";
  if (PLACEHOLDER.test(token)) return "looks like a placeholder or an example";
  if (new Set(token).size < FEWEST_DISTINCT) return `has fewer than ${FEWEST_DISTINCT} different characters`;
  return repeats(token) ? "repeats a short piece" : undefined;
}

export function isWeakToken(token: string): boolean {
  return tokenWeakness(token) !== undefined;
}

function repeats(token: string): boolean {
  for (let period = 1; period <= token.length / 2; period++) {
    if (token.slice(period) === token.slice(0, token.length - period)) return true;
  }
  return false;
}
