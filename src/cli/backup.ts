/** `vambrace backup key`, `create`, `list` and `verify`. @module */
import { readPlainText } from "../app/plain-file.ts";
import { plural } from "../core/plural.ts";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { makeBackup } from "../app/backup/make.ts";
import { depotOf, listBackups } from "../app/backup/open.ts";
import { BACKUP_NAME, checkpointFile, lastDrill } from "../app/backup/own.ts";
import { makeFile } from "../app/config/durable.ts";
import { stateFolder } from "../app/config/environment.ts";
import { OWNER } from "../app/given.ts";
import { leavePending } from "../app/pending.ts";
import { systemClock, systemRandom } from "../app/system.ts";
import { Fault, toFault } from "../core/fault.ts";
import { newIdentity } from "../ops/backup/envelope.ts";
import type { Created } from "../ops/backup/create.ts";
import { type BackupReport, verifyBackups } from "../ops/backup/verify.ts";
import { UNLOCK_HELP, UNLOCK_OPTIONS, unlockOf } from "./backup-unlock.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { during } from "./progress.ts";
import { byteText, oneLine, paint, table } from "./style.ts";

const JSON_OPTION = { json: { type: "boolean", default: false } } as const;
export const FROM = { from: { type: "string" } } as const;
export const FROM_HELP = { from: "the folder with the backups; else `backup.destination`" } as const;
export const KEPT = { key: { type: "string" }, checkpoint: { type: "string" } } as const;
export const KEPT_HELP = {
  key: "the chain's public key, kept elsewhere (`backup/key.pub` of the state folder), or a file that holds it",
  checkpoint: "a note that was kept elsewhere (`backup/checkpoint`): shows that no older state was put back",
} as const;

export const backupKey: Command = {
  name: "backup key",
  words: 1,
  summary: "make a key that opens backups, to be kept away from this machine",
  usage: "vambrace backup key FILE",
  example: "vambrace backup key /media/usb/vambrace-backup.key",
  options: {},
  help: {},
  async run([file, ...more], _flags, io) {
    if (file === undefined || more.length > 0) throw usage("name the file that the key goes to", backupKey);
    if (existsSync(file)) throw usage(`\`${oneLine(file, 200)}\` is there already`, backupKey);
    const { identity, recipient } = await newIdentity();
    makeFile(resolve(file), `# opens backups of vambrace; recipient: ${recipient}\n${identity}\n`);
    io.out(recipient);
    io.err(
      `the key is in ${oneLine(file, 200)}: keep it and a copy away from this machine; without it no backup can be opened`,
    );
    io.err(`hint: \`vambrace config set backup.recipients '["${recipient}"]'\``);
    return 0;
  },
};

export const backupCreate: Command = {
  name: "backup create",
  words: 0,
  summary: "save the state folder, encrypted; what is saved already is not written again",
  usage: "vambrace backup create [--to DIR] [--workspace] [--full] [--why TEXT] [--json]",
  example: "vambrace backup create",
  options: {
    to: { type: "string" },
    workspace: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
    why: { type: "string" },
    ...JSON_OPTION,
  },
  help: {
    to: "another folder than `backup.destination`",
    workspace: "save the workspaces too",
    full: "write everything again, whatever is there",
    why: "recorded in the ledger",
    json: "print what was done as JSON",
  },
  async run(_args, flags, io) {
    const home = stateFolder(io.env);
    const to = flagText(flags, "to");
    const begun = performance.now();
    const why = flagText(flags, "why") ?? "said in a terminal";
    const parts = {
      home,
      env: io.env,
      clock: systemClock,
      random: systemRandom,
      full: flagOn(flags, "full"),
      signal: io.signal,
      ...(to === undefined ? {} : { destination: resolve(to) }),
      ...(flagOn(flags, "workspace") ? { workspace: true } : {}),
    };
    const created = await recorded(home, why, () => during(io, "saving", () => makeBackup(parts)));
    if (flagOn(flags, "json")) io.out(JSON.stringify(asJson(created)));
    else drawCreated(io, created, performance.now() - begun);
    return 0;
  },
};

/** What came of it goes into the ledger by the gateway that runs, or the next one. */
async function recorded(home: string, why: string, make: () => Promise<Created>): Promise<Created> {
  const note = { kind: "backup", who: OWNER, why } as const;
  try {
    const created = await make();
    const { note: made, files, bytes, written, left } = created;
    const data = { root: made.root, files, bytes, written, left: left.length, scheduled: false };
    leavePending(home, {
      ...note,
      what: "backup.created",
      atMs: systemClock.wallMs(),
      target: String(made.number),
      result: "ok",
      data,
    });
    return created;
  } catch (thrown) {
    const { code, message } = toFault(thrown);
    // Nothing was made, and what is wrong with the state folder itself is the first thing to hear.
    if (existsSync(join(home, BACKUP_NAME)))
      leavePending(home, {
        ...note,
        what: "backup.failed",
        atMs: systemClock.wallMs(),
        target: "-",
        result: "failed",
        data: { code, message: message.slice(0, 1_000), scheduled: false },
      });
    throw thrown;
  }
}

function asJson({ note, files, bytes, written, left, removed }: Created): object {
  return {
    number: note.number,
    time: note.time,
    root: note.root,
    files,
    bytes,
    written,
    kept: note.kept,
    removed,
    left,
  };
}

