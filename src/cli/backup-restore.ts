/** `vambrace backup restore` and `backup drill`. @module */
import { plural } from "../core/plural.ts";
import { resolve } from "node:path";
import { type Drill, drillBackup } from "../app/backup/drill.ts";
import { depotOf, listBackups, openBackup } from "../app/backup/open.ts";
import { restoreHome, stampOf } from "../app/backup/restore.ts";
import { stateFolder } from "../app/config/environment.ts";
import { OWNER } from "../app/given.ts";
import { systemClock } from "../app/system.ts";
import { restoreBackup, type Restored, unfinished } from "../ops/backup/restore.ts";
import { WORKSPACE } from "../ops/backup/source.ts";
import { FROM, FROM_HELP, fromOf, KEPT, KEPT_HELP, keptOr, usage } from "./backup.ts";
import { neededUnlock, UNLOCK_HELP, UNLOCK_OPTIONS } from "./backup-unlock.ts";
import { type Command, flagOn, flagText, type Io } from "./command.ts";
import { asking } from "./secrets/ground.ts";
import { byteText, oneLine, paint } from "./style.ts";

const JSON_OPTION = { json: { type: "boolean", default: false } } as const;

export const backupRestore: Command = {
  name: "backup restore",
  words: 1,
  summary: "put the state folder back from a backup; all of it or nothing",
  usage:
    "vambrace backup restore [NUMBER] [--from DIR] [--identity FILE|--passphrase-file FILE] [--into DIR] [--workspace AGENT] [--replace] [--key K] [--checkpoint FILE] [--why TEXT] [--json]",
  example: "vambrace backup restore --from /media/usb/backups --identity /media/usb/vambrace-backup.key",
  options: {
    ...FROM,
    ...UNLOCK_OPTIONS,
    into: { type: "string" },
    workspace: { type: "string" },
    replace: { type: "boolean", default: false },
    ...KEPT,
    why: { type: "string" },
    ...JSON_OPTION,
  },
  help: {
    ...FROM_HELP,
    ...UNLOCK_HELP,
    into: "the folder that comes to be; else the state folder",
    workspace: "put this agent's workspace back instead (`main`); needs --into",
    replace: "where the folder is not empty: keep it beside, under another name",
    ...KEPT_HELP,
    why: "recorded in the ledger of what was restored",
    json: "print what was done as JSON",
  },
  async run(args, flags, io) {
    const number = numberIn(args, backupRestore);
    const home = stateFolder(io.env);
    const agent = flagText(flags, "workspace");
    const named = flagText(flags, "into");
    if (agent !== undefined && named === undefined) throw usage("say where the workspace goes (--into)", backupRestore);
    const into = named === undefined ? home : resolve(named);
    const depot = depotOf(home, io.env, fromOf(flags));
    const kept = keptOr(flags, home);
    const listed = await listBackups(depot, kept);
    const backup = await openBackup(depot, listed, await neededUnlock(io, flags), number);
    const why = flagText(flags, "why") ?? "said in a terminal";
    const common = { depot, replace: flagOn(flags, "replace") };
    const restored =
      agent === undefined
        ? await restoreHome({ ...common, backup, into, who: OWNER, why, clock: systemClock })
        : await restoreBackup({
            ...common,
            ...backup,
            target: { root: `${WORKSPACE}/${agent}`, folder: into },
            stamp: stampOf(systemClock),
          });
    if (flagOn(flags, "json"))
      io.out(JSON.stringify({ number: backup.note.number, made: backup.note.time, ...restored }));
    else draw(io, restored, `backup ${backup.note.number} of ${backup.note.time}`);
    if (kept.publicKey === undefined)
      io.err(
        "hint: nobody vouches for the folder: give --key and --checkpoint that you kept elsewhere to know that the backup is yours",
      );
    await tellUnfinished(io, into);
    return 0;
  },
};

function draw(io: Io, { folder, files, bytes, aside, left }: Restored, what: string): void {
  io.out(`${folder}: ${plural(files, "file")}, ${byteText(bytes)}, from ${what}`);
  if (aside !== undefined) io.err(`what was there is kept in ${aside}`);
  for (const path of left)
    io.err(paint(io, "yellow", `a link that leads elsewhere was not made: ${oneLine(path, 200)}`));
}

async function tellUnfinished(io: Io, folder: string): Promise<void> {
  for (const path of await unfinished(folder)) io.err(`left by a restore that was ended: ${path}; nobody needs it`);
}

export const backupDrill: Command = {
  name: "backup drill",
  words: 1,
  summary: "restore a backup into a folder that is thrown away, and try what was restored",
  usage: "vambrace backup drill [NUMBER] [--from DIR] [--identity FILE|--passphrase-file FILE] [--json]",
  example: "vambrace backup drill --identity /media/usb/vambrace-backup.key",
  options: { ...FROM, ...UNLOCK_OPTIONS, ...JSON_OPTION },
  help: { ...FROM_HELP, ...UNLOCK_HELP, json: "print the lines as JSON" },
  async run(args, flags, io) {
    const number = numberIn(args, backupDrill);
    const home = stateFolder(io.env);
    const depot = depotOf(home, io.env, fromOf(flags));
    const listed = await listBackups(depot, keptOr(flags, home));
    const backup = await openBackup(depot, listed, await neededUnlock(io, flags), number);
    const parts = { home, env: io.env, clock: systemClock, depot, backup, who: OWNER };
    const drill = await drillBackup({ ...parts, passphrase: asking(io) });
    if (flagOn(flags, "json")) io.out(JSON.stringify(drill));
    else drawDrill(io, drill);
    return drill.ok ? 0 : 4;
  },
};

const COLOURS = { ok: "green", skip: "yellow", fail: "red" } as const;

function drawDrill(io: Io, { ok, number, lines }: Drill): void {
  for (const { id, status, says } of lines)
    io.out(`${paint(io, COLOURS[status], status.padEnd(4))} ${id.padEnd(14)} ${oneLine(says, 300)}`);
  const skipped = lines.filter(({ status }) => status === "skip").length;
  io.err(
    `backup ${number}: ${ok ? "it can be restored" : "it CANNOT be relied on"}; ${lines.length} looked at, ${skipped} not tried`,
  );
}

function numberIn([number, ...more]: readonly string[], command: Command): number | undefined {
  if (more.length > 0 || (number !== undefined && !/^[1-9][0-9]{0,5}$/.test(number)))
    throw usage("say one number, as `vambrace backup list` shows them, or none for the newest", command);
  return number === undefined ? undefined : Number(number);
}
