/** Answers that are written onto a socket by hand: before there is a response, or where there never will be. @module */
import { STATUS_CODES } from "node:http";
import { SECURITY_HEADERS } from "./headers.ts";

export function rawAnswer(status: number, body: object, extra: Readonly<Record<string, string>> = {}): string {
  const text = JSON.stringify(body);
  const headers: [string, string][] = [
    ["connection", "close"],
    ["content-type", "application/json"],
    ["content-length", String(Buffer.byteLength(text))],
    ...SECURITY_HEADERS,
    ...Object.entries(extra),
  ];
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${lines}\r\n${text}`;
}
