/** Hardening from a terminal: shown, asked, done, looked at again. @module */
import { plural } from "../../core/plural.ts";
import { type HardenParts, hardenPorts, proposeHardening, type Proposal } from "../../app/audit/hardening.ts";
import { isSecretKey } from "../../app/config/secret-keys.ts";
import { leavePending } from "../../app/pending.ts";
import { systemClock } from "../../app/system.ts";
import { Fault } from "../../core/fault.ts";
import { applyHardening, type HardenRecord } from "../../ops/harden/apply.ts";
import { diffLines } from "../../ops/harden/diff.ts";
import type { OpenFinding, Report } from "../../ops/audit/report.ts";
import { scanSecrets } from "../../steps/outbound/scan/scan.ts";
import type { Io } from "../command.ts";
import { oneLine, paint } from "../style.ts";
import { askYes } from "../typed.ts";
import type { Place } from "./run.ts";

export type MendOptions = { readonly yes: boolean; readonly dry: boolean };

export const partsOf = ({ env, home }: Place): HardenParts => ({ home, env, clock: systemClock });

/** @returns what was done; null: nothing was to be done, or the person said no. */
export async function mendFindings(
  io: Io,
  place: Place,
  report: Report,
  { yes, dry }: MendOptions,
): Promise<HardenRecord | null> {
  const parts = partsOf(place);
  const proposal = proposeHardening(parts, mendable(report));
  showProposal(io, place, proposal);
  if (proposal.configLeft !== null) {
    io.err(
      `the configuration is left as it is: a gateway would not start with the result (${oneLine(proposal.configLeft, 300)})`,
    );
    io.err("hint: mend that by hand (`vambrace config validate` names the line), then run it again");
  }
  const { planned } = proposal;
  if (planned.config === null && planned.modes.length === 0 && planned.away.length === 0) {
    io.err("nothing to mend");
    return null;
  }
  if (dry) return null;
  if (!yes && !(await agreed(io))) {
    io.err("nothing was changed");
    return null;
  }
  const record = await applyHardening(planned, hardenPorts(parts));
  leave(place, record, "harden.done");
  const count = planned.modes.length + planned.away.length + (planned.config === null ? 0 : 1);
  io.err(`done: ${plural(count, "change")}, hardening ${record.number}; \`vambrace harden --undo\` takes it back`);
  return record;
}

/** An info is nothing that a person has to have mended. */
function mendable({ open }: Report): readonly OpenFinding[] {
  return open.filter(({ severity, mends }) => severity !== "info" && mends.length > 0);
}

export function leave({ home }: Place, record: HardenRecord, what: "harden.done" | "harden.undone"): void {
  leavePending(home.root, {
    kind: "harden",
    who: "owner",
    why: what,
    atMs: systemClock.wallMs(),
    data: {
      number: record.number,
      findings: record.findings.slice(0, 200),
      modes: record.modes.slice(0, 200).map(({ path, before, after }) => `${path} ${octal(before)} ${octal(after)}`),
      away: record.away.map(({ path }) => path),
      config: record.config !== null,
    },
  });
}

const octal = (mode: number): string => mode.toString(8).padStart(4, "0");

function showProposal(io: Io, { home }: Place, { planned }: Proposal): void {
  if (planned.config !== null) {
    io.out(paint(io, "bold", home.config));
    for (const line of diffLines(planned.config.before, planned.config.after)) {
      if (line === null) io.out(paint(io, "gray", "  …"));
      else
        io.out(
          paint(
            io,
            line.sign === "+" ? "green" : line.sign === "-" ? "red" : "gray",
            `${line.sign} ${masked(line.text)}`,
          ),
        );
    }
  }
  for (const { path, before, after } of planned.modes)
    io.out(`mode ${octal(before)} -> ${octal(after)}  ${oneLine(path, 300)}`);
  for (const { path } of planned.away) io.out(`move away  ${oneLine(path, 300)}`);
}

/** A secret that is taken out of the file is not shown on the screen on its way. */
export function masked(line: string): string {
  const [, head, name] = /^(.*?([A-Za-z_-]+)["']?\s*:\s*)\S/.exec(line) ?? [];
  if (head !== undefined && name !== undefined && isSecretKey(name) && !/:\s*["']?\$\{/.test(line)) return `${head}…`;
  let text = line;
  for (const { start, end } of [...scanSecrets(line)].reverse()) text = `${text.slice(0, start)}…${text.slice(end)}`;
  return oneLine(text, 300).padStart(0) === text.trim() ? text : oneLine(text, 300);
}

async function agreed(io: Io): Promise<boolean> {
  if (!io.isTerminal) {
    throw new Fault("COMMAND_USAGE", {
      message: "there is no terminal to ask in",
      hint: "look at what would be done, then say --yes",
    });
  }
  return askYes(io, "do this? [y/N] ");
}
