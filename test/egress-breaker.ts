/**
 * A process that serves and breaks off: `node egress-breaker.ts SEED`. It
 * prints how many tunnels were begun and told, and how many heard something.
 *
 * @module
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { connect as tlsConnect } from "node:tls";
import type { Random } from "../src/core/ports/random.ts";
import { seededRandom } from "../src/core/testing.ts";
import { PROXY_LIMITS } from "../src/edges/egress/limits.ts";
import { createEgressProxy, type OpenedLease } from "../src/edges/egress/proxy.ts";
import { certificateFor, internet, limit, SITE } from "./egress-support.ts";

const ROUNDS = 150;
const random: Random = seededRandom(Number(process.argv[2]));
const chance = (share: number): boolean => random.uniform() < share;
const soon = (mostMs: number, act: () => unknown): void => void setTimeout(act, random.uniform() * mostMs);
const pair = certificateFor("site.example");
const counts = { begun: 0, told: 0, answered: 0 };

/** A server that breaks off in the middle now and then. */
async function serve(): Promise<number> {
  const server = createServer({ key: pair.key, cert: pair.cert }, (req, res) => {
    req.on("error", () => undefined);
    if (chance(0.3)) return soon(5, () => req.socket.destroy());
    req.resume();
    res.write("x".repeat(random.uniform() * 60_000));
    return soon(5, () => (chance(0.3) ? req.socket.destroy() : res.end("end")));
  });
  server.on("connection", (socket) => {
    socket.on("error", () => undefined);
    if (chance(0.1)) soon(60, () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** A client that does the same. */
async function visit(socket: string): Promise<void> {
  counts.begun++;
  const raw = connect({ path: socket });
  raw.on("error", () => undefined);
  raw.write("CONNECT site.example:443 HTTP/1.1\r\nHost: site.example:443\r\n\r\n");
  const gone = once(raw, "close").catch(() => undefined);
  if (chance(0.1)) soon(60, () => raw.destroy());
  raw.once("data", () => {
    const secure = tlsConnect({ socket: raw, servername: "site.example", rejectUnauthorized: false });
    secure.on("error", () => undefined);
    secure.once("data", () => counts.answered++);
    secure.once("secureConnect", () => secure.write(request()));
    soon(220, () => (chance(0.5) ? secure.destroy() : raw.destroy()));
  });
  await gone;
}

function request(): string {
  if (chance(0.5)) return "GET / HTTP/1.1\r\nHost: site.example\r\n\r\n";
  const body = "y".repeat(chance(0.5) ? 50_000 : 100);
  return `POST / HTTP/1.1\r\nHost: site.example\r\nContent-Length: 50000\r\n\r\n${body}`;
}

const world = {
  ...internet({ "site.example": [[SITE]] }, { [`${SITE}:443`]: await serve() }),
  roots: pair.cert,
};
const socketDir = mkdtempSync(join(tmpdir(), "vb-"));
// A budget that is used up in the middle, too: it closes connections from inside their own events.
const limits = { ...PROXY_LIMITS, downBytes: 400_000, attempts: 100_000, headMs: 500 };
const proxy = createEgressProxy({ socketDir, world, random, nowMs: Date.now, limits });
const open = (): Promise<OpenedLease> =>
  proxy.open({ hosts: [limit("site.example", 443, ["GET", "POST"])] }, () => counts.told++);

let lease = await open();
for (let round = 0; round < ROUNDS; round += 10) {
  const all = Array.from({ length: 10 }, () => visit(lease.socket));
  if (chance(0.3)) {
    await sleep(random.uniform() * 10);
    await lease.close();
    lease = await open();
  }
  await Promise.all(all);
}
await lease.close();
rmSync(socketDir, { recursive: true, force: true });
process.stdout.write(JSON.stringify(counts), () => process.exit());
