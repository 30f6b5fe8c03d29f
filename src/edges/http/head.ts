/**
 * Heads: what is known of a request before its body is touched; the same for
 * HTTP and for the start of a WebSocket.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";
import { TLSSocket } from "node:tls";

export type Head = {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly header: (name: string) => string | undefined;
  /** Header lines. */
  readonly count: number;
  /** Headers that may stand once, and stood more often. */
  readonly repeated: readonly string[];
  /** False for `http://…`, `*` and authority targets: only a path is answered. */
  readonly isPath: boolean;
  /** Address of the other end of the connection. */
  readonly peer: string | undefined;
  readonly tls: boolean;
};

/** Two of these would let two readers of one request understand different things. */
const ONCE = ["host", "origin", "authorization", "content-type", "content-length", "cookie", "x-forwarded-proto"];

export function headOfIncoming(incoming: IncomingMessage): Head {
  const target = incoming.url ?? "";
  const repeated = ONCE.filter((name) => (incoming.headersDistinct[name]?.length ?? 0) > 1);
  return {
    method: incoming.method ?? "",
    path: target.split("?", 1)[0] ?? "",
    header: (name) => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(", ") : value;
    },
    count: incoming.rawHeaders.length / 2,
    repeated,
    isPath: target.startsWith("/") && !target.startsWith("//"),
    peer: incoming.socket.remoteAddress,
    tls: incoming.socket instanceof TLSSocket,
  };
}

/** Of a request that came without a socket. It has no peer, so no proxy is believed. */
export function headOfRequest(request: Request): Head {
  const url = new URL(request.url);
  return {
    method: request.method,
    path: url.pathname,
    header: (name) => request.headers.get(name) ?? (name === "host" ? url.host : undefined),
    count: [...request.headers.keys()].length,
    repeated: [],
    isPath: true,
    peer: undefined,
    tls: url.protocol === "https:",
  };
}
