/** `vambrace incident open`, `list`, `show`, `timeline`, `bundle`, `verify`. @module */
import { plural } from "../core/plural.ts";
import { existsSync, readFileSync } from "node:fs";
import { durable } from "../app/config/durable.ts";
import { stateFolder } from "../app/config/environment.ts";
import { loadConfig } from "../app/config/load.ts";
import { homeAt } from "../app/home.ts";
import { allCases, loadCase } from "../app/incidents/cases.ts";
import { keptOf } from "../app/incidents/steps.ts";
import { bundleAgain, type IncidentParts, type Opened, openIncident } from "../app/incidents/open.ts";
import { systemClock, systemRandom } from "../app/system.ts";
import { Fault, toFault } from "../core/fault.ts";
import { parseId } from "../core/ids.ts";
import { eachEntry } from "../ledger/search.ts";
import { type Case, openItems } from "../ops/incident/case.ts";
import { COUNTS, type Counts, keptWords } from "../ops/incident/counts.ts";
import { KIN } from "../ops/incident/facts.ts";
import { someOf } from "../ops/incident/fair.ts";
import { NOT_KEPT } from "../ops/incident/manifest.ts";
import type { Reach } from "../ops/incident/reach.ts";
import { verifyBundle } from "../ops/incident/verify.ts";
import { type Command, flagOn, flagText, type Io } from "./command.ts";
import { reachGateway } from "./incident-gateway.ts";
import { oneLine, paint, table } from "./style.ts";
import { agoOrTime } from "./when.ts";
import { newestBundle, whichIncident } from "./which-incident.ts";

export async function incidentParts(io: Io): Promise<IncidentParts> {
  const home = homeAt(stateFolder(io.env));
  const tell = (line: string): void => io.err(line);
  return {
    home,
    files: durable,
    loaded: configNow(io),
    env: io.env,
    clock: systemClock,
    random: systemRandom,
    gateway: await reachGateway(io, home),
    tell,
  };
}

/** An incident is opened also where the configuration is what is broken. */
function configNow(io: Io): IncidentParts["loaded"] {
  try {
    return loadConfig({ home: homeAt(stateFolder(io.env)).root, env: io.env });
  } catch (thrown) {
    io.err(`the configuration cannot be read (${toFault(thrown).message})`);
    return undefined;
  }
}

export const incidentOpen: Command = {
  name: "incident open",
  words: 0,
  summary: "contain, end access, keep sealed evidence, list what was touched and who was reached",
  usage: "vambrace incident open --reason TEXT [--session S|--call C] [--since TIME] [--no-workspace] [--json]",
  example:
    'vambrace incident open --session ses_0123456789abcdefghjkmnpqrs --reason "it wanted /etc/shadow after reading a page"',
  options: {
    reason: { type: "string" },
    session: { type: "string" },
    call: { type: "string" },
    since: { type: "string" },
    "no-workspace": { type: "boolean", default: false },
    json: { type: "boolean", default: false },
  },
  help: {
    reason: "why you open it; stands in the ledger and in the review",
    session: "only this session and those that it spawned are frozen; without it everything is stopped",
    call: "the session of this call",
    since: "where the timeline begins: `24h` (unless said), `7d`, or a time",
    "no-workspace": "keep no copy of the workspaces, which may be large",
    json: "print the case and where its bundle is as JSON",
  },
  async run(_args, flags, io) {
    const reason = flagText(flags, "reason");
    if (reason === undefined) throw usage("say why", incidentOpen);
    // What is no id names nothing that could be contained: that is said before anything is done.
    const named = flagText(flags, "session");
    const chosen = named === undefined ? null : parseId("ses", named);
    const parts = await incidentParts(io);
    const call = flagText(flags, "call") ?? null;
    const session = call === null ? chosen : await sessionOf(parts.home.ledger, call);
    const sinceMs = agoOrTime(flagText(flags, "since") ?? "24h", systemClock.wallMs());
    const opened = await openIncident(parts, {
      session,
      call,
      reason,
      sinceMs,
      withoutWorkspace: flagOn(flags, "no-workspace"),
    });
    const { one, bundle, rotate, failed } = opened;
    if (flagOn(flags, "json")) io.out(JSON.stringify({ case: one, bundle: bundle?.folder ?? null, rotate, failed }));
    else drawOpened(io, opened);
    return failed.length === 0 ? 0 : 1;
  },
};

