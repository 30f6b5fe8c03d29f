/** Every check of an OpenClaw installation. @module */
import type { Finding } from "../../core/finding.ts";
import type { OpenClawHome, OpenClawListener } from "../../core/openclaw.ts";
import { findingsOf, type OpenClawFamily } from "./check.ts";
import { channels, exposure } from "./checks/channels.ts";
import { files } from "./checks/files.ts";
import { exec } from "./checks/exec.ts";
import { extensions } from "./checks/extensions.ts";
import { gateway } from "./checks/gateway.ts";
import { browser, servers } from "./checks/browser.ts";
import { hooks } from "./checks/hooks.ts";
import { devices, proxies } from "./checks/proxies.ts";
import { sandbox } from "./checks/sandbox.ts";
import { secrets } from "./checks/secrets.ts";
import { tools } from "./checks/tools.ts";
import { upkeep } from "./checks/upkeep.ts";
import { effectiveOf } from "./effective.ts";

export const OPENCLAW_FAMILIES: readonly OpenClawFamily[] = [
  exposure,
  gateway,
  proxies,
  devices,
  channels,
  exec,
  tools,
  sandbox,
  hooks,
  browser,
  servers,
  extensions,
  secrets,
  upkeep,
  files,
];

/**
 * @param listeners of the whole machine; null where the system would not tell, which is a finding.
 * @returns findings, those of one family together.
 */
export function auditOpenClaw(home: OpenClawHome, listeners: readonly OpenClawListener[] | null): readonly Finding[] {
  return findingsOf(OPENCLAW_FAMILIES, effectiveOf(home, listeners));
}
