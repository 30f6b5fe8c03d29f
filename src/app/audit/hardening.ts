/** Hardening on this machine: files, modes and the configuration behind the ports of `ops/harden`. @module */
import { chmodSync, existsSync, linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { join } from "node:path";
import { z } from "zod";
import { toFault } from "../../core/fault.ts";
import type { Finding } from "../../core/finding.ts";
import { isArray, isObject, type JsonValue, sha256 } from "../../core/json.ts";
import type { Clock } from "../../core/ports/clock.ts";
import type { HardenPorts, HardenRecord, ModeChange, Planned } from "../../ops/harden/apply.ts";
import { pathText } from "../../ops/audit/written.ts";
import { type ConfigMend, type Plan, planOf } from "../../ops/harden/plan.ts";
import { type Change, changeText } from "../config/change.ts";
import { parseText, valueAt } from "../config/document.ts";
import { makeFolder, replaceFile } from "../config/durable.ts";
import { replaceConfig, restoreConfig } from "../config/edit.ts";
import type { Environment } from "../config/environment.ts";
import { parseConfig, readText } from "../config/load.ts";
import { parsePath } from "../config/paths.ts";
import type { Home } from "../home.ts";
import { namesIn, statOf, textOf } from "./paths.ts";

const HARDEN_FOLDER = "harden";

export type HardenParts = { readonly home: Home; readonly env: Environment; readonly clock: Clock };

export type Proposal = {
  readonly plan: Plan;
  readonly planned: Planned;
  /** Why the configuration is left as it is; null: it is changed, or needs no change. */
  readonly configLeft: string | null;
};

/** What a hardening would do; nothing is changed. */
export function proposeHardening({ home, env, clock }: HardenParts, findings: readonly Finding[]): Proposal {
  const plan = planOf(findings);
  const before = readText(home.config) ?? "";
  const changed = changedConfig(before, plan.config, { home: home.root, env });
  const modes = [...plan.modes].flatMap(([path, take]): readonly ModeChange[] => {
    const mode = modeOf(path);
    return mode === null || (mode & take) === 0 ? [] : [{ path, before: mode, after: mode & ~take }];
  });
  const away = plan.away
    .filter((path) => statOf(path)?.isFile() === true)
    .map((path, i) => ({ path, kept: `away-${i}` }));
  const config = changed.text === before || changed.why !== null ? null : { before, after: changed.text };
  const planned = { atMs: clock.wallMs(), findings: plan.findings, config, modes, away };
  return { plan, planned, configLeft: changed.why };
}

type Changed = { readonly text: string; readonly why: string | null };

/** One that a gateway would not start with is not put in place. */
function changedConfig(
  before: string,
  mends: readonly ConfigMend[],
  where: { home: string; env: Environment },
): Changed {
  if (mends.length === 0) return { text: before, why: null };
  try {
    let text = before;
    for (const mend of mends) {
      text = changeText(text, changesOf(text, mend)).text;
      if (mend.op === "unset") text = withoutEmpty(text, parsePath(mend.path));
    }
    parseConfig(text, where);
    return { text, why: null };
  } catch (thrown) {
    return { text: before, why: toFault(thrown).message };
  }
}

/** A section that held nothing else goes too: of another spelling even an empty one is refused. */
function withoutEmpty(text: string, path: readonly (string | number)[]): string {
  const parent = path.slice(0, -1);
  const value = parent.length === 0 ? null : valueAt(parseText(text).tree, parent);
  if (!isObject(value) || Object.keys(value).length > 0 || typeof parent.at(-1) === "number") return text;
  return withoutEmpty(changeText(text, [{ op: "unset", path: pathText(parent) }]).text, parent);
}

function changesOf(text: string, mend: ConfigMend): readonly Change[] {
  if (mend.op !== "drop") return [mend];
  const list: JsonValue | undefined = valueAt(parseText(text).tree, parsePath(mend.path));
  if (!isArray(list)) return [];
  const isBad = (one: JsonValue): boolean => mend.values.some((bad) => isDeepStrictEqual(bad, one));
  if (list.every(isBad)) return [{ op: "set", path: mend.path, value: [] }];
  // From the end, so that places before it stay; one by one, so that comments of the others do.
  const places = list.flatMap((one, i) => (isBad(one) ? [`${mend.path}[${i}]`] : []));
  return places.reverse().map((path) => ({ op: "unset", path }));
}

function modeOf(path: string): number | null {
  const found = statOf(path);
  if (found === undefined || found.isSymbolicLink() || found.uid !== process.getuid?.()) return null;
  return found.mode & 0o7777;
}

const RECORD = z.strictObject({
  number: z.int(),
  atMs: z.number(),
  findings: z.array(z.string()),
  config: z.strictObject({ before: z.string(), after: z.string() }).nullable(),
  modes: z.array(z.strictObject({ path: z.string(), before: z.int(), after: z.int() })),
  away: z.array(z.strictObject({ path: z.string(), kept: z.string().regex(/^away-\d+$/) })),
  state: z.enum(["begun", "done", "undone"]),
});

/** Newest first. @throws Error where one cannot be read: then what it changed is not known. */
export function hardenRecords(home: Home): readonly HardenRecord[] {
  const folder = join(home.root, HARDEN_FOLDER);
  const numbers = namesIn(folder).filter((name) => /^\d{6}$/.test(name));
  return numbers
    .reverse()
    .map((name) => RECORD.parse(JSON.parse(textOf(join(folder, name, "record.json"), 16 * 1_048_576) ?? "null")));
}

export function hardenPorts({ home, env, clock }: HardenParts): HardenPorts {
  const folderOf = (number: number): string => join(home.root, HARDEN_FOLDER, String(number).padStart(6, "0"));
  const write = (record: HardenRecord): void =>
    replaceFile(join(folderOf(record.number), "record.json"), `${JSON.stringify(record)}\n`);
  const options = (instead: string, why: string) => ({ env, clock, who: "owner", why, baseDigest: sha256(instead) });
  return {
    keep(planned) {
      const number = (hardenRecords(home)[0]?.number ?? 0) + 1;
      makeFolder(folderOf(number));
      const record = { ...planned, number, state: "begun" } as const;
      write(record);
      return record;
    },
    mark: (record, state) => write({ ...record, state }),
    putConfig: async (text, instead, why) => void (await replaceConfig(home.root, text, options(instead, why))),
    restoreConfig: async (text, instead, why) => restoreConfig(home.root, text, options(instead, why)),
    modeOf,
    setMode: (path, mode) => {
      // A link put there meanwhile would lead the change elsewhere.
      if (lstatSync(path).isSymbolicLink()) throw new Error(`\`${path}\` became a link`);
      chmodSync(path, mode);
    },
    moveAway: (record, path, kept) => renameSync(path, join(folderOf(record.number), kept)),
    bringBack(record, path, kept) {
      const from = join(folderOf(record.number), kept);
      if (!existsSync(from)) return existsSync(path);
      if (existsSync(path)) return false;
      linkSync(from, path);
      unlinkSync(from);
      return true;
    },
  };
}
