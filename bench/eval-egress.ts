/** Addresses that lie, put to the real egress proxy with the widest rules that there could be. @module */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROXY_LIMITS } from "../src/edges/egress/limits.ts";
import { createEgressProxy } from "../src/edges/egress/proxy.ts";
import {
  isPublic,
  requestsFor,
  RESOLVERS,
  rulesFor,
  type SsrfCase,
  ssrfCases,
  watchedWorld,
} from "../test/egress-ssrf.ts";
import { talk } from "../test/egress-support.ts";
import { random } from "../test/sandbox-kit.ts";
import type { Row } from "./eval-commands.ts";
import { missing, row } from "./eval-sessions.ts";

export async function evalEgress(folder: string): Promise<readonly Row[]> {
  const cases = ssrfCases(folder);
  if (cases === undefined) return [missing("ssrf-urls")];
  const rows: Row[] = [];
  for (const [name, answers] of Object.entries(RESOLVERS)) {
    const { asked, dialed } = await connections(cases, answers);
    const bad = dialed.filter((address) => !isPublic(address)).length;
    const says = `${bad} of ${dialed.length} connections, ${asked} requests`;
    rows.push(row(`egress, ${name}: not public`, says, bad === 0, "0"));
  }
  return rows;
}

async function connections(
  cases: readonly SsrfCase[],
  answers: readonly (readonly string[])[],
): Promise<{ readonly asked: number; readonly dialed: readonly string[] }> {
  const socketDir = mkdtempSync(join(tmpdir(), "vb-"));
  const dialed: string[] = [];
  let asked = 0;
  try {
    for (const { url } of cases) {
      const world = watchedWorld(answers);
      const limits = { ...PROXY_LIMITS, headMs: 200 };
      const proxy = createEgressProxy({ socketDir, world, random, nowMs: Date.now, limits });
      const lease = await proxy.open({ hosts: rulesFor(url) }, () => undefined);
      // Twice: the second question may get another answer.
      for (const request of [...requestsFor(url), ...requestsFor(url)]) {
        await talk(lease.socket, request, /\r\n\r\n/);
        asked++;
      }
      await lease.close();
      dialed.push(...world.dialed);
    }
  } finally {
    rmSync(socketDir, { recursive: true, force: true });
  }
  return { asked, dialed };
}
