/** What a check of an OpenClaw installation is: words, and one function over what it comes to. @module */
import type { Finding, Severity } from "../../core/finding.ts";
import type { Effective } from "./effective.ts";

export type OpenClawCheck = {
  /** OpenClaw's own id where its audit has one, else `vambrace.…`. `%` is what `look` names (a channel). */
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly fix: string;
  readonly references: readonly string[];
  /** Places that are wrong; empty: it is as it should be. */
  readonly look: (at: Effective) => readonly Place[];
};

/** `part` stands in the id in place of `%`. `severity`: where this place is worse or less bad than the rule. */
export type Place = string | { readonly place: string; readonly part?: string; readonly severity?: Severity };

export type OpenClawFamily = { readonly name: string; readonly checks: readonly OpenClawCheck[] };

/** One finding for each id and severity, with all places of it. */
export function findingsOf(families: readonly OpenClawFamily[], at: Effective): readonly Finding[] {
  return families.flatMap((family) => family.checks.flatMap((check) => findingsOfCheck(family.name, check, at)));
}

function findingsOfCheck(family: string, check: OpenClawCheck, at: Effective): readonly Finding[] {
  const { look, ...words } = check;
  const grouped = new Map<string, { id: string; severity: Severity; places: string[] }>();
  for (const found of look(at)) {
    const place = typeof found === "string" ? found : found.place;
    const part = typeof found === "string" ? undefined : found.part;
    const severity = (typeof found === "string" ? undefined : found.severity) ?? check.severity;
    // A name that somebody wrote into a configuration is shown on terminals and sorted by.
    const id = check.id.replace("%", part !== undefined && /^[\w-]{1,40}$/.test(part) ? part : "unknown");
    const group = grouped.get(`${id} ${severity}`) ?? { id, severity, places: [] };
    group.places.push(place);
    grouped.set(`${id} ${severity}`, group);
  }
  return [...grouped.values()].map((group) => ({
    ...words,
    fix: withCommands(words.fix),
    ...group,
    family: `openclaw.${family}`,
    mends: [],
  }));
}

const SETTING =
  "((?:agents|browser|discovery|gateway|hooks|logging|mcp|plugins|security|session|skills|tools)\\.[A-Za-z.-]*[A-Za-z])";

/** What is to be set, as the command that sets it. */
export function withCommands(fix: string): string {
  return fix
    .replaceAll(new RegExp(`\\bset ${SETTING} to ([\\w-]+)`, "g"), "`openclaw config set $1 $2`")
    .replaceAll(new RegExp(`\\bunset ${SETTING}`, "g"), "`openclaw config unset $1`");
}
