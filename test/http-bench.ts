/** A real front door on a real port, with real tokens and logins in front of a fake gateway. @module */
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { parsePersonId } from "../src/core/ids.ts";
import type { Trust } from "../src/core/label.ts";
import { PERMISSIONS, type Permission } from "../src/core/person.ts";
import type { LedgerEntry } from "../src/core/ports/ledger.ts";
import { seededRandom } from "../src/core/testing.ts";
import type { HttpLimits } from "../src/edges/http/limits.ts";
import { createHttp, type HttpOptions } from "../src/edges/http/server.ts";
import { type FakeGateway, fakeGateway, realClock } from "../src/edges/http/testing.ts";
import { type AccessStep, createAccess } from "../src/steps/access/access.ts";
import { memoryTokens } from "../src/steps/access/testing.ts";

export type Door = {
  readonly url: string;
  readonly port: number;
  readonly gateway: FakeGateway;
  readonly step: AccessStep;
  readonly records: LedgerEntry[];
  readonly log: { code: string; message: string }[];
  token(permissions?: readonly Permission[]): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
};

const OWNER = parsePersonId("owner");

export async function openDoor(options: Partial<HttpOptions> & { limits?: Partial<HttpLimits> } = {}): Promise<Door> {
  const gateway = fakeGateway();
  const records: LedgerEntry[] = [];
  const log: { code: string; message: string }[] = [];
  const random = seededRandom(Date.now());
  const step = createAccess({
    store: memoryTokens(),
    clock: realClock,
    random,
    record: async (entry) => records.push(entry),
    persons: () => new Map([["owner", { trust: "full" as Trust, roles: [] }]]),
    attemptLimits: { failures: 5, windowSeconds: 60, lockSeconds: 60, slowMs: 1, slowestMs: 5 },
  });
  const http = createHttp({
    gateway,
    access: step.access,
    listen: { host: "127.0.0.1", port: 0 },
    allowedHosts: ["127.0.0.1", "localhost"],
    trustedProxies: [],
    page: new Map(),
    version: "0.0.0",
    clock: realClock,
    random,
    log: (entry) => log.push(entry),
    ...options,
    limits: { closeMs: 200, ...options.limits },
  });
  const { url } = await http.listen();
  return {
    url,
    port: Number(new URL(url).port),
    gateway,
    step,
    records,
    log,
    token: async (permissions = PERMISSIONS) =>
      (await step.tokens.make({ name: "t", person: OWNER, trust: "full", permissions }, "test")).token,
    [Symbol.asyncDispose]: async () => http.close(),
  };
}

export type Line = {
  readonly socket: Socket;
  /** What came so far, as Latin-1. */
  text(): string;
  /** Resolves when the other side has closed. */
  readonly closed: Promise<void>;
};

/** A connection that speaks bytes, not HTTP. */
export async function dial(port: number, bytes = ""): Promise<Line> {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.on("data", (chunk: Buffer) => (text += chunk.toString("latin1")));
  socket.on("error", () => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  await new Promise<void>((resolve) => socket.once("connect", () => resolve()).once("close", () => resolve()));
  socket.write(bytes);
  return { socket, text: () => text, closed };
}

/** Waits until it is so; a test that waits longer than two seconds for something has failed. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  for (let left = 200; left > 0; left--) {
    if (isSo()) return;
    await sleep(10);
  }
  throw new Error(`never came: ${what}`);
}

/** The status line's number of a raw answer. */
export function statusOf(answer: string): number {
  return Number(/^HTTP\/1\.1 ([0-9]{3})/.exec(answer)?.[1] ?? 0);
}
