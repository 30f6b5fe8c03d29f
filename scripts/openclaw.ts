/**
 * The real OpenClaw, for the tests that audit and leave it. It lies outside of
 * the checkout, so that it is fetched once for a machine; no code of it is run
 * but in those tests, on homes of their own.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

const RELEASE = "2026.9.6";
const FOLDER = join(homedir(), ".cache", "vambrace-tests", `openclaw-${RELEASE}`);

export const OPENCLAW_PROGRAM = join(FOLDER, "node_modules", "openclaw", "openclaw.mjs");

/** @returns false where it could not be fetched. */
export function bringOpenClaw(): boolean {
  if (existsSync(OPENCLAW_PROGRAM)) return true;
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, "package.json"), '{"private":true}\n');
  const args = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact", `openclaw@${RELEASE}`];
  return (
    spawnSync("npm", args, { cwd: FOLDER, stdio: "ignore", timeout: 600_000 }).status === 0 &&
    existsSync(OPENCLAW_PROGRAM)
  );
}
