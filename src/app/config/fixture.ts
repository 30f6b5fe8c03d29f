/** A place and an environment for the tests of the configuration. @module */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SecretLookup } from "../../core/ports/secrets.ts";
import { type Environment, environmentOf } from "./environment.ts";
import { parseConfig } from "./load.ts";
import { missing } from "./references.ts";

export const env = environmentOf({ HOME: "/home/ana", SITE: "example.org", MY_KEY: "k-1234567890" });
export const at = { home: "/home/ana/.vambrace", env, installation: "/opt/vambrace" };

/** Secrets that are in this environment, and none elsewhere. */
export function secretsIn(environment: Environment): SecretLookup {
  const find = (reference: string): string | undefined => environment.variable(reference.slice(2, -1));
  return {
    value: (reference, at) => find(reference) ?? missing(at, reference.slice(2, -1)),
    has: (reference) => find(reference) !== undefined,
  };
}

export const config = (text: string) => parseConfig(text, at).config;

/** The code, message and hint of what a text is refused with. */
export function refusal(text: string): { code: string; message: string; hint: string } {
  try {
    parseConfig(text, at);
  } catch (thrown) {
    if (!(thrown instanceof Error) || !("code" in thrown) || !("hint" in thrown)) throw thrown;
    return { code: String(thrown.code), message: thrown.message, hint: String(thrown.hint) };
  }
  throw new Error(`accepted: ${text.slice(0, 200)}`);
}

/** A user's home folder and the state folder in it, gone at the end of the test. */
export function homes(t: { after(body: () => void): void }) {
  const userHome = mkdtempSync(join(tmpdir(), "vambrace-config-"));
  t.after(() => rmSync(userHome, { recursive: true, force: true }));
  const home = join(userHome, ".vambrace");
  return { userHome, home, where: { home, env: environmentOf({ HOME: userHome }), installation: "/opt/vambrace" } };
}

export const clock = { wallMs: () => 42, monotonicMs: () => 42, sleep: async () => {} };
