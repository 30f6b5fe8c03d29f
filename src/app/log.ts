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

export type Log = {
  readonly info: (message: string, facts?: Readonly<Record<string, unknown>>) => void;
  readonly warn: (message: string, facts?: Readonly<Record<string, unknown>>) => void;
  readonly error: (message: string, facts?: Readonly<Record<string, unknown>>) => void;
  flush(): void;
};

/** @param redact takes secrets out of a line's text. */
export function openLog(path: string, redact: (text: string) => string): Log {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const destination = pino.destination({ dest: path, mode: 0o600, sync: true, append: true });
  const inner = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: (line) => redact(line) } },
    destination,
  );
  const at =
    (level: "info" | "warn" | "error") =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void =>
      inner[level](facts, message);
  return { info: at("info"), warn: at("warn"), error: at("error"), flush: () => destination.flushSync() };
}
