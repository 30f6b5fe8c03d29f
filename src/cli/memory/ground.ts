/** What the commands about memory stand on. @module */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { systemClock, systemRandom } from "../../app/system.ts";
import { type Home, homeAt } from "../../app/home.ts";
import { memoryOf } from "../../app/memory-file.ts";
import { memoryAsSealed, type KeyParts } from "../../app/memory-keys.ts";
import { MAIN_AGENT } from "../../app/config/settings.ts";
import { Fault } from "../../core/fault.ts";
import { type AgentId, parseAgentId } from "../../core/ids.ts";
import type { MemoryStore } from "../../core/ports/store.ts";
import { openStore, STORE_FILE } from "../../edges/store/open.ts";
import { type Flags, flagText, type Io } from "../command.ts";
import { secretGround, type SecretGround } from "../secrets/ground.ts";

export type MemoryGround = {
  readonly home: Home;
  readonly secrets: SecretGround;
  readonly keys: KeyParts;
  readonly agent: AgentId;
};

export function memoryGround(io: Io, flags: Flags): MemoryGround {
  const secrets = secretGround(io, flags);
  const agent = flagText(flags, "agent");
  return {
    home: homeAt(secrets.home),
    secrets,
    keys: { home: secrets.home, clock: systemClock, random: systemRandom, vaultKey: secrets.key },
    agent: agent === undefined ? MAIN_AGENT : parseAgentId(agent),
  };
}

/** @throws Fault MEMORY_UNKNOWN */
export function storeFile({ home }: MemoryGround): string {
  const path = join(home.store, STORE_FILE);
  if (existsSync(path)) return path;
  throw new Fault("MEMORY_UNKNOWN", {
    message: "there is no store yet, so nothing is remembered",
    hint: "a gateway makes it when it is started: `vambrace start`",
  });
}

/** The store's memory and its file, with no gateway beside. @returns undefined where one runs. */
export async function withMemory<T>(
  io: Io,
  { home, keys, secrets }: MemoryGround,
  body: (memory: MemoryStore) => Promise<T>,
): Promise<T | undefined> {
  const memory = memoryAsSealed(keys);
  const store = await openStore({ dir: home.store, clock: systemClock, clean: KEEP, memory }).catch(
    (thrown: unknown) => {
      if (thrown instanceof Fault && thrown.code === "STATE_IN_USE") return undefined;
      throw thrown;
    },
  );
  if (store === undefined) return undefined;
  try {
    const { loaded } = secrets;
    const log = { warn: (line: string): void => io.err(line) };
    return await body(await memoryOf({ home, loaded, log, secrets: { vaultKey: keys.vaultKey } }, store.memory));
  } finally {
    await store.close();
  }
}

/** Nothing of the store's turns is touched here. */
const KEEP = { text: (text: string) => text, value: <T>(value: T): T => value };
