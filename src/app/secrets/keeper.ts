/**
 * Keeps a running gateway's secrets current: what was changed, revoked or used
 * up counts at once, for models with their next request, for the egress proxy
 * also in commands that run.
 *
 * @module
 */
import { toFault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Connection } from "../../core/ports/executor.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import type { SecretId } from "../../core/secret-ref.ts";
import { type ConfiguredCredential, credentialsOf } from "../config/egress.ts";
import type { Loaded } from "../config/load.ts";
import { credentialSecrets } from "../config/secret-settings.ts";
import type { OpenSecrets } from "./open.ts";
import type { UseEvent } from "./usage.ts";

export type Keeper = {
  /** Counts what a connection used. */
  connected(connection: Connection): void;
  /** Reads every place anew. @returns what changed, and what could not be read. */
  reload(): Promise<{ readonly changed: readonly SecretId[]; readonly failed: readonly string[] }>;
  /** Somebody changed something: it is read again with the next tick, at the latest. */
  changed(): void;
  tick(): Promise<void>;
  close(): Promise<void>;
};

export type KeeperParts = OpenSecrets & {
  readonly loaded: Loaded;
  readonly clock: Clock;
  readonly bind: (credentials: readonly ConfiguredCredential[]) => void;
  readonly record: (entry: LedgerEntry) => Promise<void>;
  readonly log: { readonly warn: (line: string) => void; readonly error: (line: string) => void };
};

/** How often places are read that tell nobody of their changes. */
const REFRESH_MS = 300_000;

export function createKeeper(parts: KeeperParts): Keeper {
  const { loaded, clock, book, usage, record, log } = parts;
  const ids = credentialSecrets(loaded.config);
  let isDue = false;
  let readMs = clock.monotonicMs();
  let reading: ReturnType<Keeper["reload"]> | undefined;
  const bind = (): void => parts.bind(credentialsOf(loaded.config, book));
  const reload = async (): ReturnType<Keeper["reload"]> => {
    isDue = false;
    readMs = clock.monotonicMs();
    const done = await book.reload(AbortSignal.timeout(60_000));
    bind();
    for (const line of done.failed) log.warn(`secrets: ${line}`);
    if (done.changed.length > 0 || done.failed.length > 0) await record(reloadEntry(done));
    return done;
  };
  usage.watch((event) => {
    // What is used up is taken away before anybody is told.
    if (event.what === "secret.used-up") bind();
    record(useEntry(event)).catch((thrown: unknown) =>
      log.error(`what a key was used for could not be recorded: ${toFault(thrown).message}`),
    );
  });
  bind();
  /** One after the other, so that an older reading never comes last. */
  const next = async (): ReturnType<Keeper["reload"]> => {
    await reading?.catch(() => undefined);
    reading = reload();
    return reading;
  };
  return {
    connected({ credentials = [], bytesIn, bytesOut }) {
      for (const name of credentials) {
        const id = ids.get(name);
        if (id !== undefined) usage.add(id, { requests: 1, bytes: bytesIn + bytesOut });
      }
    },
    reload: next,
    changed: () => void (isDue = true),
    async tick() {
      usage.flush();
      const isOld = loaded.config.secrets.hashicorp !== undefined && clock.monotonicMs() - readMs >= REFRESH_MS;
      if (isDue || isOld) await next();
    },
    close: () => parts.close(),
  };
}

function reloadEntry({
  changed,
  failed,
}: {
  readonly changed: readonly string[];
  readonly failed: readonly string[];
}): LedgerEntry {
  const data = { ids: changed.slice(0, 200), count: changed.length, failed: failed.slice(0, 20) };
  const result = failed.length === 0 ? "ok" : "failed";
  return { kind: "secret", who: "gateway", what: "secret.read-again", target: changed[0] ?? "secrets", result, data };
}

function useEntry(event: UseEvent): LedgerEntry {
  const { what, id, measure } = event;
  const data =
    event.what === "secret.used-up"
      ? { measure, limit: event.limit }
      : { measure, now: event.now, usual: Math.round(event.usual * 100) / 100 };
  return {
    kind: "secret",
    who: "gateway",
    what,
    target: id,
    result: event.what === "secret.used-up" ? "denied" : "ok",
    data,
  };
}
