/**
 * The token of the owner's own terminal: made at first start, kept in a file
 * that only the owner can read, made anew where the file is gone.
 *
 * @module
 */
import { writeFileSync } from "node:fs";
import { Fault } from "../core/fault.ts";
import { parsePersonId, parseId, type TokenId } from "../core/ids.ts";
import { sha256 } from "../core/json.ts";
import { PERMISSIONS } from "../core/person.ts";
import type { Store } from "../core/ports/store.ts";
import type { Tokens } from "../steps/access/tokens.ts";
import type { Home } from "./home.ts";
import { readPlainText } from "./plain-file.ts";

const KEY = "cli-token";

export async function bringCliToken(home: Home, store: Store, tokens: Tokens): Promise<TokenId> {
  const kept = (await store.state.get(KEY))?.["id"];
  const known = typeof kept === "string" ? parseId("tok", kept) : undefined;
  const row = await store.tokens.byHash(sha256(readKept(home.cliToken)));
  if (known !== undefined && row?.id === known && row.revokedMs === null) return known;
  if (known !== undefined) await tokens.revoke(known, "gateway");
  const request = {
    name: "terminal",
    person: parsePersonId("owner"),
    trust: "full",
    permissions: [...PERMISSIONS],
  } as const;
  const made = await tokens.make(request, "gateway");
  await store.state.set(KEY, { id: made.id });
  writeFileSync(home.cliToken, `${made.token}\n`, { mode: 0o600 });
  return made.id;
}

/** @throws Fault STATE_CORRUPT where none was made: a gateway makes one before it is open. */
export async function cliTokenId(store: Store): Promise<TokenId> {
  const kept = (await store.state.get(KEY))?.["id"];
  if (typeof kept === "string") return parseId("tok", kept);
  throw new Fault("STATE_CORRUPT", {
    message: "the store does not know the terminal's own token",
    hint: "start the gateway again: it makes one",
  });
}

function readKept(path: string): string {
  try {
    return readPlainText(path).trim();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return "";
    throw error;
  }
}
