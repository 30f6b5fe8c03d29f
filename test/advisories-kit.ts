/**
 * What the advisories' tests share: the judge over a configuration, a home
 * folder with canaries in it, and who listens where nobody may get to.
 *
 * @module
 */
import * as fs from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { environmentOf } from "../src/app/config/environment.ts";
import { parseConfig } from "../src/app/config/load.ts";
import { toPosture } from "../src/app/config/posture.ts";
import { openQuestions, type Questions } from "../src/cli/questions.ts";

export type Ground = { readonly home: string; readonly workspace: string; readonly questions: Questions };

/** The judge as it answers `check`, for a person whose home folder is thrown away afterwards. */
export async function ground(t: TestContext, config = ""): Promise<Ground> {
  const home = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "vambrace-advisory-")));
  t.after(() => fs.rmSync(home, { recursive: true, force: true }));
  const workspace = join(home, "vambrace");
  fs.mkdirSync(workspace);
  const loaded = parseConfig(config, { home: join(home, ".vambrace"), env: environmentOf({ HOME: home }) });
  const posture = toPosture(loaded.config, loaded.places);
  return { home, workspace, questions: await openQuestions({ loaded, posture, policies: [] }) };
}

/** The fault that this configuration is refused with; undefined where it is taken. */
export function refusalOf(config: string): string | undefined {
  try {
    parseConfig(config, { home: "/srv/vambrace-state", env: environmentOf({ HOME: "/home/ana" }) });
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error && "code" in thrown ? String(thrown.code) : String(thrown);
  }
}

export type Sink = { readonly port: number; readonly reached: readonly string[]; close(): void };

/** A service on loopback that nothing in these tests may reach. */
export async function openSink(): Promise<Sink> {
  const reached: string[] = [];
  const server: Server = createServer((request, response) => {
    reached.push(request.url ?? "");
    response.end("reached");
  });
  server.on("connection", () => reached.push("a connection"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    reached,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
