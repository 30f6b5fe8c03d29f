/** What a client reads that was refused. @module */
import type { ServerResponse } from "node:http";
import type { Refusal } from "./request.ts";

/** The connection ends with it: what else the client sent on it is not read as another request. */
export function answerRefusal(res: ServerResponse, refusal: Refusal): void {
  if (res.headersSent || res.destroyed) return;
  const body = refusalText(refusal);
  res.writeHead(refusal.status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
    "Proxy-Status": `vambrace; error=${refusal.error}`,
    Connection: "close",
  });
  res.end(body);
}

export function refusalText(refusal: Refusal): string {
  return `vambrace refused this: ${refusal.why}\nhint: ${refusal.hint}\n`;
}
