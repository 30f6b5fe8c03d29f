/** `vambrace migrate openclaw`: moving in, shown first. @module */
import { plural } from "../core/plural.ts";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { stateFolder, userHome } from "../app/config/environment.ts";
import { loadConfig } from "../app/config/load.ts";
import { dlpRules } from "../app/config/settings.ts";
import { homeAt } from "../app/home.ts";
import { type ApplyParts, applyMemory, applySettings, applySkills } from "../app/migrate/apply.ts";
import { OWNER } from "../app/given.ts";
import { leavePending } from "../app/pending.ts";
import { openSecrets } from "../app/secrets/open.ts";
import { memoryAsSealed } from "../app/memory-keys.ts";
import { systemClock, systemRandom } from "../app/system.ts";
import { Fault, toFault } from "../core/fault.ts";
import type { Left, Migration } from "../core/migration.ts";
import type { OpenClawHome } from "../core/openclaw.ts";
import { readOpenClaw } from "../edges/openclaw/read.ts";
import { providerKeys, secretValues } from "../edges/openclaw/secrets.ts";
import { checkValue } from "../edges/vault/content.ts";
import { openStore } from "../edges/store/open.ts";
import { planMigration } from "../ops/migrate/plan.ts";
import { createOutbound } from "../steps/outbound/outbound.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { askYes } from "./typed.ts";
import { secretGround, tellGateway } from "./secrets/ground.ts";
import { keepFound } from "./secrets/import.ts";
import { bringVault } from "./secrets/init.ts";
import { paint, printable } from "./style.ts";

