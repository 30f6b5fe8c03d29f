/** `vambrace incident timeline`. @module */
import { stateFolder } from "../app/config/environment.ts";
import { homeAt } from "../app/home.ts";
import { loadCase } from "../app/incidents/cases.ts";
import { plural } from "../core/plural.ts";
import { collect, rowOf, writeRow } from "../ops/incident/timeline.ts";
import { type Command, flagOn, flagText } from "./command.ts";
import { usage } from "./incident.ts";
import { whichIncident } from "./which-incident.ts";

const INDEX = /^[0-9]{1,15}$/;

export const incidentTimeline: Command = {
  name: "incident timeline",
  words: 1,
  summary: "what happened, in order, from the ledger as it is now",
  usage: "vambrace incident timeline [ID] [--before INDEX] [--json]",
  example: "vambrace incident timeline | less   # the only one that is open; else say its id",
  options: { before: { type: "string" }, json: { type: "boolean", default: false } },
  help: {
    before: "only records with a lower index than this: what did not fit the last time",
    json: "one row a line as JSON",
  },
  async run([named], flags, io) {
    const home = homeAt(stateFolder(io.env));
    const id = whichIncident(io, named);
    const { session, sinceMs } = loadCase(home.root, id);
    const before = flagText(flags, "before");
    if (before !== undefined && !INDEX.test(before))
      throw usage(`\`${before.slice(0, 20)}\` is no index`, incidentTimeline);
    const about = { session, sinceMs, ...(before === undefined ? {} : { before: Number(before) }) };
    const { entries, left } = await collect(home.ledger, about);
    const isJson = flagOn(flags, "json");
    const older = olderThan(id, entries[0]?.index, left);
    // A pager hides what is said beside it: there it stands where the older ones would.
    const isPaged = !isJson && !io.isTerminal;
    if (isPaged) for (const line of older) io.out(line);
    for (const entry of entries) io.out(isJson ? JSON.stringify(rowOf(entry)) : writeRow(rowOf(entry)));
    if (!isPaged) for (const line of older) io.err(line);
    return 0;
  },
};

function olderThan(id: string, index: number | undefined, left: number): readonly string[] {
  if (left === 0 || index === undefined) return [];
  return [`${plural(left, "older record")}: vambrace incident timeline ${id} --before ${index}`];
}
