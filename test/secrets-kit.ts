/**
 * A gateway with secrets in all four places, as the real command, and what
 * looks for their values in everything that was written.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { JsonObject } from "../src/core/json.ts";
import { newIdentity } from "../src/edges/vault/age.ts";
import { sopsText } from "../src/edges/vault/testing.ts";
import { CLI, makePlace, type Place, type Running, startProcess } from "./campaign.ts";
import { type FakeVault, startVault } from "./hashicorp-server.ts";
import { type FakeProvider, fakeProvider, type Reply } from "./models-server.ts";

export const CANARIES = {
  vault: "CANARY-vault-7f3a9c52e1",
  rotated: "CANARY-rotated-0b8d46a7c3",
  sops: "CANARY-sops-91e5d2f08b",
  hashicorp: "CANARY-hashicorp-c47a10be65",
  variable: "CANARY-variable-5d0e82f19a",
  token: "CANARY-token-26bb90f7d4",
} as const;

export type Ran = { readonly status: number | null; readonly out: string; readonly err: string };

export type SecretsKit = {
  readonly place: Place;
  readonly vault: FakeVault;
  readonly provider: FakeProvider;
  /** All that commands and the gateway printed. */
  readonly printed: string[];
  run(args: readonly string[], input?: string, env?: NodeJS.ProcessEnv): Promise<Ran>;
  start(env?: NodeJS.ProcessEnv): Promise<Running>;
  close(): Promise<void>;
};

/** @param reply what the model's provider answers */
export async function secretsKit(reply: Reply, more: JsonObject = {}): Promise<SecretsKit> {
  const [vault, provider, port] = [await startVault(), await fakeProvider(reply), await freePort()];
  const { identity, recipient } = await newIdentity();
  const place = makePlace((at) => configOf(at, { port, provider: provider.origin, vault: vault.origin, more }));
  const keys = join(place.home, ".config", "keys");
  mkdirSync(keys, { recursive: true, mode: 0o700 });
  writeFileSync(join(keys, "sops.txt"), `${identity}\n`, { mode: 0o600 });
  writeFileSync(join(place.root, "team.enc.json"), await sopsText({ ci: { deploy: CANARIES.sops } }, [recipient]));
  vault.tokens.add(CANARIES.token);
  vault.kv.set("apps/web", { data: { token: CANARIES.hashicorp }, createdTime: "2026-09-01T00:00:00Z" });
  const secretEnv = { VAULT_TOKEN: CANARIES.token, BRAVE_API_KEY: CANARIES.variable };
  const printed: string[] = [];
  const started = new Set<ChildProcess>();
  const run = async (args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}): Promise<Ran> => {
    const child = spawn(process.execPath, [CLI, ...args], { env: { ...place.env, ...env }, cwd: place.home });
    started.add(child);
    let [out, err] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
    const { promise, resolve } = Promise.withResolvers<number | null>();
    child.once("close", resolve);
    const status = await promise;
    started.delete(child);
    printed.push(out, err);
    return { status, out, err };
  };
  let running: Running | undefined;
  return {
    place,
    vault,
    provider,
    printed,
    run,
    async start(env = {}) {
      running = await startProcess(place, [CLI, "start"], { ...secretEnv, ...env });
      started.add(running.child);
      return running;
    },
    async close() {
      for (const child of started) child.kill("SIGKILL");
      await running?.gone;
      await vault.close();
      await provider[Symbol.asyncDispose]();
      place.remove();
    },
  };
}

function configOf(
  { root, home, workspace }: Place,
  at: { readonly port: number; readonly provider: string; readonly vault: string; readonly more: JsonObject },
): JsonObject {
  const bound = (secret: string, variable: string) => ({ secret, hosts: ["api.example.org"], variable });
  return {
    gateway: { port: at.port },
    agents: { defaults: { workspace, model: { primary: "mine/m-1" } } },
    models: {
      providers: { mine: { baseURL: `${at.provider}/v1`, apiKey: "${vault:model}" } },
      prices: { "openai-compatible/m-1": { input: 1, output: 1 } },
    },
    egress: {
      credentials: {
        ci: bound("${sops:team/ci.deploy}", "CI_TOKEN"),
        web: bound("${hashicorp:apps/web#token}", "WEB_TOKEN"),
      },
    },
    channels: { terminal: { tools: { exec: { security: "full", ask: "off" } } } },
    secrets: {
      sops: { team: { file: join(root, "team.enc.json"), identity: join(home, ".config", "keys", "sops.txt") } },
      hashicorp: { address: at.vault, token: "${VAULT_TOKEN}" },
      ...at.more,
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", () => resolve());
  await promise;
  const address = server.address();
  server.close();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Every spelling in which a value might stand somewhere. */
function spellings(value: string): readonly Buffer[] {
  const bytes = Buffer.from(value);
  const texts = [value, encodeURIComponent(value), bytes.toString("hex"), bytes.toString("base64").slice(0, -4)];
  return texts.map((text) => Buffer.from(text));
}

/** Which canaries stand in these bytes. */
export function spilled(bytes: Uint8Array): readonly string[] {
  const all = Buffer.from(bytes);
  return Object.entries(CANARIES)
    .filter(([, value]) => spellings(value).some((one) => all.includes(one)))
    .map(([name]) => name);
}

/** Every file below a folder. */
export function* filesIn(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const found = statSync(path, { throwIfNoEntry: false });
    if (found?.isDirectory() === true) yield* filesIn(path);
    else if (found?.isFile() === true) yield path;
  }
}

export function readOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch {
    return new Uint8Array(); // it went meanwhile
  }
}
