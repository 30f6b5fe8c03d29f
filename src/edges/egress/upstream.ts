/**
 * The server's side of a tunnel that the proxy looks into: TLS whose
 * certificate must be good for exactly the host that the tunnel was opened for.
 *
 * @module
 */
import type { Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { Destination } from "../../core/destination.ts";
import type { Attempt } from "./attempt.ts";

export type Roots = {
  /** PEM; certificates to trust instead of the platform's. A test hands in its own; the process has none. */
  readonly roots?: string;
};

/** @throws the error of TLS where the server's certificate, or its TLS, is not good. */
export async function secureUpstream(
  socket: Socket,
  { host, literal }: Destination,
  options: Roots & { readonly patienceMs: number; readonly attempt: Attempt },
): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>();
  const secure = connect({
    socket,
    host,
    ...(literal ? {} : { servername: host }),
    ...(options.roots === undefined ? {} : { ca: options.roots }),
    ALPNProtocols: ["http/1.1"],
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
  });
  options.attempt.through(secure);
  const timer = setTimeout(() => secure.destroy(new Error("no TLS in time")), options.patienceMs);
  secure.once("secureConnect", () => resolve(secure));
  secure.once("error", reject);
  secure.once("close", () => reject(new Error("the server broke off")));
  try {
    return await promise;
  } catch (error) {
    secure.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
