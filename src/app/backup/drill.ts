/**
 * The drill: a backup is worth what restoring it shows. It is restored into a
 * folder that is thrown away, and what was restored has to work: ledger,
 * policies, judge, databases, spent permits, modes.
 *
 * What could not be tried is said and counted, never taken for well.
 *
 * @module
 */
import { plural } from "../../core/plural.ts";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { toFault } from "../../core/fault.ts";
import type { Clock } from "../../core/ports/clock.ts";
import { openSpentTokens } from "../../edges/broker/spent.ts";
import { checkDatabase } from "../../edges/store/copy.ts";
import { verifyLedger } from "../../ledger/verify.ts";
import type { Depot } from "../../ops/backup/depot.ts";
import { restoreBackup } from "../../ops/backup/restore.ts";
import { HOME } from "../../ops/backup/source.ts";
import { makeFolder } from "../config/durable.ts";
import type { Environment } from "../config/environment.ts";
import { parseConfig, readText } from "../config/load.ts";
import { checkStateModes } from "../config/modes.ts";
import { homeAt } from "../home.ts";
import { leavePending } from "../pending.ts";
import { readPolicies } from "../policies.ts";
import type { Passphrase } from "../secrets/sources.ts";
import { answersOf } from "./answers.ts";
import { openRestoredVault } from "./drill-vault.ts";
import type { OpenedBackup } from "./open.ts";
import { writeDrill } from "./own.ts";
import { stampOf } from "./restore.ts";
import { readPlainText } from "../plain-file.ts";

export type DrillLine = { readonly id: string; readonly status: "ok" | "fail" | "skip"; readonly says: string };
export type Drill = { readonly ok: boolean; readonly number: number; readonly lines: readonly DrillLine[] };

export type DrillParts = {
  /** The state folder, which stays as it is. */
  readonly home: string;
  readonly env: Environment;
  readonly clock: Clock;
  readonly depot: Depot;
  readonly backup: OpenedBackup;
  readonly who: string;
  /** Asks whoever sits there for the passphrase of the vault; undefined: nobody does. */
  readonly passphrase: Passphrase | undefined;
};

