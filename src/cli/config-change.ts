/**
 * A change of the configuration as a person makes it: what it means is said
 * first, one that opens something is asked about on a terminal, and only then
 * is anything written.
 *
 * @module
 */
import type { Change } from "../app/config/change.ts";
import { type Edited, editConfig, type Planned, planEdit, replaceConfig } from "../app/config/edit.ts";
import { stateFolder } from "../app/config/environment.ts";
import type { Loaded } from "../app/config/load.ts";
import { OWNER } from "../app/given.ts";
import { homeAt } from "../app/home.ts";
import { readPolicies } from "../app/policies.ts";
import { systemClock } from "../app/system.ts";
import { Fault } from "../core/fault.ts";
import { isWidening, type Meaning, sentencesOf } from "../ops/history/meaning.ts";
import { auditAfter } from "./audit/after.ts";
import { type Flags, flagOn, flagText, type Io } from "./command.ts";
import { during } from "./progress.ts";
import { oneLine, paint } from "./style.ts";
import { askYes } from "./typed.ts";

export const CHANGE_OPTIONS = {
  why: { type: "string" },
  "dry-run": { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
} as const;
export const CHANGE_HELP = {
  why: "kept with the old text in `vambrace config history`",
  "dry-run": "say what it would mean, and change nothing",
  yes: "do not ask on a terminal where it opens something",
  json: "print what was changed, and what it means, as JSON",
} as const;

/** Somebody else may change the file while the judge is asked: then it is asked again. */
const ATTEMPTS = 4;

/** @param change the changes, or the whole text that it becomes. @returns the exit status; 3 where the person said no. */
export async function applyChange(
  io: Io,
  flags: Flags,
  change: readonly Change[] | string,
  why: string,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await applyOnce(io, flags, change, why);
    } catch (thrown) {
      const isConflict = thrown instanceof Fault && thrown.code === "CONFIG_CONFLICT";
      if (!isConflict || attempt === ATTEMPTS) throw thrown;
    }
  }
}

async function applyOnce(io: Io, flags: Flags, change: readonly Change[] | string, why: string): Promise<number> {
  const home = stateFolder(io.env);
  const plan = planEdit({ home, env: io.env }, change);
  const meaning = await during(io, "asking the judge what this opens", () => meaningOf(home, plan));
  const sentences = meaning === undefined ? [UNTOLD] : sentencesOf(meaning);
  if (plan.after.text === plan.beforeText) {
    return report(io, flags, {
      edited: { changed: false, version: null, paths: [], loaded: plan.after },
      meaning,
      sentences,
    });
  }
  const outcome = { meaning, sentences, after: plan.after };
  say(io, flags, outcome);
  if (flagOn(flags, "dry-run")) return 0;
  const opens = meaning === undefined || isWidening(meaning);
  if (
    opens &&
    io.isTerminal &&
    !flagOn(flags, "yes") &&
    !(await askYes(io, "  it opens what was closed; apply it? [y/N] > "))
  ) {
    io.err("nothing was changed");
    return 3;
  }
  const options = {
    env: io.env,
    clock: systemClock,
    who: OWNER,
    why: flagText(flags, "why") ?? why,
    baseDigest: plan.baseDigest,
    meaning: sentences,
  };
  const edited =
    typeof change === "string" ? await replaceConfig(home, change, options) : await editConfig(home, change, options);
  return report(io, flags, { edited, meaning, sentences });
}

type Told = { readonly meaning: Meaning | undefined; readonly sentences: readonly string[]; readonly after: Loaded };

/** Before anything is written. */
function say(io: Io, flags: Flags, { meaning, sentences, after }: Told): void {
  const isDry = flagOn(flags, "dry-run");
  if (flagOn(flags, "json")) {
    if (isDry) io.out(JSON.stringify({ changed: false, dryRun: true, ...asJson(meaning, sentences, after) }));
    return;
  }
  for (const line of firstOf(sentences, isDry)) io.err(painted(io, line));
  if (isDry) io.err("nothing was changed: --dry-run");
}

const SHOWN = 12;

/** Enough to see what kind of change it is; `--dry-run` and `config diff` say everything. */
export function firstOf(sentences: readonly string[], all: boolean): readonly string[] {
  if (all || sentences.length <= SHOWN) return sentences;
  return [...sentences.slice(0, SHOWN), `and ${sentences.length - SHOWN} more: \`vambrace config diff\``];
}

const UNTOLD = "what it opens cannot be told: the text before cannot be used";

/** Undefined where the text before cannot be used. */
async function meaningOf(home: string, { before, after }: Planned): Promise<Meaning | undefined> {
  if (before === undefined) return undefined;
  // The judge is large: it is read only where something is to be asked.
  const { meaningOfChange } = await import("../app/config-meaning.ts");
  return meaningOfChange(before, after, readPolicies(homeAt(home).policies));
}

export function painted(io: Io, line: string): string {
  const text = oneLine(line, 2_000);
  return text.startsWith("+") ? paint(io, "yellow", text) : text.startsWith("-") ? paint(io, "green", text) : text;
}

type Outcome = {
  readonly edited: Pick<Edited, "changed" | "version" | "paths" | "loaded">;
  readonly meaning: Meaning | undefined;
  readonly sentences: readonly string[];
};

async function report(io: Io, flags: Flags, { edited, meaning, sentences }: Outcome): Promise<number> {
  const { changed, version, paths, loaded } = edited;
  if (flagOn(flags, "json")) {
    io.out(JSON.stringify({ changed, version, paths, ...asJson(meaning, sentences, loaded) }));
  } else if (!changed) {
    io.err("nothing to change: it says so already");
  } else {
    const places = paths.filter((path) => path !== "").join(", ");
    io.err(`changed ${places || "the whole text"}; the text before is version ${version}`);
    io.err("a running gateway takes it at its next start");
    for (const line of loaded.downgrades) io.err(`weaker than the default: ${line}`);
    await auditAfter(io, "config", "settings");
  }
  return 0;
}

function asJson(meaning: Meaning | undefined, sentences: readonly string[], { downgrades }: Loaded): object {
  return { downgrades, meaning: sentences, opens: meaning?.opens ?? null, closes: meaning?.closes ?? null };
}