function drawOpened(io: Io, { one, counts, reach, rotate, bundle, failed }: Opened): void {
  io.out(one.id);
  const byHand = rotate.filter((each) => each.state === "by hand").map((each) => each.name);
  const influences = reach.influences.slice(0, 3).map((text) => `${text.kind} ${text.id} (trust ${text.trust})`);
  const reached = [...someReached(reach, "recipients"), ...someReached(reach, "hosts")];
  const many = (list: "files" | "commands" | "lasting", thing: string): string =>
    `${plural(reach[list].length, thing)}${reach.more[list] === undefined ? "" : " and more"}`;
  const touched = [many("files", "file"), many("commands", "command"), `${many("lasting", "thing")} that stay`];
  io.out(
    table([
      ["evidence", bundle === undefined ? "none was kept" : `${bundle.folder}, ${keptWords(counts)}`],
      ["reach", `of ${plural(reach.records, "record")}`],
      ["led by", oneLine(influences.join("; ") || "nothing", 160)],
      ["reached", oneLine(reached.join(", ") || "nobody", 160)],
      ["touched", touched.join(", ")],
      ["rotate", `${byHand.length} by hand: ${oneLine(byHand.join(", ") || "nothing", 120)}`],
    ]),
  );
  drawLeft(io, { bundle, failed });
  io.err(
    failed.length > 0
      ? `next: mend what was not done, then: vambrace incident bundle ${one.id}`
      : `next: read ${bundle?.folder ?? ""}/review.md, copy the bundle elsewhere, then: vambrace incident show ${one.id}`,
  );
}

/** Some, so that many of one kind hide no other, and how many more. */
function someReached(reach: Reach, of: "recipients" | "hosts"): readonly string[] {
  const list = reach[of];
  const kin = of === "hosts" ? KIN.host : KIN.person;
  const some = someOf(list, 3, ({ what }) => kin(what)).map(({ what }) => what);
  const others = list.length - some.length + (reach.more[of]?.things ?? 0);
  return others === 0 ? some : [...some, `and ${others} more ${of}`];
}

function drawLeft(io: Io, { bundle, failed }: Pick<Opened, "bundle" | "failed">): void {
  const leftOut = bundle?.leftOut.length ?? 0;
  if (leftOut > 0) io.err(`left out of the copies: ${plural(leftOut, "file")}; the lists in the bundle say why`);
  if (bundle !== undefined && bundle.manifest === null)
    io.err(paint(io, "red", "the bundle has no seal: what it holds may be read, and nothing of it is proved"));
  for (const line of failed) io.err(paint(io, "red", `not done: ${oneLine(line, 300)}`));
}

async function sessionOf(ledger: string, call: string): Promise<string> {
  for await (const entry of eachEntry(ledger, { call })) if (entry.session !== undefined) return entry.session;
  throw new Fault("CALL_UNKNOWN", {
    message: `the ledger knows no call \`${call.slice(0, 60)}\``,
    hint: "copy it from `vambrace log search`",
  });
}

export const incidentList: Command = {
  name: "incident list",
  words: 0,
  summary: "every incident, and what is left to do in those that are open",
  usage: "vambrace incident list [--json]",
  example: "vambrace incident list",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print the case files as JSON" },
  async run(_args, flags, io) {
    const { cases, unreadable } = allCases(homeAt(stateFolder(io.env)).root);
    if (flagOn(flags, "json")) io.out(JSON.stringify({ cases, unreadable }));
    else if (cases.length > 0)
      io.out(
        table(
          cases.map((one) => [one.id, one.state, one.session ?? "everything", leftOf(one), oneLine(one.reason, 60)]),
        ),
      );
    if (cases.length === 0 && unreadable.length === 0) io.err("there was none");
    for (const id of unreadable) io.err(paint(io, "red", `${id}: its case file cannot be read; it counts as open`));
    return 0;
  },
};

function leftOf(one: Case): string {
  if (one.state === "closed") return "done";
  return one.cause === null ? "no cause recorded" : `${plural(openItems(one).length, "item")} left`;
}

export const incidentShow: Command = {
  name: "incident show",
  words: 1,
  summary: "one incident: its cause, checklist, what is brought back, and the next step",
  usage: "vambrace incident show [ID] [--json]",
  example: "vambrace incident show   # the only one that is open; else say its id",
  options: { json: { type: "boolean", default: false } },
  help: { json: "print the case file as JSON" },
  async run([id], flags, io) {
    const home = homeAt(stateFolder(io.env));
    const one = loadCase(home.root, whichIncident(io, id));
    if (flagOn(flags, "json")) io.out(JSON.stringify(one));
    else drawCase(io, one, keptOf(home.root, one));
    return 0;
  },
};