/** @throws Fault where it could not be restored at all; that is recorded as a failed drill too. */
export async function drillBackup(parts: DrillParts): Promise<Drill> {
  const { home, clock, backup } = parts;
  const stamp = stampOf(clock);
  const folder = join(home, "run", `drill-${stamp}`);
  makeFolder(folder);
  try {
    const restored = join(folder, "home");
    const { files, bytes } = await restoreBackup({
      depot: parts.depot,
      ...backup,
      target: { root: HOME, folder: restored },
      replace: false,
      stamp,
    });
    const lines: DrillLine[] = [{ id: "restore", status: "ok", says: `${files} files, ${bytes} bytes` }];
    for (const [id, look] of LOOKS) lines.push(await looked(id, () => look(restored, parts)));
    return told(parts, lines);
  } catch (thrown) {
    told(parts, [{ id: "restore", status: "fail", says: toFault(thrown).message }]);
    throw thrown;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What was found; `skip: …` where there was nothing to look at. @throws where it does not hold. */
type Look = (restored: string, parts: DrillParts) => Promise<string>;

const LOOKS: readonly (readonly [string, Look])[] = [
  ["modes", modes],
  ["ledger", ledger],
  ["history", sameHistory],
  ["judge", judge],
  ["databases", databases],
  ["spent permits", spent],
  ["secrets", secrets],
];

class NotTried extends Error {}
class Wrong extends Error {}

async function looked(id: string, look: () => Promise<string>): Promise<DrillLine> {
  try {
    return { id, status: "ok", says: await look() };
  } catch (thrown) {
    if (thrown instanceof NotTried) return { id, status: "skip", says: thrown.message };
    return { id, status: "fail", says: thrown instanceof Wrong ? thrown.message : toFault(thrown).message };
  }
}

async function modes(restored: string): Promise<string> {
  const [first, ...more] = checkStateModes(restored);
  if (first === undefined) return "the owner's alone";
  throw new Wrong(`${first.path} ${first.says}${more.length === 0 ? "" : `, and ${more.length} more`}`);
}

async function ledger(restored: string): Promise<string> {
  const folder = homeAt(restored).ledger;
  if (!existsSync(join(folder, "checkpoint"))) throw new NotTried("the backup has no ledger: no gateway had run");
  const { consistent, entries, problem } = await verifyLedger(folder);
  if (consistent) return `consistent: ${plural(entries, "entry", "entries")}`;
  throw new Wrong(problem ?? "it does not fit together");
}

/** The ledger that goes on here has to be the restored one, continued. */
async function sameHistory(restored: string, { home }: DrillParts): Promise<string> {
  const [there, here] = [homeAt(restored).ledger, homeAt(home).ledger];
  const read = (name: string): string => readPlainText(join(there, name));
  if (!existsSync(join(there, "checkpoint"))) throw new NotTried("the backup has no ledger");
  if (!existsSync(join(here, "checkpoint"))) throw new NotTried("there is no ledger here to compare it with");
  const { intact, entries, problem } = await verifyLedger(here, {
    publicKey: read("key.pub"),
    checkpoint: read("checkpoint"),
  });
  if (intact === true)
    return `the ledger here is the restored one, continued to ${plural(entries, "entry", "entries")}`;
  throw new Wrong(problem ?? "the ledger here is not the restored one, continued");
}

async function judge(restored: string, { env, backup }: DrillParts): Promise<string> {
  const { answers, home: was } = backup.run.head.facts;
  // The folder that it was made of: what lies where decides what is out of reach.
  const where = { home: typeof was === "string" ? was : restored, env };
  const loaded = parseConfig(readText(homeAt(restored).config) ?? "", where);
  const policies = readPolicies(homeAt(restored).policies);
  const now = await answersOf(loaded, policies);
  if (now.asked === 0) throw new Wrong("the judge was asked nothing");
  if (now.digest === answers) return `${now.asked} calls answered as when it was made; ${policies.length} policy files`;
  throw new Wrong(
    `${now.asked} calls: not all are answered as when it was made (another version of vambrace, or other files here)`,
  );
}

async function databases(restored: string): Promise<string> {
  const folder = homeAt(restored).store;
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".db")) : [];
  if (names.length === 0) throw new NotTried("the backup has no database: no gateway had run");
  for (const name of names) {
    const [problem] = checkDatabase(join(folder, name));
    if (problem !== undefined) throw new Wrong(`\`${name}\`: ${problem}`);
  }
  return `${names.join(", ")}: every page adds up`;
}

async function spent(restored: string, { clock }: DrillParts): Promise<string> {
  const file = join(homeAt(restored).broker, "spent");
  if (!existsSync(file)) throw new NotTried("no permit had been spent");
  openSpentTokens(file, () => clock.wallMs()).close();
  return "remembered";
}

async function secrets(restored: string, { home, env, passphrase }: DrillParts): Promise<string> {
  const count = await openRestoredVault(restored, { home, env, passphrase });
  if (count === undefined) throw new NotTried("there is no vault; values in the environment are not in a backup");
  return `the vault opens: ${plural(count, "value")}`;
}

function told({ home, clock, who, backup }: DrillParts, lines: readonly DrillLine[]): Drill {
  const failed = lines.filter(({ status }) => status === "fail").map(({ id }) => id);
  const skipped = lines.filter(({ status }) => status === "skip").map(({ id }) => id);
  const { number, time } = backup.note;
  const ok = failed.length === 0;
  const atMs = clock.wallMs();
  leavePending(home, {
    kind: "backup",
    what: "backup.drilled",
    who,
    why: ok ? "a drill" : "a drill that failed",
    atMs,
    target: String(number),
    result: ok ? "ok" : "failed",
    data: { made: time, looked: lines.length, failed: failed.join(", "), skipped: skipped.join(", ") },
  });
  writeDrill(home, { time: new Date(atMs).toISOString(), number, ok, skipped });
  return { ok, number, lines };
}
