/**
 * The decoys of a self-test: a process on the machine, outside every sandbox,
 * that holds a secret in its memory, words, environment and open files, and
 * answers with it to whoever reaches one of its sockets. Started by the broker
 * for one self-test; ends when its standard input does.
 *
 * Prints what it opened, one line of JSON.
 *
 * @module
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import * as fs from "node:fs";
import { createServer } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";

const stage = process.cwd();
const canary = fs.readFileSync("secret", "utf8");
const name = `vambrace-decoy-${process.pid}`;

/** What must not show up later as a left file: the broker removes the two that lie outside the stage. */
function decoyFile(path: string): string {
  fs.writeFileSync(path, canary, { mode: 0o600, flag: "wx" });
  return path;
}

/** @returns the port; 0 where this machine has no such address. */
async function listen(
  at: { readonly path: string } | { readonly host: string; readonly port: number },
): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined); // whoever asked went away
    socket.end(canary);
  });
  server.listen(at);
  try {
    await once(server, "listening");
  } catch {
    return 0;
  }
  const address = server.address();
  return address !== null && typeof address === "object" ? address.port : 0;
}

async function listenUdp(): Promise<number> {
  const socket = createSocket("udp4");
  socket.on("message", (_words, from) => socket.send(canary, from.port, from.address));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return socket.address().port;
}

/** This machine's own address, where it has one beside the loop; the decoy listens on it only while it is tested. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === "IPv4")?.address ?? "";
}

const gone = fs.openSync(decoyFile("removed"), "r");
fs.unlinkSync("removed");
await listen({ path: `${stage}/s` });
await listen({ path: `\0${name}` });
const address = ownAddress();
const facts = {
  DECOY_PID: String(process.pid),
  DECOY_FD: String(fs.openSync("secret", "r")),
  DECOY_GONE: String(gone),
  DECOY_TMP: decoyFile(`${tmpdir()}/${name}`),
  DECOY_SHM: decoyFile(`/dev/shm/${name}`),
  PORT: String(await listen({ host: "127.0.0.1", port: 0 })),
  PORT6: String(await listen({ host: "::1", port: 0 })),
  UDP: String(await listenUdp()),
  ABSTRACT: name,
  ADDRESS: address,
  ADDRESS_PORT: String(address === "" ? 0 : await listen({ host: address, port: 0 })),
};
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write(`${JSON.stringify(facts)}\n`);
