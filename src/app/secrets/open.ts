/**
 * Opens the secrets of a gateway: the book of values, what each key was used
 * for, and the keys of models as the models ask for them.
 *
 * @module
 */
import { join } from "node:path";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import { parseSecretId, referenceTo } from "../../core/secret-ref.ts";
import type { ModelKeys } from "../../edges/models/model.ts";
import type { VaultKey } from "../../edges/vault/key.ts";
import { createNet } from "../../edges/net/net.ts";
import { holdLock } from "../../edges/store/lock.ts";
import { type Environment, stateFolder } from "../config/environment.ts";
import type { Loaded } from "../config/load.ts";
import { budgetSettings } from "../config/settings.ts";
import { openBook, type SecretBook } from "./book.ts";
import { growingFinder, type Known } from "./known.ts";
import { noteValues, readRegistry, writeRegistry } from "./registry.ts";
import { keyDeps, keyPlace, onceOpened, openSources, type Passphrase, passphraseFrom } from "./sources.ts";
import { type KeyUsage, openUsage } from "./usage.ts";

export type OpenSecrets = {
  readonly book: SecretBook;
  readonly usage: KeyUsage;
  readonly known: Known;
  readonly keys: ModelKeys;
  /** The vault's key, for what the gateway itself keeps sealed. Asks for the passphrase where one is needed, once. */
  readonly vaultKey: () => Promise<VaultKey>;
  /** Brings counts to the disk, and lets connections go. */
  close(): Promise<void>;
};

/** How long the gateway waits for a command that is changing secrets; it stands still meanwhile. */
const START_WAIT_MS = 5_000;
const RUNNING_WAIT_MS = 100;

/** @throws Fault where a secret's place cannot be read, or is not to be opened. */
export async function openSecrets(
  loaded: Loaded,
  given: {
    readonly env: Environment;
    readonly clock: Clock;
    readonly random: Random;
    /** Asks whoever sits there; absent: nobody does. */
    readonly passphrase?: Passphrase | undefined;
    /** Looks, and writes nothing: for `doctor`. */
    readonly isLooking?: boolean;
  },
): Promise<OpenSecrets> {
  const { env, clock, random } = given;
  const home = stateFolder(env);
  const known = growingFinder();
  const { limits, spike } = loaded.config.secrets;
  const usage = openUsage({ home, clock, limits: limitsOf(limits), factor: spike.factor });
  const key = onceOpened(keyPlace(loaded), keyDeps(passphraseFrom(env, given.passphrase)));
  const net = createNet();
  let waitMs = START_WAIT_MS;
  const book = await openBook(
    {
      loaded,
      sources: openSources(loaded, { env, net, key }),
      registry: () => readRegistry(home, random),
      note(values) {
        const registry = readRegistry(home, random);
        const noted = noteValues(registry, values, clock.wallMs());
        if (noted === registry || given.isLooking === true) return noted;
        const lock = holdLock(join(home, "secrets.lock"), waitMs);
        // Somebody changes it now: what was read is noted with the next reading.
        if (lock === "busy") return noted;
        try {
          const current = noteValues(readRegistry(home, random), values, clock.wallMs());
          writeRegistry(home, current);
          return current;
        } finally {
          lock.release();
        }
      },
      spent: (id) => usage.spent(id),
      know: (values) => known.know(values),
    },
    AbortSignal.timeout(60_000),
  );
  waitMs = RUNNING_WAIT_MS;
  return {
    book,
    usage,
    known,
    keys: modelKeys(loaded, book, usage),
    vaultKey: key,
    async close() {
      usage.flush();
      await net.close();
    },
  };
}

/** What a model is asked with, and what is counted of it. */
function modelKeys({ config }: Loaded, book: SecretBook, usage: KeyUsage): ModelKeys {
  const { prices } = budgetSettings(config);
  return {
    value: (keyId) => book.value(referenceOf(keyId), "models"),
    used(keyId, { provider, model }, { inputTokens, outputTokens }) {
      const price = prices.get(`${provider}/${model}`) ?? prices.get(provider);
      const money = price === undefined ? 0 : (inputTokens * price.input + outputTokens * price.output) / 1e6;
      usage.add(parseSecretId(keyId).id, { requests: 1, tokens: inputTokens + outputTokens, money });
    },
  };
}

function referenceOf(keyId: string): string {
  return referenceTo(parseSecretId(keyId));
}

function limitsOf(limits: Loaded["config"]["secrets"]["limits"]): Parameters<typeof openUsage>[0]["limits"] {
  return new Map(
    Object.entries(limits).map(([id, { requests, kilobytes, tokens, money }]) => [
      id,
      {
        ...(requests === undefined ? {} : { requests }),
        ...(kilobytes === undefined ? {} : { bytes: kilobytes * 1024 }),
        ...(tokens === undefined ? {} : { tokens }),
        ...(money === undefined ? {} : { money }),
      },
    ]),
  );
}
