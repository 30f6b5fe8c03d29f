/**
 * The client's side of a tunnel that the proxy looks into: its TLS ends here.
 *
 * HTTP/1.1 alone is offered. A client that does not take the certificate is
 * refused and told; nothing has been sent to any server by then.
 *
 * @module
 */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { errorCode } from "../net/address.ts";

export type EndedTls = { readonly client: TLSSocket } | { readonly why: string };

export const LEAVE_ALONE = "a program that trusts certificates of its own choice needs `tls: passthrough`";

/** @param socket with the client's first message put back. */
export async function endTls(
  socket: Socket,
  secureContext: SecureContext,
  { patienceMs, cover }: { readonly patienceMs: number; readonly cover: (secure: TLSSocket) => void },
): Promise<EndedTls> {
  const { promise, resolve } = Promise.withResolvers<EndedTls>();
  const client = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ["http/1.1"] });
  cover(client);
  const fail = (error?: unknown): void => {
    const how = error === undefined ? "it broke off" : errorCode(error);
    resolve({ why: `the client did not take the proxy's certificate (${how}): ${LEAVE_ALONE}` });
  };
  // Whoever wants the connection gone takes its TLS down, never the socket from under it.
  socket.removeAllListeners("timeout");
  socket.setTimeout(0);
  const timer = setTimeout(() => fail(), patienceMs);
  client.on("_tlsError", fail);
  client.on("error", fail);
  for (const gone of ["end", "close"]) client.once(gone, () => fail());
  client.once("secure", () => resolve({ client }));
  const ended = await promise;
  clearTimeout(timer);
  client.off("_tlsError", fail);
  if ("why" in ended) client.destroy();
  return ended;
}
