/**
 * Which incident a command is about: the one that is named, else the only one
 * that is open. Which was taken is said; where there are several, none is.
 *
 * @module
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { stateFolder } from "../app/config/environment.ts";
import { homeAt } from "../app/home.ts";
import { allCases, caseFolder } from "../app/incidents/cases.ts";
import { Fault } from "../core/fault.ts";
import type { Io } from "./command.ts";
import { oneLine } from "./style.ts";

/** What begins like this is meant as an id, also where there is no such incident. */
const LIKE_ID = /^inc_/;

/** @throws Fault INCIDENT_UNKNOWN, COMMAND_USAGE */
export function whichIncident(io: Io, said: string | undefined): string {
  if (said !== undefined) return said;
  const { cases, unreadable } = allCases(homeAt(stateFolder(io.env)).root);
  const open = [
    ...cases.filter(({ state }) => state === "open").map(({ id, reason }) => ({ id, reason })),
    ...unreadable.map((id) => ({ id, reason: "its case file cannot be read" })),
  ];
  const [one, ...others] = open;
  if (one === undefined) {
    const closed = cases.slice(-5).map(({ id }) => id);
    throw new Fault("INCIDENT_UNKNOWN", {
      message: "no incident is open",
      hint: closed.length === 0 ? "none was ever opened" : `of a closed one say the id: ${closed.join(", ")}`,
    });
  }
  if (others.length > 0) {
    throw new Fault("COMMAND_USAGE", {
      message: `${open.length} incidents are open: say which`,
      hint: `one of: ${open.map(({ id, reason }) => `${id} (${oneLine(reason, 60)})`).join(", ")}`,
    });
  }
  io.err(`about ${one.id}, the only one that is open`);
  return one.id;
}

/** The words of a command that takes `[ID] WORDS`. */
export function incidentAndWords(
  io: Io,
  args: readonly string[],
  most: number,
): { readonly id: string; readonly words: readonly string[] } {
  const [first = "", ...rest] = args;
  const isNamed = LIKE_ID.test(first) || args.length > most;
  return { id: whichIncident(io, isNamed ? first : undefined), words: isNamed ? rest : args };
}

/** The newest of the incident's bundles. @throws Fault INCIDENT_UNKNOWN, COMMAND_USAGE */
export function newestBundle(io: Io): string {
  const folder = caseFolder(homeAt(stateFolder(io.env)).root, whichIncident(io, undefined));
  const numbers = readdirSync(folder)
    .map((name) => Number(/^bundle-([0-9]{1,6})$/.exec(name)?.[1] ?? "0"))
    .toSorted((a, b) => a - b);
  const newest = numbers.at(-1) ?? 0;
  if (newest === 0) {
    throw new Fault("INCIDENT_CONFLICT", {
      message: "no evidence was kept yet",
      hint: "`vambrace incident bundle` makes it",
    });
  }
  return join(folder, `bundle-${newest}`);
}