export function drawCase(io: Io, one: Case, kept?: Counts): void {
  const mark = (done: unknown, skipped?: unknown): string =>
    done !== null && done !== undefined ? "[x]" : skipped !== null && skipped !== undefined ? "[-]" : "[ ]";
  io.out(
    [
      `${one.id}  ${one.state}, about ${one.session ?? "everything"}: ${oneLine(one.reason, 120)}`,
      ...(kept === undefined ? [] : [`  the bundle holds ${keptWords(kept)}`]),
      `  ${mark(one.cause)} cause      ${one.cause === null ? "not recorded: nothing is brought back before" : oneLine(one.cause.note, 120)}`,
      ...one.checklist.map((item) => `  ${mark(item.done, item.skipped)} ${item.id.padEnd(10)} ${item.says}`),
      ...one.services.map((service) => `  ${mark(service.restored)} ${service.name.padEnd(10)} brought back`),
    ].join("\n"),
  );
  const [item] = openItems(one);
  const service = one.services.find((each) => each.restored === null);
  if (one.state === "closed") return;
  const next =
    one.cause === null
      ? `vambrace incident cause ${one.id} "WHAT HAPPENED, AND WHY IT COULD"`
      : item !== undefined
        ? `vambrace incident check ${one.id} ${item.id}`
        : service !== undefined
          ? `vambrace incident restore ${one.id} ${service.name}`
          : `vambrace incident close ${one.id}`;
  io.err(`next: ${next}`);
}

export const incidentBundle: Command = {
  name: "incident bundle",
  words: 1,
  summary: "keep the evidence as it is now, in a further bundle",
  usage: "vambrace incident bundle [ID] [--no-workspace]",
  example: "vambrace incident bundle   # the only one that is open; else say its id",
  options: { "no-workspace": { type: "boolean", default: false } },
  help: { "no-workspace": "keep no copy of the workspaces" },
  async run([named], flags, io) {
    const id = whichIncident(io, named);
    const parts = await incidentParts(io);
    const opened = await bundleAgain(parts, id, { withoutWorkspace: flagOn(flags, "no-workspace") });
    if (opened.bundle !== undefined) io.out(opened.bundle.folder);
    drawLeft(io, opened);
    if (opened.failed.length > 0) return 1;
    io.err(`${keptWords(opened.counts)}, with proofs; copy the folder to another machine`);
    return 0;
  },
};

export const incidentVerify: Command = {
  name: "incident verify",
  words: 1,
  summary: "check a bundle, on any machine, with the ledger's public key",
  usage: "vambrace incident verify [BUNDLE] --key PUBLIC [--json]",
  example: "vambrace incident verify ~/usb/bundle-1 --key ~/usb/key.pub",
  options: { key: { type: "string" }, json: { type: "boolean", default: false } },
  help: { key: "the ledger's public key, kept elsewhere, or a file that holds it", json: "print the report as JSON" },
  async run([named], flags, io) {
    const key = flagText(flags, "key");
    if (key === undefined) throw usage("say --key, one that was kept elsewhere", incidentVerify);
    const bundle = named ?? newestBundle(io);
    if (named === undefined) io.err(`its newest bundle: ${bundle}`);
    const report = await verifyBundle(bundle, key.includes("+") && !existsSync(key) ? key : readFileSync(key, "utf8"));
    if (flagOn(flags, "json")) io.out(JSON.stringify(report));
    else
      io.out(
        `${report.holds ? "holds" : "DOES NOT HOLD"}: ${plural(report.files, "file")}, ${plural(report.records, "record")} of a ledger of ${report.ledgerSize}`,
      );
    if (report.leftOut > 0)
      io.err(`${plural(report.leftOut, "record")} of the incident did not fit: see \`${COUNTS}\` in it`);
    if (report.notKept > 0)
      io.err(`${plural(report.notKept, "thing")} could not be kept when it was made: see \`${NOT_KEPT}\` in it`);
    if (report.problem !== undefined) io.err(`problem: ${report.problem}`);
    return report.holds ? 0 : 4;
  },
};

export function usage(message: string, command: Command): Fault {
  return new Fault("COMMAND_USAGE", { message, hint: `usage: ${command.usage}` });
}
