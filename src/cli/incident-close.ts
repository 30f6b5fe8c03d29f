/** `vambrace incident cause`, `check`, `restore`, `close`, `review`. @module */
import { stateFolder } from "../app/config/environment.ts";
import { durable } from "../app/config/durable.ts";
import { homeAt } from "../app/home.ts";
import { loadCase } from "../app/incidents/cases.ts";
import { keepReview, type StepParts, takeStep } from "../app/incidents/steps.ts";
import { systemClock } from "../app/system.ts";
import { type Case, closedCase, withCause, withItem, withService } from "../ops/incident/case.ts";
import { whyOf } from "../ops/incident/gather.ts";
import { type Command, flagOn, flagText, type Io } from "./command.ts";
import { drawCase, usage } from "./incident.ts";
import { paint } from "./style.ts";
import { incidentAndWords, whichIncident } from "./which-incident.ts";

function partsOf(io: Io): StepParts {
  return { home: homeAt(stateFolder(io.env)), files: durable, clock: systemClock };
}

export const incidentCause: Command = {
  name: "incident cause",
  words: Number.POSITIVE_INFINITY,
  summary: "record what happened and why it could; nothing is brought back before",
  usage: "vambrace incident cause [ID] TEXT",
  example:
    'vambrace incident cause "a page told the agent to read credentials; tools.fs.allowedPaths had the home folder"',
  options: {},
  help: {},
  async run(args, _flags, io) {
    if (args.length === 0) throw usage("say what happened, and why it could", incidentCause);
    const { id, words } = incidentAndWords(io, args, Number.POSITIVE_INFINITY);
    if (words.length === 0) throw usage("say what happened, and why it could", incidentCause);
    const note = words.join(" ");
    drawCase(
      io,
      takeStep(partsOf(io), id, "incident.cause", (one, said) => ({ one: withCause(one, said(note)), why: note })),
    );
    return 0;
  },
};

const WHICH_ITEM = "say which item; `vambrace incident show` lists them";

export const incidentCheck: Command = {
  name: "incident check",
  words: 2,
  summary: "tick an item of the checklist, or leave it out for a reason",
  usage: "vambrace incident check [ID] ITEM [--note TEXT] [--skip]",
  example: 'vambrace incident check rotate --note "new provider key, 23:40"',
  options: { note: { type: "string" }, skip: { type: "boolean", default: false } },
  help: { note: "what was done; with --skip the reason", skip: "it is left out" },
  async run(args, flags, io) {
    if (args.length === 0) throw usage(WHICH_ITEM, incidentCheck);
    const {
      id,
      words: [item],
    } = incidentAndWords(io, args, 1);
    if (item === undefined) throw usage(WHICH_ITEM, incidentCheck);
    const note = flagText(flags, "note") ?? "";
    const how = flagOn(flags, "skip") ? "skipped" : "done";
    drawCase(
      io,
      takeStep(partsOf(io), id, `incident.${how}`, (one, said) => ({
        one: withItem(one, item, how, said(note)),
        why: `${item}: ${note}`,
      })),
    );
    return 0;
  },
};

const WHICH_SERVICE = "say which service; `vambrace incident show` lists them";

export const incidentRestore: Command = {
  name: "incident restore",
  words: 2,
  summary: "bring one service back: terminal, webchat, api, schedules",
  usage: "vambrace incident restore [ID] SERVICE [--note TEXT]",
  example: "vambrace incident restore terminal",
  options: { note: { type: "string" } },
  help: { note: "what you looked at before" },
  async run(args, flags, io) {
    if (args.length === 0) throw usage(WHICH_SERVICE, incidentRestore);
    const {
      id,
      words: [service],
    } = incidentAndWords(io, args, 1);
    if (service === undefined) throw usage(WHICH_SERVICE, incidentRestore);
    const note = flagText(flags, "note") ?? "";
    drawCase(
      io,
      takeStep(partsOf(io), id, "incident.restored", (one, said) => ({
        one: withService(one, service, said(note)),
        why: `${service}: ${note}`,
      })),
    );
    io.err(
      "it counts within a second; where everything is still stopped: start the gateway again, then `vambrace resume`",
    );
    return 0;
  },
};

export const incidentClose: Command = {
  name: "incident close",
  words: 1,
  summary: "close it: refused without a cause, with anything left to do; 30 days of close watch begin",
  usage: "vambrace incident close [ID] [--note TEXT]",
  example: "vambrace incident close   # the only one that is open; else say its id",
  options: { note: { type: "string" } },
  help: { note: "a last word for the review" },
  async run([named], flags, io) {
    const id = whichIncident(io, named);
    const note = flagText(flags, "note") ?? "";
    const parts = partsOf(io);
    const one = takeStep(parts, id, "incident.closed", (before, said) => ({
      one: closedCase(before, said(note)),
      why: note,
    }));
    io.err(
      "closed; for 30 days whatever changes or leaves something is asked, and alerts come at half their thresholds",
    );
    return writeDown(io, parts, one);
  },
};

/** Closed it is, whatever becomes of the document. */
async function writeDown(io: Io, parts: StepParts, one: Case): Promise<number> {
  try {
    io.out(await keepReview(parts, one));
  } catch (thrown) {
    io.err(paint(io, "red", `the review was not written: ${whyOf(thrown)}`));
    io.err(`when that is mended: vambrace incident review ${one.id}`);
    return 1;
  }
  io.err("the review is written; its last section wants your answers");
  return 0;
}

export const incidentReview: Command = {
  name: "incident review",
  words: 1,
  summary: "write the review document (Markdown) as it stands now",
  usage: "vambrace incident review [ID]",
  example: "vambrace incident review   # the only one that is open; else say its id",
  options: {},
  help: {},
  async run([named], _flags, io) {
    const parts = partsOf(io);
    io.out(await keepReview(parts, loadCase(parts.home.root, whichIncident(io, named))));
    return 0;
  },
};
