/** Values for the tests of the store. @module */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import type { ContextItem } from "../../core/item.ts";
import { sha256 } from "../../core/json.ts";
import type { Label } from "../../core/label.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { MemoryRow, ScheduleRow, SessionRow, TokenRow, TurnRow } from "../../core/ports/store.ts";
import type { Clean } from "./clean.ts";

export const random: Random = { bytes: (count) => randomBytes(count), uniform: () => 0.5 };

export const clock: Clock = { wallMs: () => 1_000, monotonicMs: () => 1_000, sleep: async () => {} };

/** Nothing is secret here. */
export const clean: Clean = { text: (text) => text, value: (value) => value };

/** A folder that is gone at the end of the test. */
export function folder(t: { after(body: () => void): void }): string {
  const dir = mkdtempSync(join(tmpdir(), "vambrace-store-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export const label: Label = {
  trust: "none",
  confidentiality: "private",
  audience: { kind: "persons", persons: ["owner"] },
  sources: [{ kind: "web", id: "https://example.org/", trust: "none" }],
};

export const key: Omit<SessionRow, "id" | "createdMs"> = {
  agent: parseAgentId("main"),
  channel: "terminal",
  peer: "/owner",
};

export const newSession = () => newId("ses", random);

export function turnOf(session: SessionRow["id"], text = "hello"): Omit<TurnRow, "state"> {
  return {
    id: newId("trn", random),
    session,
    message: newId("msg", random),
    principal: { person: parsePersonId("owner"), trust: "full", roles: ["admin"] },
    text,
    label,
    receivedMs: 5,
  };
}

export function itemOf(text: string): ContextItem {
  return { kind: "person", id: newId("itm", random), person: "owner", text, label };
}

export function callOf(turn: TurnRow["id"]) {
  return { id: newId("call", random), turn, tool: "exec", digest: sha256("call") };
}

export function memoryOf(text: string, agent = "main"): MemoryRow {
  return { id: newId("mem", random), agent: parseAgentId(agent), text, label, createdMs: 7 };
}

export function scheduleOf(session: SessionRow["id"], nextMs: number | null): ScheduleRow {
  const { principal } = turnOf(session);
  const id = newId("sch", random);
  return { id, agent: key.agent, session, principal, when: "0 8 * * *", text: "report", label, nextMs, createdMs: 7 };
}

export function tokenOf(secret: string): TokenRow {
  return {
    id: newId("tok", random),
    name: "laptop",
    person: parsePersonId("owner"),
    hash: sha256(secret),
    trust: "full",
    permissions: ["chat", "execute"],
    createdMs: 1,
    expiresMs: null,
    lastUsedMs: null,
    revokedMs: null,
  };
}
