/** How much of anything the doors take before they refuse. @module */

export type HttpLimits = {
  /** Bytes of all headers of a request together. */
  readonly headerBytes: number;
  /** Header lines of a request. */
  readonly headers: number;
  readonly bodyBytes: number;
  /** Connections open at once, WebSockets among them. */
  readonly connections: number;
  /** Requests of one address within the window. */
  readonly requests: number;
  readonly windowSeconds: number;
  /** From the first byte to the end of the headers. */
  readonly headersMs: number;
  /** From the first byte to the end of the body. */
  readonly requestMs: number;
  readonly keepAliveMs: number;
  /** How often a slow connection is looked for. */
  readonly checkMs: number;
  /** Turns that run at once for callers over HTTP and WebSocket together. */
  readonly turns: number;
  /** Bytes that wait for a reader who does not read; then the stream is cut. */
  readonly unreadBytes: number;
  readonly streamAliveMs: number;
  readonly frameBytes: number;
  /** Frames of one WebSocket within a second. */
  readonly framesPerSecond: number;
  /** WebSockets that have not said yet who they are. */
  readonly strangers: number;
  readonly strangerMs: number;
  readonly heartbeatMs: number;
  /** How long open connections have to end when the gateway closes. */
  readonly closeMs: number;
};

export const HTTP_LIMITS: HttpLimits = {
  headerBytes: 16 * 1024,
  headers: 64,
  bodyBytes: 1024 * 1024,
  connections: 256,
  requests: 2000,
  windowSeconds: 10,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 5_000,
  checkMs: 1_000,
  turns: 32,
  unreadBytes: 1024 * 1024,
  streamAliveMs: 15_000,
  frameBytes: 64 * 1024,
  framesPerSecond: 20,
  strangers: 16,
  strangerMs: 5_000,
  heartbeatMs: 30_000,
  closeMs: 2_000,
};
