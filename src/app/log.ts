/**
 * The gateway's own log: what an operator reads when something went wrong.
 * Not the ledger: it proves nothing and may be thrown away.
 *
 * Lines are redacted before they are written (R-DLP-2).
 *
 * @module
 */
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { pino } from "pino";
import { openToAppend } from "./plain-file.ts";

export type Log = {
  readonly info: (message: string, facts?: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, facts?: Readonly<Record<string, unknown>>) => void;
  readonly error: (message: string, facts?: Readonly<Record<string, unknown>>) => void;
  flush(): void;
};

/** @param redact takes secrets out of a line's text. */
export function openLog(path: string, redact: (text: string) => string): Log {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const destination = pino.destination({ dest: openToAppend(path), sync: true });
  const inner = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: (line) => redact(line) } },
    destination,
  );
  let lost = 0;
  const lose = (): void => {
    lost += 1;
  };
  destination.on("error", lose);
  const at =
    (level: "info" | "warn" | "error") =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void => {
      try {
        if (lost > 0) inner.warn({ lost }, "lines before this one could not be written");
        lost = 0;
        inner[level](facts, message);
      } catch {
        lose(); // a full disk takes the log away, and must not take the gateway with it
      }
    };
  const flush = (): void => {
    try {
      destination.flushSync();
    } catch {
      lose();
    }
  };
  return { info: at("info"), warn: at("warn"), error: at("error"), flush };
}
