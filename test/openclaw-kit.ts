/**
 * Real OpenClaw homes, made by the program itself. `npm test` installs it where
 * it may (`scripts/servers.ts`); elsewhere what needs it says that it skipped.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { JsonObject } from "../src/core/json.ts";
import { OPENCLAW_PROGRAM } from "../scripts/openclaw.ts";

export const noOpenClaw: string | false = existsSync(OPENCLAW_PROGRAM)
  ? false
  : "openclaw 2026.9.6 is not installed (VAMBRACE_INSTALL=yes installs it)";

export type OpenClawPlace = {
  readonly folder: string;
  /** Runs `openclaw ARGS` on this home. @returns stdout */
  readonly run: (...args: readonly string[]) => string;
  /** Its own command for changing the configuration. */
  readonly patch: (change: JsonObject) => void;
  readonly remove: () => void;
};

const ONBOARD = [
  "onboard",
  "--non-interactive",
  "--accept-risk",
  "--mode",
  "local",
  "--json",
  "--no-install-daemon",
  ...["health", "channels", "skills", "ui", "search", "hooks"].map((part) => `--skip-${part}`),
];

/** A home as its set-up leaves it, with a key of a provider where one is given. */
export function makeOpenClawHome(key?: string): OpenClawPlace {
  const folder = mkdtempSync(join(tmpdir(), "vambrace-openclaw-home-"));
  const env = { PATH: "/usr/bin:/bin", HOME: folder, NO_COLOR: "1", OPENCLAW_DISABLE_UPDATE_CHECK: "1" };
  const run = (...args: readonly string[]): string =>
    execFileSync(process.execPath, [OPENCLAW_PROGRAM, ...args], {
      env,
      cwd: folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      timeout: 180_000,
    });
  const auth = key === undefined ? ["--auth-choice", "skip"] : ["--auth-choice", "apiKey", "--anthropic-api-key", key];
  run(...ONBOARD, ...auth);
  return {
    folder,
    run,
    patch: (change) => {
      const file = join(folder, "change.json");
      writeFileSync(file, JSON.stringify(change));
      run("config", "patch", "--file", file);
      rmSync(file);
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
