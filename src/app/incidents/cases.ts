/**
 * Case files in the state folder, `incidents/ID/case.json`. A step is recorded
 * before it is taken, by a pending record like every other change that the
 * command line makes; a running gateway appends it within a second.
 *
 * Whoever takes pending records holds the same lock: when it reads the case
 * again because a step was recorded, it reads it as it is after that step.
 *
 * INVARIANT(fail-closed): what lies in `incidents` under the name of one and cannot be read is an open incident.
 *
 * @module
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { type Digest, sha256 } from "../../core/json.ts";
import type { DurableFiles } from "../../core/ports/disk.ts";
import { holdLock, type Lock } from "../../edges/store/lock.ts";
import { type Case, parseCase, type Stand, standOf, writeCase } from "../../ops/incident/case.ts";
import { leavePending } from "../pending.ts";
import { readPlainText } from "../plain-file.ts";

export const INCIDENTS = "incidents";
const CASE = "case.json";
const WAIT_MS = 15_000;
/** What ends things now waits for nobody for long. */
const OPEN_WAIT_MS = 2_000;

export function caseFolder(home: string, id: string): string {
  return join(home, INCIDENTS, id);
}

/** Below the state folder. */
export function caseFile(id: string): string {
  return join(INCIDENTS, id, CASE);
}

export type CaseStep = { readonly who: string; readonly what: string; readonly why: string; readonly atMs: number };
export type CaseParts = { readonly home: string; readonly files: DurableFiles };

/** One that is not there yet. Where somebody holds the lock and does not let go, it is written all the same. */
export function openCase(parts: CaseParts, one: Case, step: CaseStep): Case {
  const lock = lockOf(parts.home, OPEN_WAIT_MS);
  try {
    write(parts, { one, before: sha256("") }, step);
    return one;
  } finally {
    if (lock !== "busy") lock.release();
  }
}

/**
 * Reads, changes by one step, records and writes, while nobody else does.
 *
 * @throws Fault INCIDENT_UNKNOWN, INCIDENT_UNREADABLE, STATE_IN_USE, STATE_FULL, STATE_UNAVAILABLE
 */
export function changeCase(
  parts: CaseParts,
  id: string,
  change: (one: Case) => { readonly one: Case; readonly step: CaseStep },
): Case {
  const lock = lockOf(parts.home, WAIT_MS);
  if (lock === "busy") {
    throw new Fault("STATE_IN_USE", {
      message: "somebody else is changing the state folder",
      hint: "wait until that command has ended, then try again",
    });
  }
  try {
    const before = loadCase(parts.home, id);
    const { one, step } = change(before);
    write(parts, { one, before: sha256(textOf(parts.home, id)) }, step);
    return one;
  } finally {
    lock.release();
  }
}

/** Recorded first: a step that cannot be recorded is not taken. */
function write({ home, files }: CaseParts, { one, before }: { one: Case; before: Digest }, step: CaseStep): void {
  const text = writeCase(one);
  leavePending(home, { kind: "incident", incident: one.id, ...step, before, after: sha256(text) }, files);
  files.makeFolder(caseFolder(home, one.id));
  files.replaceFile(join(home, caseFile(one.id)), text);
}

/** That of whoever takes pending records. */
function lockOf(home: string, waitMs: number): Lock | "busy" {
  return holdLock(join(home, "config.lock"), waitMs);
}

/** @throws Fault INCIDENT_UNKNOWN, INCIDENT_UNREADABLE */
export function loadCase(home: string, id: string): Case {
  const known = caseIds(home);
  if (!known.includes(id)) {
    throw new Fault("INCIDENT_UNKNOWN", {
      message: `there is no incident \`${id.slice(0, 60)}\``,
      hint: known.length === 0 ? "none was ever opened" : `there are: ${known.slice(-5).join(", ")}`,
    });
  }
  const one = parseCase(textOf(home, id), `${INCIDENTS}/${id}/${CASE}`);
  if (one.id === id) return one;
  throw unreadable(id, `it is the one of ${one.id}`);
}

function textOf(home: string, id: string): string {
  try {
    return readPlainText(join(home, caseFile(id)));
  } catch (cause) {
    const why = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    throw unreadable(id, why, cause);
  }
}

function unreadable(id: string, why: string, cause?: unknown): Fault {
  return new Fault("INCIDENT_UNREADABLE", {
    message: `the case file of ${id} cannot be read: ${why}`,
    hint: "mend it, or put it back from a backup or from `incident.json` of its bundle; until then it counts as open",
    cause,
  });
}

/** Oldest first by name, which begins with the time. */
export function caseIds(home: string): readonly string[] {
  return namesIn(join(home, INCIDENTS))
    .filter((name) => name.startsWith("inc_") && !isBegun(join(home, INCIDENTS, name)))
    .sort();
}

/**
 * One that a crash or a full disk kept from being opened is none: what was recorded of it says so. In its folder is no
 * file but a draft; whatever else is there, or cannot be looked at, is an incident.
 */
function isBegun(folder: string): boolean {
  if (!lstatSync(folder).isDirectory()) return false;
  try {
    const inside = readdirSync(folder, { withFileTypes: true, recursive: true });
    return inside.every((one) => one.name !== CASE && (one.isDirectory() || one.name === `${CASE}.draft`));
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new Fault("INCIDENT_UNREADABLE", {
      message: `which incidents there are cannot be read: ${error instanceof Error ? error.message : "unknown"}`,
      hint: `give \`${folder}\` back to the user that runs vambrace; until then nothing starts`,
      cause: error,
    });
  }
}

export function allCases(home: string): { readonly cases: readonly Case[]; readonly unreadable: readonly string[] } {
  const cases: Case[] = [];
  const lost: string[] = [];
  for (const id of caseIds(home)) {
    try {
      cases.push(loadCase(home, id));
    } catch {
      lost.push(id); // counts as open, about everything
    }
  }
  return { cases, unreadable: lost };
}

export function standNow(home: string, nowMs: number): Stand {
  const { cases, unreadable: lost } = allCases(home);
  return standOf(cases, lost, nowMs);
}
