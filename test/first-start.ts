/**
 * What a first start makes and every later one finds: compiled code, and what
 * Cedar said of the policies. Each test has a home of its own, so each gateway
 * in it would be a first start, which takes twice the processor time.
 *
 * Both are looked up by digest, so what is old here is no answer.
 *
 * @module
 */
import { cpSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const KEPT = fileURLToPath(new URL("../.cache/first-start/", import.meta.url));
const MADE = ["compile-cache", "vetted.json"];

const compiled = process.env["NODE_COMPILE_CACHE"];
/** For the environment of a program that a test starts: where compiled code is kept, as `npm start` says it. */
export const COMPILED: Readonly<Record<string, string>> =
  compiled === undefined ? {} : { NODE_COMPILE_CACHE: compiled };

/** Keeps what the first start of a gateway made in its state folder. */
export function keepFirstStart(state: string): void {
  rmSync(KEPT, { recursive: true, force: true });
  for (const name of MADE) cpSync(join(state, "run", name), join(KEPT, name), { recursive: true });
}

/** Gives a state folder what another one's first start made, where that was kept. */
export function seedState(state: string): void {
  if (!existsSync(KEPT)) return;
  mkdirSync(join(state, "run"), { mode: 0o700 });
  for (const name of MADE) cpSync(join(KEPT, name), join(state, "run", name), { recursive: true });
}
