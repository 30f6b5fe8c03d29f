/** What the tests of this folder stand on: a store in memory, and a record that can be read. @module */
import { fakeClock, type FakeClock, seededRandom } from "../../core/testing.ts";
import { newId, parsePersonId } from "../../core/ids.ts";
import type { Trust } from "../../core/label.ts";
import { PERMISSIONS, type Permission } from "../../core/person.ts";
import type { Caller } from "../../core/ports/gateway.ts";
import type { LedgerEntry } from "../../core/ports/ledger.ts";
import type { TokenRow, TokenStore } from "../../core/ports/store.ts";
import { type AccessStep, createAccess } from "./access.ts";
import type { AttemptLimits } from "./attempts.ts";
import type { SessionLimits } from "./sessions.ts";
import type { TokenRequest } from "./tokens.ts";

export const OWNER = parsePersonId("owner");
export const ANA = parsePersonId("ana");
export const HERE = { address: "127.0.0.1", group: "127.0.0.1" };

export function memoryTokens(): TokenStore & { readonly rows: Map<string, TokenRow>; touches: number } {
  const rows = new Map<string, TokenRow>();
  const change = (id: string, part: Partial<TokenRow>): boolean => {
    const row = rows.get(id);
    if (row === undefined || (part.revokedMs !== undefined && row.revokedMs !== null)) return false;
    rows.set(id, { ...row, ...part });
    return true;
  };
  const store = {
    rows,
    touches: 0,
    add: async (row: TokenRow) => void rows.set(row.id, row),
    byHash: async (hash: string) => [...rows.values()].find((row) => row.hash === hash),
    list: async () => [...rows.values()],
    revoke: async (id: string, nowMs: number) => change(id, { revokedMs: nowMs }),
    touch: async (id: string, nowMs: number) => {
      store.touches++;
      change(id, { lastUsedMs: nowMs });
    },
  };
  return store;
}

export type Bench = AccessStep & {
  readonly clock: FakeClock;
  readonly store: ReturnType<typeof memoryTokens>;
  readonly records: LedgerEntry[];
  readonly slept: number[];
  readonly persons: Map<string, { trust: Trust; roles: readonly string[] }>;
};

export function bench(
  options: {
    attemptLimits?: AttemptLimits;
    sessionLimits?: SessionLimits;
    seed?: number;
    channelOf?: (row: TokenRow) => string;
  } = {},
): Bench {
  const { seed = 1, ...limits } = options;
  const clock = fakeClock();
  const store = memoryTokens();
  const records: LedgerEntry[] = [];
  const slept: number[] = [];
  const persons = new Map<string, { trust: Trust; roles: readonly string[] }>([
    ["owner", { trust: "full", roles: ["admin"] }],
    ["ana", { trust: "standard", roles: ["viewer"] }],
  ]);
  const step = createAccess({
    store,
    clock: { ...clock, sleep: async (ms) => void slept.push(ms) },
    random: seededRandom(seed),
    record: async (entry) => records.push(entry),
    persons: () => persons,
    ...limits,
  });
  return { ...step, clock, store, records, slept, persons };
}

export function ask(part: Partial<TokenRequest> = {}): TokenRequest {
  return { name: "laptop", person: OWNER, trust: "full", permissions: PERMISSIONS, ...part };
}

export function caller(part: { trust?: Trust; permissions?: readonly Permission[] } = {}): Caller {
  return {
    token: newId("tok", seededRandom(9)),
    person: OWNER,
    trust: part.trust ?? "full",
    roles: [],
    permissions: new Set(part.permissions ?? PERMISSIONS),
    channel: "api",
  };
}
