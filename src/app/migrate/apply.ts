/**
 * Carrying a move from another system out (R-AUDIT-4). Said before it is done,
 * so that the ledger has it; each part is kept whole or not at all, and what is
 * there already is never overwritten.
 *
 * @module
 */
import { chmodSync, constants, copyFileSync, existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MAIN_AGENT } from "../config/settings.ts";
import type { JsonObject } from "../../core/json.ts";
import { newId, parseAgentId, parsePersonId } from "../../core/ids.ts";
import type { Label } from "../../core/label.ts";
import type { Left, MigratedNote, MigratedSkill, Migration } from "../../core/migration.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { Random } from "../../core/ports/random.ts";
import type { Store } from "../../core/ports/store.ts";
import { createSessions } from "../../steps/session/session.ts";
import { editConfig } from "../config/edit.ts";
import { makeFile, makeFolder } from "../config/durable.ts";
import type { Environment } from "../config/environment.ts";
import { loadConfig } from "../config/load.ts";
import { parsePath } from "../config/paths.ts";
import { parseText, valueAt } from "../config/document.ts";
import { parseWhen } from "../gateway/when.ts";
import { OWNER } from "../given.ts";

export type ApplyParts = {
  readonly home: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly random: Random;
  /** Takes secrets out of a text that is kept. */
  readonly clean: (text: string) => string;
};

/** Texts are cut at blank lines into pieces of so many characters at most. */
const PIECE_CHARS = 4_000;
const NOTE_BYTES = 1024 * 1024;
const SKILL_FILES = 500;

/** Nobody knows who wrote it: it never designates, and lowers whatever reads it. */
function strange(kind: "memory" | "schedule", id: string): Label {
  return {
    trust: "none",
    confidentiality: "private",
    audience: { kind: "persons", persons: [OWNER] },
    sources: [{ kind, id: `openclaw: ${id}`, trust: "none" }],
  };
}

/** @returns what was left, since our file says something there already. */
export async function applySettings(parts: ApplyParts, { settings }: Migration): Promise<readonly Left[]> {
  const path = join(parts.home, "config.yaml");
  const { tree } = parseText(existsSync(path) ? readFileSync(path, "utf8") : "");
  const isFree = (key: string): boolean => valueAt(tree, parsePath(key)) === undefined;
  const free = settings.filter((one) => isFree(one.path));
  if (free.length > 0)
    await editConfig(
      parts.home,
      free.map(({ path: key, value }) => ({ op: "set", path: key, value })),
      { env: parts.env, clock: parts.clock, who: OWNER, why: "brought over from OpenClaw" },
    );
  return settings
    .filter((one) => !isFree(one.path))
    .map((one) => ({ what: one.path, why: "your configuration says something there already" }));
}

/**
 * Notes become memories, jobs become schedules.
 *
 * @returns how many pieces were kept, and what could not be.
 */
export async function applyMemory(
  parts: ApplyParts,
  store: Store,
  plan: Migration,
): Promise<{ readonly kept: number; readonly schedules: number; readonly left: readonly Left[] }> {
  const { config } = loadConfig({ home: parts.home, env: parts.env });
  const agents = new Set([MAIN_AGENT, ...Object.keys(config.agents.entries)]);
  const agentOf = (id: string) => (agents.has(id) ? parseAgentId(id) : MAIN_AGENT);
  const left: Left[] = [];
  let kept = 0;
  for (const note of plan.notes) {
    const pieces = piecesOf(note, left).map((piece) => parts.clean(piece));
    const there = new Set((await store.memory.list(agentOf(note.agent))).map((row) => row.text));
    for (const text of pieces) {
      if (there.has(text)) continue;
      const id = newId("mem", parts.random);
      const label = strange("memory", note.name);
      await store.memory.add({ id, agent: agentOf(note.agent), text, label, createdMs: parts.clock.wallMs() });
      kept += 1;
    }
  }
  const schedules = await applySchedules(parts, store, { plan, agentOf, left, dmScope: config.session.dmScope });
  return { kept, schedules, left };
}

