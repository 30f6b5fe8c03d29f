/**
 * Whether anybody listens there: one connection, closed at once. Cheaper than
 * a request to find out that there is no server, which loads the HTTP client.
 *
 * @module
 */
import { connect } from "node:net";

/**
 * @param origin scheme, host and port, such as `http://127.0.0.1:11434`.
 * @param waitMs how long an answer may take, in milliseconds; silence is no.
 */
export function listens(origin: string, waitMs: number): Promise<boolean> {
  const { hostname, port, protocol } = new URL(origin);
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({
    host: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
    timeout: waitMs,
  });
  const answer = (isThere: boolean) => (): void => {
    socket.destroy();
    resolve(isThere);
  };
  socket.once("connect", answer(true));
  socket.once("error", answer(false));
  socket.once("timeout", answer(false));
  return promise;
}
