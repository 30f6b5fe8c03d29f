/**
 * Case files on the disk: `incidents/ID/case.json` in the state folder. Written
 * whole or not at all, after a pending record of the change; read by whoever
 * has to know what stands.
 *
 * @module
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Fault } from "../../core/fault.ts";
import { type Case, parseCase, type Stand, standOf, writeCase } from "../../ops/incident/case.ts";
import { makeFolders, replaceFile } from "../config/durable.ts";
import { leavePending } from "../pending.ts";

export const INCIDENTS = "incidents";
const CASE = "case.json";

export function caseFolder(home: string, id: string): string {
  return join(home, INCIDENTS, id);
}

export type CaseStep = { readonly who: string; readonly what: string; readonly why: string; readonly atMs: number };

/** Recorded first: a step that cannot be recorded is not taken. */
export function saveCase(home: string, one: Case, step: CaseStep): void {
  const folder = caseFolder(home, one.id);
  leavePending(home, { kind: "incident", incident: one.id, ...step });
  makeFolders(folder);
  replaceFile(join(folder, CASE), writeCase(one));
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
  return parseCase(readFileSync(join(caseFolder(home, id), CASE), "utf8"), `${INCIDENTS}/${id}/${CASE}`);
}

/** Oldest first by name, which begins with the time. */
export function caseIds(home: string): readonly string[] {
  try {
    return (
      readdirSync(join(home, INCIDENTS), { withFileTypes: true })
        .filter((one) => one.isDirectory() && one.name.startsWith("inc_"))
        .map((one) => one.name)
        // One that a crash kept from being opened is none: what was recorded of it says so.
        .filter((name) => existsSync(join(home, INCIDENTS, name, CASE)))
        .sort()
    );
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

export function allCases(home: string): { readonly cases: readonly Case[]; readonly unreadable: readonly string[] } {
  const cases: Case[] = [];
  const unreadable: string[] = [];
  for (const id of caseIds(home)) {
    try {
      cases.push(loadCase(home, id));
    } catch {
      unreadable.push(id); // counts as open, about everything
    }
  }
  return { cases, unreadable };
}

export function standNow(home: string, nowMs: number): Stand {
  const { cases, unreadable } = allCases(home);
  return standOf(cases, unreadable, nowMs);
}