function piecesOf(note: MigratedNote, left: Left[]): readonly string[] {
  const stat = lstatSync(note.path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.size > NOTE_BYTES) {
    left.push({
      what: note.path,
      why: stat === undefined ? "it is gone" : `no file, or larger than ${NOTE_BYTES} bytes`,
    });
    return [];
  }
  const pieces: string[] = [];
  let open = "";
  for (const part of readFileSync(note.path, "utf8")
    .toWellFormed()
    .split(/\n{2,}/)) {
    for (let from = 0; from < part.length; from += PIECE_CHARS) {
      const piece = part.slice(from, from + PIECE_CHARS);
      if (open !== "" && open.length + piece.length + 2 > PIECE_CHARS) {
        pieces.push(open);
        open = "";
      }
      open = open === "" ? piece : `${open}\n\n${piece}`;
    }
  }
  if (open.trim() !== "") pieces.push(open);
  return pieces.filter((piece) => piece.trim() !== "");
}

type SchedulePart = {
  readonly plan: Migration;
  readonly agentOf: (id: string) => ReturnType<typeof parseAgentId>;
  readonly left: Left[];
  readonly dmScope: Parameters<typeof createSessions>[0]["dmScope"];
};

async function applySchedules(
  { clock, random, clean }: ApplyParts,
  store: Store,
  { plan, agentOf, left, dmScope }: SchedulePart,
): Promise<number> {
  const person = parsePersonId(OWNER);
  const sessions = createSessions({ store: store.sessions, clock, random, dmScope });
  const there = new Set((await store.schedules.list()).map((row) => `${row.when}\n${row.text}`));
  let kept = 0;
  for (const { agent: named, name, when, text: said } of plan.schedules) {
    const agent = agentOf(named);
    const text = clean(said);
    const nowMs = clock.wallMs();
    const time = timeOf(when, nowMs);
    if (time === undefined)
      left.push({ what: `schedule ${name.slice(0, 80)}`, why: `\`${when}\` is over, or is no time here` });
    if (time === undefined || there.has(`${time.stored}\n${text}`)) continue;
    const session = await sessions.find({ agent, channel: "terminal", peer: person });
    const id = newId("sch", random);
    const principal = { person, trust: "full", roles: [] } as const;
    const label = strange("schedule", name);
    const row = { id, agent, session: session.id, principal, when: time.stored, text, label };
    await store.schedules.add({ ...row, nextMs: time.nextMs, createdMs: nowMs });
    kept += 1;
  }
  return kept;
}

function timeOf(when: string, nowMs: number): ReturnType<typeof parseWhen> | undefined {
  try {
    return parseWhen(when, nowMs);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return undefined;
  }
}

/** Copied aside, files only, never loaded by itself. @returns how many. */
export function applySkills({ home }: ApplyParts, skills: readonly MigratedSkill[]): number {
  let kept = 0;
  for (const { name, folder, digest } of skills) {
    const to = join(
      home,
      "quarantine",
      "skills",
      `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "_").replace(/^\.+/, "_")}-${digest.slice(0, 12)}`,
    );
    if (existsSync(to)) continue;
    makeFolder(to);
    copyTree(folder, to, { left: SKILL_FILES });
    const origin: JsonObject = { from: folder, digest, system: "openclaw" };
    makeFile(join(to, ".origin.json"), `${JSON.stringify(origin)}\n`);
    kept += 1;
  }
  return kept;
}

/** Links and special files are not taken along. */
function copyTree(from: string, to: string, budget: { left: number }): void {
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    if (budget.left-- <= 0) return;
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      makeFolder(target);
      copyTree(source, target, budget);
    } else if (entry.isFile()) {
      copyFileSync(source, target, constants.COPYFILE_EXCL);
      chmodSync(target, 0o600);
    }
  }
}