export const migrateOpenclaw: Command = {
  name: "migrate openclaw",
  words: 0,
  summary: "bring settings, memory, schedules, skills and secrets over from OpenClaw with safe values; shown first",
  usage: "vambrace migrate openclaw [--home DIR] [--yes] [--no-secrets] [--json]",
  example: "vambrace migrate openclaw --home ~",
  options: {
    home: { type: "string" },
    yes: { type: "boolean", default: false },
    "no-secrets": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  help: {
    home: "the folder that contains `.openclaw`; your home folder unless said",
    yes: "do it without asking; without it, and without a terminal, it is only shown",
    "no-secrets": "leave keys and tokens where they are",
    json: "print the plan as JSON, and do nothing unless --yes",
  },
  async run(_args, flags, io) {
    const from = readOpenClaw(resolve(flagText(flags, "home") ?? userHome(io.env)));
    if (!from.present) {
      throw new Fault("MIGRATION_NOTHING", {
        message: `there is no OpenClaw in \`${from.root}\``,
        hint: "say where it is with --home: the folder that contains `.openclaw`",
      });
    }
    const plan = planned(from, flags);
    if (flagOn(flags, "json")) io.out(JSON.stringify(plan));
    else draw(io, plan);
    if (!(await isWanted(io, flags))) return 0;
    await apply(io, flags, from, plan);
    return 0;
  },
};

function planned(from: OpenClawHome, flags: Flags): Migration {
  const plan = planMigration(from, providerKeys(from.root));
  if (!flagOn(flags, "no-secrets")) return plan;
  return { ...plan, secrets: [], settings: plan.settings.filter(({ path }) => !path.endsWith(".apiKey")) };
}

async function isWanted(io: Io, flags: Flags): Promise<boolean> {
  if (flagOn(flags, "yes")) return true;
  if (flagOn(flags, "json")) return false;
  if (!io.isTerminal) {
    io.err("nothing was done: --yes does it");
    return false;
  }
  return askYes(io, "bring this over? [y/N] ");
}

/** The vault is opened before anything is said or done; then secrets, since settings name them; then the rest. */
async function apply(io: Io, flags: Flags, from: OpenClawHome, plan: Migration): Promise<void> {
  const home = stateFolder(io.env);
  if (!existsSync(join(home, "config.yaml"))) {
    throw new Fault("MIGRATION_NOTHING", {
      message: "vambrace is not set up yet: there is nothing to bring it to",
      hint: "run `vambrace setup` first",
    });
  }
  const keys = { home, clock: systemClock, random: systemRandom, vaultKey: secretGround(io, flags).key };
  const store = await openStore({
    dir: homeAt(home).store,
    clock: systemClock,
    clean: KEEP_ALL,
    memory: memoryAsSealed(keys),
  });
  try {
    const vault = plan.secrets.length === 0 ? undefined : secretGround(io, flags, "brought over from OpenClaw");
    if (vault !== undefined) await bringVault(io, vault);
    leavePending(home, {
      kind: "migration",
      who: OWNER,
      why: "said in a terminal",
      atMs: systemClock.wallMs(),
      target: from.root,
      data: countsOf(plan),
    });
    const found = vault === undefined ? [] : foundIn(io, from, plan);
    if (vault !== undefined) await keepFound(io, flags, vault, found);
    if (vault !== undefined) await tellGateway(io);
    const parts = { home, env: io.env, clock: systemClock, random: systemRandom, clean: await cleaner(io, home) };
    const settingsLeft = await applySettings(parts, withoutLeft(plan, found));
    const { kept, schedules, left } = await applyMemory(parts, store, plan);
    const skills = applySkills(parts, plan.skills);
    for (const line of [...settingsLeft, ...left]) io.err(`left: ${printable(line.what)}: ${line.why}`);
    io.err(
      `brought over: ${plural(plan.settings.length - settingsLeft.length, "setting")}, ${plural(kept, "piece")} of memory, ${plural(schedules, "schedule")}, ${plural(skills, "skill")} into quarantine`,
    );
    io.err("what came along has no trust: it is read, and what it asks for is asked about");
  } finally {
    await store.close();
  }
}

/** Nothing of the store's turns is touched here; what is kept is cleaned before. */
const KEEP_ALL = { text: (text: string) => text, value: <T>(value: T): T => value };

async function cleaner(io: Io, home: string): Promise<ApplyParts["clean"]> {
  const loaded = loadConfig({ home, env: io.env });
  const deps = { clock: systemClock, random: systemRandom };
  const secrets = await openSecrets(loaded, { env: io.env, ...deps, isLooking: true });
  const outbound = createOutbound(secrets.known.find, dlpRules(loaded.config));
  return (text) => outbound.kept.text(text);
}

type Found = Parameters<typeof keepFound>[3][number];

/** With the values that the vault takes; the others are told and left. */
function foundIn(io: Io, from: OpenClawHome, plan: Migration): readonly Found[] {
  const values = secretValues(from.root, from.config, plan.secrets);
  return plan.secrets.flatMap(({ name, from: place }): readonly Found[] => {
    try {
      return [{ name, from: place, value: checkValue(values.get(place) ?? "") }];
    } catch (thrown) {
      io.err(`left: ${printable(place)}: ${toFault(thrown).message}`);
      return [];
    }
  });
}

/** A setting that names a secret which was left would stop the next start. */
function withoutLeft(plan: Migration, found: readonly Found[]): Migration {
  const kept = new Set(found.map(({ name }) => `\${vault:${name}}`));
  const fits = (value: unknown): boolean =>
    typeof value !== "string" || !value.startsWith("${vault:") || kept.has(value);
  return { ...plan, settings: plan.settings.filter(({ value }) => fits(value)) };
}

function countsOf(plan: Migration): Record<string, number> {
  return {
    settings: plan.settings.length,
    notes: plan.notes.length,
    schedules: plan.schedules.length,
    skills: plan.skills.length,
    secrets: plan.secrets.length,
    left: plan.left.length,
  };
}

function draw(io: Io, plan: Migration): void {
  const part = (title: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    io.out(paint(io, "bold", title));
    for (const line of lines) io.out(`  ${printable(line)}`);
  };
  part(
    "settings",
    plan.settings.map(({ path, value, from }) => `${path}: ${JSON.stringify(value)}   (${from})`),
  );
  part(
    "memory, with no trust",
    plan.notes.map(({ path }) => path),
  );
  part(
    "schedules, with no trust",
    plan.schedules.map(({ when, name, text }) => `${when}  ${name}: ${text.slice(0, 100)}`),
  );
  part(
    "skills, into quarantine",
    plan.skills.map(({ folder }) => folder),
  );
  part(
    "secrets, into the vault",
    plan.secrets.map(({ name, from }) => `vault:${name}   (${from})`),
  );
  part(
    "left, and why",
    plan.left.map(({ what, why }: Left) => `${what}: ${why}`),
  );
}
