/** `vambrace prove flow`: what a hijacked model could reach with this very configuration. @module */
import { plural } from "../core/plural.ts";
import { playConfig } from "../app/reach.ts";
import type { Verdict } from "../core/decision.ts";
import { isFinding, type Played, type Reach, type ReachCell, reachOf } from "../steps/judge/reach.ts";
import { type Command, flagOn, type Flags, flagText, type Io } from "./command.ts";
import { groundOf } from "./judging.ts";
import { during } from "./progress.ts";
import { oneLine, paint } from "./style.ts";

export const proveFlow: Command = {
  name: "prove flow",
  words: 0,
  summary: "what a hijacked model could reach by this configuration; asks the judge, and does nothing",
  usage: "vambrace prove flow [--channel C] [--config FILE] [--json]",
  example: "vambrace prove flow   # exit 3 where something leaves, is paid or stays behind without a yes",
  options: { channel: { type: "string" }, config: { type: "string" }, json: { type: "boolean", default: false } },
  help: {
    channel: "this channel only; else each one that is on",
    config: "judge by this configuration file instead",
    json: 'print {"cells":[…],"reach":{…},"asked":N,"refused":[…],"unplayed":[…]} as JSON',
  },
  async run(_args, flags, io) {
    const played = await during(io, "asking the judge", () => play(io, flags));
    const reach = reachOf(played.cells);
    if (flagOn(flags, "json")) {
      io.out(JSON.stringify({ cells: played.cells, reach, asked: played.cells.length, ...holes(played) }));
    } else if (played.cells.length > 0) {
      printReach(io, played, reach);
    }
    // A checker that asked nothing, or left a tool out, has shown nothing.
    if (played.cells.length === 0 || played.unplayed.length > 0) {
      io.err(`error: not everything was tried: ${played.unplayed.join(", ") || "there was nothing to ask"}`);
      io.err("hint: name a channel that is on, or none");
      return 4;
    }
    return isFinding(reach) ? 3 : 0;
  },
};

const holes = ({ refused, unplayed }: Played): Pick<Played, "refused" | "unplayed"> => ({ refused, unplayed });

async function play(io: Io, flags: Flags): Promise<Played> {
  const { loaded, policies } = groundOf(io, flags);
  const only = flagText(flags, "channel");
  return playConfig({ loaded, policies, ...(only === undefined ? {} : { channel: only }) });
}

const HEADINGS: readonly (readonly [Verdict, string, "red" | "yellow" | "green"])[] = [
  ["allow", "without a person it can", "red"],
  ["ask", "it can ask for", "yellow"],
  ["deny", "never", "green"],
];

function printReach(io: Io, { cells, refused }: Played, reach: Reach): void {
  io.out(paint(io, "bold", sentence(reach)));
  const doors = Map.groupBy(cells, ({ agent, channel, person }) => `${channel}, ${person} (agent ${agent})`);
  const told = [...doors].map(([door, its]) => ({ door, says: verdictLines(io, laxest(its)) }));
  for (const [says, alike] of Map.groupBy(told, (one) => one.says)) {
    io.out("");
    io.out(paint(io, "bold", oneLine(alike.map(({ door }) => door).join("; "), 2000)));
    io.out(says);
  }
  io.out("");
  for (const one of refused) io.err(`not tried, the tool itself refuses it: ${oneLine(one, 300)}`);
  io.err(
    `${plural(cells.length, "call")} put to the judge. A bound by kind of destination: nobody had named anything, and a stranger's text was read.`,
  );
}

const STRICTNESS: Readonly<Record<Verdict, number>> = { allow: 0, ask: 1, deny: 2 };

/** Each call once, as the laxer of the conversations has it. */
function laxest(cells: readonly ReachCell[]): readonly ReachCell[] {
  const found = new Map<string, ReachCell>();
  for (const cell of cells) {
    const key = JSON.stringify([cell.tool, cell.destination, cell.example]);
    const other = found.get(key);
    if (other === undefined || STRICTNESS[cell.verdict] < STRICTNESS[other.verdict]) found.set(key, cell);
  }
  return [...found.values()];
}

function verdictLines(io: Io, all: readonly ReachCell[]): string {
  return HEADINGS.flatMap(([verdict, heading, colour]) => {
    const lines = toolLines(verdict, all);
    return [`  ${paint(io, colour, heading)}:${lines.length === 0 ? " nothing" : ""}`, ...lines];
  }).join("\n");
}

function toolLines(verdict: Verdict, all: readonly ReachCell[]): readonly string[] {
  return [...Map.groupBy(all, (cell) => cell.tool)].flatMap(([tool, its]) => {
    const same = its.filter((cell) => cell.verdict === verdict);
    if (same.length === 0) return [];
    const destinations = [...new Set(same.map(({ destination }) => destination))].join("; ");
    return `    ${oneLine(tool, 60)}: ${same.length === its.length ? "whatever it names" : oneLine(destinations, 2000)}`;
  });
}

/** The one line that a person reads first. */
function sentence(reach: Reach): string {
  const did = (access: string): readonly string[] =>
    reach.files.filter((file) => file.startsWith(`${access} `)).map((file) => file.slice(access.length + 1));
  const parts = [
    ["read", did("read")],
    ["write", did("write")],
    ["delete", did("delete")],
    ["reach the hosts", reach.hosts],
    ["send to", reach.recipients],
    ["pay by", reach.money],
    ["leave behind", reach.lasting],
    ["act elsewhere by", reach.elsewhere],
  ] as const;
  const can = parts.filter(([, what]) => what.length > 0).map(([verb, what]) => `${verb} ${what.join(", ")}`);
  const sent = isFinding(reach)
    ? ""
    : " It could send nothing to anybody but the asker, pay nothing, and leave nothing behind.";
  return oneLine(
    `If the model obeyed a stranger now, without anybody saying yes it could: ${can.join("; ") || "do nothing"}.${sent}`,
    4000,
  );
}