function drawCreated(io: Io, { note, files, bytes, written, left, removed }: Created, ms: number): void {
  io.out(
    `backup ${note.number}: ${plural(files, "file")}, ${byteText(bytes)}, of which ${byteText(written)} had to be written (${(ms / 1000).toFixed(1)} s)`,
  );
  if (removed.length > 0) io.err(`not kept any longer: ${removed.join(", ")}`);
  for (const { path, says } of left.slice(0, 20))
    io.err(paint(io, "yellow", `not saved: ${oneLine(path, 200)}: ${says}`));
  if (left.length > 20) io.err(`and ${left.length - 20} more`);
  if (note.number === 1)
    io.err(
      "hint: copy `backup/key.pub` and `backup/checkpoint` of the state folder to another machine; try it out: `vambrace backup drill`",
    );
}

export const backupList: Command = {
  name: "backup list",
  words: 0,
  summary: "the backups that are there, and when one was last tried",
  usage: "vambrace backup list [--from DIR] [--json]",
  example: "vambrace backup list",
  options: { ...FROM, ...JSON_OPTION },
  help: { ...FROM_HELP, json: "one a line as JSON" },
  async run(_args, flags, io) {
    const home = stateFolder(io.env);
    const { kept, notes } = await listBackups(depotOf(home, io.env, fromOf(flags)));
    if (flagOn(flags, "json"))
      for (const { number, time, root } of kept) io.out(JSON.stringify({ number, time, root }));
    else {
      io.out(table(kept.map(({ number, time, root }) => [String(number), time, root.slice(0, 16)])));
      io.err(`${kept.length} of ${plural(notes.length, "backup")} ever made; ${drillText(home)}`);
    }
    return 0;
  },
};

function drillText(home: string): string {
  const last = lastDrill(home);
  if (last === undefined) return "none was ever tried: `vambrace backup drill`";
  return `the last drill was ${last.time.slice(0, 10)}, of backup ${last.number}${last.ok ? "" : ", and it FAILED"}`;
}

export const backupVerify: Command = {
  name: "backup verify",
  words: 0,
  summary: "read every byte of the backups and say what was changed, is missing or was put back",
  usage:
    "vambrace backup verify [--from DIR] [--identity FILE|--passphrase-file FILE] [--key K] [--checkpoint FILE] [--json]",
  example: "vambrace backup verify --key keep/key.pub --checkpoint keep/checkpoint",
  options: { ...FROM, ...UNLOCK_OPTIONS, ...KEPT, ...JSON_OPTION },
  help: { ...FROM_HELP, ...UNLOCK_HELP, ...KEPT_HELP, json: "print the report as JSON" },
  async run(_args, flags, io) {
    const home = stateFolder(io.env);
    const unlock = await unlockOf(io, flags);
    const kept = { ...keptOr(flags, home), ...(unlock === undefined ? {} : { unlock }) };
    const report = await during(io, "reading every byte", () =>
      verifyBackups(depotOf(home, io.env, fromOf(flags)), kept),
    );
    if (flagOn(flags, "json")) io.out(JSON.stringify(report));
    else drawReport(io, report);
    return report.consistent && report.intact !== false ? 0 : 4;
  },
};

function drawReport(io: Io, report: BackupReport): void {
  const verdict = !report.consistent
    ? "ALTERED"
    : report.intact === null
      ? "consistent"
      : report.intact
        ? "intact"
        : "NOT INTACT";
  io.out(
    `${verdict}: ${plural(report.kept.length, "backup")} (${report.kept.join(", ")}), ${plural(report.files, "file")} read, ${byteText(report.bytes)}`,
  );
  if (report.opened) io.out(`contents: ${plural(report.entries, "file")} put together and compared`);
  for (const problem of report.problems) io.err(`problem: ${oneLine(problem, 400)}`);
  if (report.strays > 0)
    io.err(`${plural(report.strays, "file")} that no backup needs: one did not end; the next clears it away`);
  if (!report.opened) io.err("hint: without --identity or --passphrase-file the contents were not opened");
  if (report.intact === null)
    io.err(
      "hint: a folder alone cannot show that an older state was put back: give --key and a --checkpoint that you kept elsewhere",
    );
}

export function fromOf(flags: Flags): string | undefined {
  const from = flagText(flags, "from");
  return from === undefined ? undefined : resolve(from);
}

export function keptOf(flags: Flags): { readonly publicKey?: string; readonly checkpoint?: string } {
  const key = flagText(flags, "key");
  const checkpoint = flagText(flags, "checkpoint");
  return {
    ...(key === undefined ? {} : { publicKey: key.includes("+") && !existsSync(key) ? key : readKept(key) }),
    ...(checkpoint === undefined ? {} : { checkpoint: readKept(checkpoint) }),
  };
}

/** What the machine that made them remembers counts as kept elsewhere: it is not in the folder. */
export function keptOr(flags: Flags, home: string): { readonly publicKey?: string; readonly checkpoint?: string } {
  const own = { key: join(home, BACKUP_NAME, "key.pub"), checkpoint: checkpointFile(home) };
  const here = flagText(flags, "from") === undefined && existsSync(own.key) && existsSync(own.checkpoint);
  return {
    ...(here ? { publicKey: readPlainText(own.key), checkpoint: readPlainText(own.checkpoint) } : {}),
    ...keptOf(flags),
  };
}

function readKept(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new Fault("COMMAND_USAGE", {
      message: `cannot read \`${path.slice(0, 200)}\``,
      hint: "name a file that exists",
      cause,
    });
  }
}

export function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
