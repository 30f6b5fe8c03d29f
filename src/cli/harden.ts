/** `vambrace harden`: mends what the audit found, and takes it back. @module */
import { hardenPorts, hardenRecords } from "../app/audit/hardening.ts";
import { writeHostFiles } from "../app/audit/host-files.ts";
import { Fault } from "../core/fault.ts";
import { undoHardening } from "../ops/harden/apply.ts";
import { drawReport, summaryLine } from "./audit/draw.ts";
import { leave, mendFindings, partsOf } from "./audit/mend.ts";
import { auditHere, type Place, placeOf, recordAudit } from "./audit/run.ts";
import { type Command, flagOn, flagText, type Io } from "./command.ts";
import { oneLine } from "./style.ts";

export const hardenCommand: Command = {
  name: "harden",
  words: 0,
  summary: "mend what the audit found and a program can mend; shown first, undone with --undo",
  usage: "vambrace harden [--yes|--dry-run] [--undo] [--host DIR] [--home DIR]",
  example: "vambrace harden --dry-run",
  options: {
    yes: { type: "boolean", default: false },
    "dry-run": { type: "boolean", default: false },
    undo: { type: "boolean", default: false },
    host: { type: "string" },
    home: { type: "string" },
  },
  help: {
    yes: "do not ask",
    "dry-run": "show what would be done, and do nothing",
    undo: "take the last hardening back, as far as nobody changed anything since",
    host: "write rules for firewall, fail2ban, auditd, sysctl and systemd into a new folder, for review; nothing is applied",
    home: "the folder that contains `.vambrace`; your own unless said",
  },
  async run(_args, flags, io) {
    const place = placeOf(io, flagText(flags, "home"));
    const host = flagText(flags, "host");
    if (host !== undefined) {
      for (const name of writeHostFiles(host, place)) io.out(`${host}/${name}`);
      io.err("nothing was applied: read README.md there first");
      return 0;
    }
    if (flagOn(flags, "undo")) return undo(io, place);
    const first = await auditHere(io, place, "usual");
    const options = { yes: flagOn(flags, "yes"), dry: flagOn(flags, "dry-run") };
    const done = await mendFindings(io, place, first.report, options);
    if (done === null) return 0;
    const again = await auditHere(io, place, "usual");
    const unkept = recordAudit(place.home, again, "harden");
    if (unkept !== undefined) io.err(`what was found afterwards was not recorded: ${unkept}`);
    const left = again.report.open.filter(({ id }) => done.findings.includes(id));
    if (left.length > 0) drawReport(io, { ...again.report, open: left, accepted: [], difference: null });
    io.err(summaryLine(again.report));
    return left.length === 0 ? 0 : 1;
  },
};

async function undo(io: Io, place: Place): Promise<number> {
  const record = hardenRecords(place.home).find(({ state }) => state !== "undone");
  if (record === undefined) {
    throw new Fault("COMMAND_USAGE", {
      message: "there is no hardening to take back",
      hint: "`vambrace harden` makes one",
    });
  }
  const left = await undoHardening(record, hardenPorts(partsOf(place)));
  leave(place, record, "harden.undone");
  for (const path of left) io.err(`left as it is, because it was changed since: ${oneLine(path, 300)}`);
  io.err(`hardening ${record.number} of ${new Date(record.atMs).toISOString()} is taken back`);
  if (record.config !== null) io.err("a running gateway takes the configuration at its next start");
  return left.length === 0 ? 0 : 1;
}
