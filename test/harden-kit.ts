/** A machine that rules are written for, and one file of them. @module */
import assert from "node:assert/strict";
import { userInfo } from "node:os";
import { type HostFactsForRules, hostFiles } from "../src/ops/harden/host/host.ts";

export const FACTS: HostFactsForRules = {
  user: userInfo().username,
  userHome: "/home/ana",
  stateFolder: "/home/ana/.vambrace",
  installation: "/opt/vambrace",
  workspaces: ["/home/ana/vambrace"],
  port: 18_888,
  isWide: false,
  program: "/opt/vambrace/bin/vambrace",
  logFile: "/home/ana/.vambrace/logs/gateway.log",
};

export function fileFor(facts: HostFactsForRules, name: string): string {
  const found = hostFiles(facts).find((one) => one.name === name);
  assert.ok(found !== undefined);
  return found.text;
}
