/** Opens the vault of a restored folder, with the key that the configuration names. @module */
import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { openVault } from "../../edges/vault/vault.ts";
import type { Environment } from "../config/environment.ts";
import { parseConfig, readText } from "../config/load.ts";
import { isWithin } from "../config/places.ts";
import { homeAt } from "../home.ts";
import { keyDeps, keyPlace, onceOpened, type Passphrase, passphraseFrom, VAULT_NAME } from "../secrets/sources.ts";

/**
 * @param home the state folder that was saved.
 * @returns how many values it holds; undefined where the backup has no vault.
 * @throws Fault SECRET_UNKNOWN, SECRET_LOCKED, SECRET_DAMAGED
 */
export async function openRestoredVault(
  restored: string,
  {
    home,
    env,
    passphrase,
  }: { readonly home: string; readonly env: Environment; readonly passphrase: Passphrase | undefined },
): Promise<number | undefined> {
  const vault = join(restored, VAULT_NAME);
  if (!existsSync(vault)) return undefined;
  const loaded = parseConfig(readText(homeAt(restored).config) ?? "", { home, env });
  const place = keyPlace(loaded);
  // A key that lies in the state folder has to have come back with it.
  const file = isWithin(place.file, home) ? join(restored, relative(home, place.file)) : place.file;
  const key = await onceOpened({ ...place, file }, keyDeps(passphraseFrom(env, passphrase)))();
  return Object.keys((await openVault(vault, key)).secrets).length;
}
